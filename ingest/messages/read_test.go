package messages

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var wall = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

// plain is the mapping of flipmeter's own form.
func plain(change func(*Mapping)) Mapping {
	m := Mapping{
		Track: "track", Label: "label", Score: "score", Seq: "seq", Time: "time", Top: "top", TopLabel: "label", TopScore: "score", MaxSkew: time.Minute,
	}
	if change != nil {
		change(&m)
	}
	return m
}

// read gives what comes of a message, in words.
func read(t *testing.T, cfg Mapping, m *Message) (out []string) {
	t.Helper()
	mapper, err := NewMapper(cfg)
	if err != nil {
		t.Fatal(err)
	}
	mapper.Read(m, wall, func(o Outcome, r *Reading) {
		text := string(o)
		if r != nil {
			text += fmt.Sprintf(" %s/%s %v", r.Track, r.Label, r.Score)
			if r.HasSeq {
				text += " #" + strconv.FormatUint(r.Seq, 10)
			}
			if !r.At.IsZero() {
				text += " " + r.At.Sub(wall).String()
			}
			for _, c := range r.Top {
				text += fmt.Sprintf(" %s=%v", c.Label, c.Score)
			}
		}
		out = append(out, text)
	})
	return out
}

func TestMapping(t *testing.T) {
	for _, c := range []struct {
		name    string
		mapping Mapping
		topic   string
		payload string
		want    string
	}{
		{"all", plain(nil), "", `{"track":7,"label":"car","score":0.25,"seq":3,"time":"2026-05-04T03:02:02Z"}`, "accepted 7/car 0.25 #3 1s"},
		{"seconds", plain(nil), "", `{"label":"car","time":1777863722.5}`, "accepted /car NaN 1.5s"},
		{"milliseconds", plain(nil), "", `{"label":"car","time":"1777863722500"}`, "accepted /car NaN 1.5s"},
		{"microseconds", plain(nil), "", `{"label":"car","time":1777863722500000}`, "accepted /car NaN 1.5s"},
		{"nanoseconds", plain(nil), "", `{"label":"car","time":1777863722500000000}`, "accepted /car NaN 1.5s"},
		{"bare", plain(func(m *Mapping) { m.Label = "payload" }), "", " person\n", "accepted /person NaN"},
		{"topic", plain(func(m *Mapping) { m.Label, m.Track = "topic:3", "topic:2" }), "a/b/c", "", "accepted b/c NaN"},
		{"candidates", plain(func(m *Mapping) { m.Label = "" }), "", `{"top":[{"label":"b","score":0.2},{"label":"a","score":0.7}]}`, "accepted /a 0.7 a=0.7 b=0.2"},
		{"an object of scores", plain(nil), "", `{"label":"b","top":{"a":0.5,"b":0.5}}`, "accepted /b 0.5 b=0.5 a=0.5"},
		{"pairs", plain(func(m *Mapping) { m.TopLabel, m.TopScore = "[0]", "[1]" }), "", `{"top":[["x",1],["y",0]]}`, "accepted /x 1 x=1 y=0"},
		{"percents", plain(func(m *Mapping) { m.ScoreMax = 100 }), "", `{"label":"x","score":"87.5"}`, "accepted /x 0.875"},
		{"none", plain(func(m *Mapping) { m.None = []string{"unavailable"} }), "", `{"label":"unavailable","score":1}`, "accepted / NaN"},
		{"null", plain(nil), "", `{"label":null}`, "accepted / NaN"},
		{"numbers are names", plain(nil), "", `{"label":12}`, "accepted /12 NaN"},
		{"truth values are names", plain(nil), "", `{"label":true}`, "accepted /true NaN"},
		{"other camera", plain(func(m *Mapping) { m.Camera, m.CameraIs = "cam", "a" }), "", `{"cam":"b","label":"x"}`, "other_camera"},
		{"left out", plain(func(m *Mapping) { m.Only = []string{"type!=end", "ok=true"} }), "", `{"type":"new","ok":false,"label":"x"}`, "skipped"},
		{"met", plain(func(m *Mapping) { m.Only = []string{"type!=end", "ok=true"} }), "", `{"type":"new","ok":true,"label":"x"}`, "accepted /x NaN"},
		{"there", plain(func(m *Mapping) { m.Only = []string{"sub[0]"} }), "", `{"sub":["x",1],"label":"x"}`, "accepted /x NaN"},
		{"not there", plain(func(m *Mapping) { m.Only = []string{"sub[0]"} }), "", `{"sub":null,"label":"x"}`, "skipped"},
		{"ended", plain(func(m *Mapping) { m.End = "type=end" }), "", `{"type":"end","track":"t"}`, "ended t/ NaN"},
		{"each", plain(func(m *Mapping) { m.Each, m.Seq, m.Track = "objects", "$.frame", "id" }), "", `{"frame":4,"objects":[{"id":1,"label":"a"},{"id":2,"label":3},{"id":3}]}`, "accepted 1/a NaN #4|accepted 2/3 NaN #4|malformed"},
		{"each of nothing", plain(func(m *Mapping) { m.Each = "objects" }), "", `{"objects":[]}`, ""},
		{"no list", plain(func(m *Mapping) { m.Each = "objects" }), "", `{"objects":{}}`, "malformed"},
		{"no json", plain(nil), "", "car", "malformed"},
		{"two values", plain(nil), "", `{"label":"a"}{}`, "malformed"},
		{"no label", plain(nil), "", `{"score":1}`, "malformed"},
		{"a list as label", plain(nil), "", `{"label":["a"]}`, "wrong_type"},
		{"score too high", plain(nil), "", `{"label":"a","score":1.1}`, "wrong_type"},
		{"score below zero", plain(nil), "", `{"label":"a","score":-0.1}`, "wrong_type"},
		{"score of words", plain(nil), "", `{"label":"a","score":"NaN"}`, "wrong_type"},
		{"seq with a fraction", plain(nil), "", `{"label":"a","seq":1.5}`, "wrong_type"},
		{"no time", plain(nil), "", `{"label":"a","time":"soon"}`, "wrong_type"},
		{"too early", plain(nil), "", `{"label":"a","time":"2026-05-04T03:01:00Z"}`, "wrong_time"},
		{"too late", plain(nil), "", `{"label":"a","time":"2026-05-04T03:03:02Z"}`, "wrong_time"},
		{"centuries", plain(nil), "", `{"label":"a","time":1e300}`, "wrong_type"},
		{"a long name", plain(nil), "", `{"label":"` + strings.Repeat("x", 257) + `"}`, "wrong_type"},
		{"a control character", plain(nil), "", `{"label":"a\u001b[31m"}`, "wrong_type"},
		{"a control character in a track", plain(nil), "", `{"label":"a","track":"\n"}`, "wrong_type"},
		{"the label is none of the best", plain(nil), "", `{"label":"b","top":{"a":0.7,"b":0.2}}`, "wrong_type"},
		{"a candidate twice", plain(nil), "", `{"top":[{"label":"a","score":1},{"label":"a","score":0}]}`, "wrong_type"},
	} {
		got := strings.Join(read(t, c.mapping, &Message{Topic: c.topic, Payload: []byte(c.payload)}), "|")
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWrongMappings(t *testing.T) {
	_, err := NewMapper(Mapping{Label: "a..b", Score: "x[", Only: []string{"a=b", "=="}, End: "=x"})
	if err == nil {
		t.Fatal("it is taken")
	}
	for _, want := range []string{"label: ", "score: ", "only[1]: must name a value", "end: must name a value"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if _, err := NewMapper(Mapping{}); err == nil || !strings.HasPrefix(err.Error(), "label: ") {
		t.Errorf("without a label: %v", err)
	}
}

// A payload made of known values is read back as they are, however its keys
// are nested.
func TestMappingFindsWhatWasPutIn(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var prefix, open, closing string
		for range rng.IntN(4) {
			if key := "k" + strconv.Itoa(rng.IntN(9)); rng.IntN(2) == 0 {
				prefix += key + "."
				open += `{"` + key + `":`
				closing = "}" + closing
			} else {
				n := rng.IntN(3)
				prefix += key + "[" + strconv.Itoa(n) + "]."
				open += `{"` + key + `":[` + strings.Repeat("0,", n)
				closing = "]}" + closing
			}
		}
		want := Reading{Label: "l" + strconv.Itoa(rng.IntN(5)), Track: strconv.Itoa(rng.IntN(5)), Seq: rng.Uint64N(1 << 40), HasSeq: true, Score: float64(rng.IntN(1000)) / 1000}
		payload := open + fmt.Sprintf(`{"label":%q,"track":%q,"seq":%d,"score":%v}`, want.Label, want.Track, want.Seq, want.Score) + closing
		m, err := NewMapper(Mapping{Label: prefix + "label", Track: prefix + "track", Seq: prefix + "seq", Score: prefix + "score"})
		if err != nil {
			t.Fatal(err)
		}
		m.Read(&Message{Payload: []byte(payload)}, wall, func(o Outcome, got *Reading) {
			if o != Accepted || !reflect.DeepEqual(*got, want) {
				t.Fatalf("%s by %q: %s %+v, want %+v", payload, prefix, o, got, want)
			}
		})
	}
}

// Whatever a payload holds, what is accepted is within bounds.
func FuzzPayload(f *testing.F) {
	f.Add([]byte(`{"label":"car","score":0.5,"seq":3,"time":1777863721,"track":"a","top":{"car":0.5,"bus":0.2}}`), "a/b")
	f.Add([]byte(`{"objects":["7|1|car"],"label":"x"}`), "")
	f.Add([]byte("bare"), "x")
	mappings := []Mapping{
		plain(nil), plain(func(m *Mapping) { m.Label = "payload" }), plain(func(m *Mapping) { m.Each, m.Label, m.Track = "objects", "|2", "|0" }),
		plain(func(m *Mapping) { m.Label, m.End, m.Camera, m.CameraIs = "topic:2", "track=a", "label", "car" }),
	}
	f.Fuzz(func(t *testing.T, payload []byte, topic string) {
		for _, cfg := range mappings {
			m, err := NewMapper(cfg)
			if err != nil {
				t.Fatal(err)
			}
			m.Read(&Message{Topic: topic, Payload: payload}, wall, func(o Outcome, r *Reading) {
				if !slices.Contains(Outcomes(), o) {
					t.Fatalf("outcome %q", o)
				}
				if (o == Accepted || o == Ended) != (r != nil) {
					t.Fatalf("%s with %v", o, r)
				}
				if r == nil {
					return
				}
				if !printable(r.Label) || !printable(r.Track) || r.Score < 0 || r.Score > 1 {
					t.Fatalf("accepted %+v", r)
				}
				if d := r.At.Sub(wall); !r.At.IsZero() && (d > time.Minute || d < -time.Minute) {
					t.Fatalf("accepted a time %v away", d)
				}
				if len(r.Top) > 0 && (r.Top[0].Label != r.Label || r.Top[0].Score != r.Score) {
					t.Fatalf("the best is %v, the label %s", r.Top[0], r.Label)
				}
				for i := range r.Top {
					if i > 0 && r.Top[i].Score > r.Top[i-1].Score || math.IsNaN(r.Top[i].Score) {
						t.Fatalf("candidates out of order: %v", r.Top)
					}
				}
			})
		}
	})
}
