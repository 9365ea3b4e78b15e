package bus

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/event"
)

func TestObservationsAreWrittenAsJSONMarshalWould(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	words := []string{"", "gate", "tench, Tinca tinca", `a "b" \ c`, "<b>&amp;</b>", "Köln", "line\u2028break", "\x01\x7f\xff", "日本"}
	word := func() string { return words[rng.IntN(len(words))] }
	flag := func() bool { return rng.IntN(2) == 0 }
	number := func() float64 {
		switch rng.IntN(6) {
		case 0:
			return math.NaN()
		case 1:
			return math.Inf(1)
		case 2:
			return float64(rng.IntN(3))
		case 3:
			return rng.ExpFloat64() * 1e-9
		case 4:
			return rng.NormFloat64() * 1e22
		}
		return rng.Float64()
	}
	label := func() Label { return Label{Index: rng.Int32() - 1<<30, Label: word(), Score: Score(number())} }
	for range 2000 {
		o := &Observation{
			Envelope: Envelope{
				Schema: word(), ID: word(), Revision: rng.IntN(9), Site: word(), Camera: word(), Track: word(),
				Epoch: rng.Uint64(), Seq: rng.Uint64(), PTSMs: Number(number()), Identity: word(),
				At: time.Unix(rng.Int64N(4e9), rng.Int64N(1e9)).In(time.FixedZone("", 60*(rng.IntN(1200)-600))),
			},
			Label: label(), Margin: Score(number()), PrevLabelScore: Score(number()), Top: []Label{},
			PTSEstimated: flag(), Repeat: flag(), Cut: flag(), Break: word(), Pair: flag(), Decided: flag(), Flip: flag(),
			ChangeMax: Number(number()),
		}
		for range rng.IntN(6) {
			o.Top = append(o.Top, label())
		}
		for range rng.IntN(3) {
			o.Traced = append(o.Traced, TracedClass{Label: word(), Score: Score(number())})
		}
		if flag() {
			still, change := flag(), rng.Int32()
			o.Still, o.Change = &still, &change
		}
		want, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if got := o.appendJSON(nil); string(got) != string(want) {
			t.Fatalf("wrote\n%s\nwant\n%s", got, want)
		}
	}
}

// What an observation costs as a message, its broker apart: one that is sent,
// after which its message is used again, and one that waits.
func BenchmarkEncodeObservation(b *testing.B) {
	for name, send := range map[string]func(*message) error{
		"sent":    func(m *message) error { m.release(); return nil },
		"waiting": func(*message) error { return nil },
	} {
		b.Run(name, func(b *testing.B) {
			e, ev := newEncoder(testStream(), false, &messagePool{}), &event.Event{Observation: observation(7)}
			b.ReportAllocs()
			for b.Loop() {
				if err := e.encode(ev, send); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
