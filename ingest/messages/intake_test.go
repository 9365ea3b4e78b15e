package messages

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// notes is a Sink that writes down what it is told.
type notes struct {
	lines    []string
	outcomes map[Outcome]int
	obs      map[string][]stability.Observation
	held     map[string][]bool
}

func newNotes() *notes {
	return &notes{outcomes: map[Outcome]int{}, obs: map[string][]stability.Observation{}, held: map[string][]bool{}}
}

func (n *notes) Observe(track string, o *stability.Observation, _ time.Time, held bool) {
	n.obs[track], n.held[track] = append(n.obs[track], *o), append(n.held[track], held)
	what := ""
	if held {
		what = " held"
	}
	n.lines = append(n.lines, fmt.Sprintf("%s e%d #%d %v l%d %s%s", track, o.Epoch, o.Seq, o.PTS, o.Label, o.Break, what))
}
func (n *notes) End(track string)  { n.lines = append(n.lines, track+" ends") }
func (n *notes) Message(o Outcome) { n.outcomes[o]++ }

// rig is an intake on a clock of its own.
type rig struct {
	t     *testing.T
	notes *notes
	in    *Intake
}

func newRig(t *testing.T, change func(*Config)) *rig {
	t.Helper()
	cfg := Config{Mapping: plain(nil)}
	if change != nil {
		change(&cfg)
	}
	r := &rig{t: t, notes: newNotes()}
	var err error
	if r.in, err = New(cfg, NewClasses(cfg.withDefaults(true).MaxLabels), wall, r.notes); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) say(at time.Duration, payload string) {
	r.in.Message(&Message{Payload: []byte(payload), Received: wall.Add(at)})
}

func (r *rig) want(lines ...string) {
	r.t.Helper()
	if got := strings.Join(r.notes.lines, "\n"); got != strings.Join(lines, "\n") {
		r.t.Errorf("got\n%s\nwant\n%s", got, strings.Join(lines, "\n"))
	}
	r.notes.lines = nil
}

func TestNumbersDecide(t *testing.T) {
	r := newRig(t, nil)
	for i, seq := range []int{5, 6, 6, 8, 9, 2, 3} {
		r.say(time.Duration(i)*time.Second, fmt.Sprintf(`{"label":"a","seq":%d}`, seq))
	}
	r.want(" e0 #5 1ns l0 ", " e0 #6 1s l0 ", " e0 #8 3s l0 gap", " e0 #9 4s l0 ", " e1 #2 5s l0 reconnect", " e1 #3 6s l0 ")
	if r.notes.outcomes[Order] != 1 {
		t.Errorf("%v: one was said twice", r.notes.outcomes)
	}
	// By its own time, a lower number is one that was overtaken.
	r = newRig(t, nil)
	r.say(0, `{"label":"a","seq":5,"time":"2026-05-04T03:02:05Z"}`)
	r.say(1, `{"label":"a","seq":4,"time":"2026-05-04T03:02:04Z"}`)
	r.want(" e0 #5 4s l0 ")
}

func TestTracksAreApart(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxTracks, c.MaxLabels, c.Mapping.End = 2, 2, "end=true" })
	r.say(0, `{"label":"car","seq":1,"track":"a"}`)
	r.say(1e9, `{"label":"bus","seq":1,"track":"b"}`)
	r.say(2e9, `{"label":"car","seq":2,"track":"a"}`)
	r.say(3e9, `{"label":"car","seq":2,"track":"c"}`)
	r.say(4e9, `{"label":"tram","seq":3,"track":"a"}`)
	r.say(5e9, `{"end":true,"track":"a"}`)
	r.say(6e9, `{"end":true,"track":"a"}`)
	r.say(7e9, `{"label":"bus","seq":3,"track":"a"}`)
	r.want("a e0 #1 1ns l0 ", "b e1 #1 1s l1 ", "a e0 #2 2s l0 ", "a ends", "a e2 #3 7s l1 ")
	r.in.Tick(wall.Add(11500 * time.Millisecond))
	r.want("b ends")
	r.in.Close(wall.Add(12 * time.Second))
	r.want("a ends")
	if n := r.notes.outcomes; n[TooMany] != 1 || n[NewLabel] != 1 || n[Ended] != 1 || n[Order] != 1 || n[Accepted] != 4 {
		t.Errorf("outcomes %v", n)
	}
}

func TestChangesHold(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Changes, c.FPS = true, 2 })
	r.say(0, `{"label":"a"}`)
	r.in.Tick(wall.Add(1200 * time.Millisecond))
	r.say(1700*time.Millisecond, `{"label":"b"}`)
	r.in.Lost(wall.Add(2300 * time.Millisecond))
	r.in.Tick(wall.Add(5 * time.Second))
	r.say(6*time.Second, `{"label":"b"}`)
	r.in.Close(wall.Add(6600 * time.Millisecond))
	r.want(" e0 #0 1ns l0 ", " e0 #1 500.000001ms l0  held", " e0 #2 1.000000001s l0  held", " e0 #3 1.7s l1 ", " e0 #4 2.2s l1  held",
		" e1 #0 6s l1 reconnect", " e1 #1 6.5s l1  held", " ends")
}

func TestAHeldLabelEnds(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Changes, c.FPS, c.Idle = true, 1, 3*time.Second })
	r.say(0, `{"label":"a"}`)
	for s := range 9 {
		r.in.Tick(wall.Add(time.Duration(s) * time.Second))
	}
	if n := len(r.notes.obs[""]); n != 4 || !slices.Contains(r.notes.lines, " ends") {
		t.Errorf("%d observations: %q", n, r.notes.lines)
	}
	// A program that slept heard nothing meanwhile.
	r = newRig(t, func(c *Config) { c.Changes, c.FPS, c.Mapping.Track = true, 1, "" })
	r.say(0, `{"label":"a"}`)
	r.in.Tick(wall.Add(time.Second))
	r.in.Tick(wall.Add(time.Hour))
	r.say(time.Hour+time.Second, `{"label":"b"}`)
	if o := r.notes.obs[""]; len(o) != 2 || o[1].Break != stability.ReasonGap {
		t.Errorf("%q", r.notes.lines)
	}
}

func TestRetainedMessages(t *testing.T) {
	stale := &Message{Payload: []byte(`{"label":"a","time":"2026-05-04T03:02:01Z"}`), Retained: true, Received: wall.Add(time.Second)}
	r := newRig(t, nil)
	r.in.Message(stale)
	if r.notes.outcomes[Stale] != 1 || len(r.notes.lines) > 0 {
		t.Errorf("%v %q", r.notes.outcomes, r.notes.lines)
	}
	r = newRig(t, func(c *Config) { c.Changes, c.FPS = true, 1 })
	r.in.Message(stale)
	r.want(" e0 #0 1s l0 ")
}

// The slow and obvious way to say how an observation without a number follows
// the one before it: over all intervals of the camera so far, anew each time.
func obvious(limit time.Duration, intervals []time.Duration, since time.Duration) bool {
	if limit == 0 {
		if len(intervals) < 8 {
			return false
		}
		last := slices.Clone(intervals[max(0, len(intervals)-31):])
		slices.Sort(last)
		limit = last[len(last)/2] * 3 / 2
	}
	return since <= limit
}

func TestAdjacencyByTimeIsTheObviousOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	seen := map[verdict]int{}
	for range 300 {
		a := adjacency{stride: 1}
		if rng.IntN(2) == 0 {
			a.limit = time.Duration(50+rng.IntN(200)) * time.Millisecond
		}
		var places [3]place
		var last [3]time.Duration
		var intervals []time.Duration
		now := time.Duration(0)
		for range 200 {
			k := rng.IntN(3)
			now += time.Duration(rng.IntN(100)) * time.Millisecond
			at := now
			if rng.IntN(10) == 0 {
				at -= time.Duration(rng.IntN(200)) * time.Millisecond
			}
			want := follows
			switch {
			case !places[k].begun:
			case at <= last[k]:
				want = overtaken
			case !obvious(a.limit, intervals, at-last[k]):
				want = apart
			}
			begun := places[k].begun
			got := a.next(&places[k], place{at: at})
			if got != want {
				t.Fatalf("%v after %v: %d, want %d", at, last[k], got, want)
			}
			seen[got]++
			if got != overtaken {
				if begun {
					intervals = append(intervals, at-last[k])
				}
				last[k] = at
			}
		}
	}
	if seen[follows] < 1000 || seen[apart] < 1000 || seen[overtaken] < 1000 {
		t.Errorf("a poor test: %v", seen)
	}
}

// Between two messages of a sender that tells changes only lie as many pairs
// as their distance times fps says, rounded, at least one, whenever time
// passed in between; and the label that is observed is the one that was told.
func TestChangesMakePairsByTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		fps := []float64{0.5, 1, 5, 10}[rng.IntN(4)]
		r := newRig(t, func(c *Config) { c.Changes, c.FPS = true, fps })
		now, want := time.Duration(rng.IntN(1000))*time.Millisecond, []int{}
		var label int
		at := time.Duration(-1)
		for range 30 {
			gap := time.Duration(1+rng.IntN(5000)) * time.Millisecond
			for tick := now + 250*time.Millisecond; tick < now+gap; tick += 250 * time.Millisecond {
				r.in.Tick(wall.Add(tick))
			}
			now += gap
			if at >= 0 {
				n := math.Floor(float64(now-at)/float64(time.Second)*fps + 0.5)
				want = append(want, max(1, int(n)))
			}
			at, label = now, rng.IntN(3)
			r.say(now, fmt.Sprintf(`{"label":"x%d"}`, label))
		}
		var got []int
		obs, held := r.notes.obs[""], r.notes.held[""]
		n := 0
		for i := range obs {
			if i > 0 && obs[i].PTS <= obs[i-1].PTS {
				t.Fatal("time goes back")
			}
			if i > 0 && held[i] && obs[i].Label != obs[i-1].Label {
				t.Fatal("a held label changes")
			}
			n++
			if i > 0 && !held[i] {
				got = append(got, n)
				n = 0
			} else if i == 0 {
				n = 0
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("fps %v: pairs %v, want %v", fps, got, want)
		}
	}
}

// However many messages come, memory stays: tracks, labels, and what an
// intake keeps of intervals are bounded.
func TestAFloodIsCountedAndForgotten(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxRate, c.MaxTracks, c.MaxLabels = 100, 4, 5 })
	for i := range 100_000 {
		r.say(time.Duration(i)*100*time.Microsecond, fmt.Sprintf(`{"label":"l%d","track":"t%d"}`, i, i))
	}
	// 100 at once, then 100 a second for ten seconds.
	passed := 100_000 - r.notes.outcomes[Flood]
	if passed < 1095 || passed > 1101 {
		t.Errorf("%d passed in ten seconds at 100 a second", passed)
	}
	if len(r.in.tracks) > 4 || len(r.in.classes.names) > 5 || len(r.in.classes.index) > 5 {
		t.Errorf("%d tracks, %d labels", len(r.in.tracks), len(r.in.classes.names))
	}
}
