package messages

import (
	"fmt"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/internal/clocktest"
	"github.com/flipmeter/flipmeter/stability"
)

// tally is what a run of messages came to.
type tally struct {
	pairs, flips, inWindow, accepted int
	back                             bool // time went back
}

// stepRun tells a label that flips each second, ten messages a second for a
// minute, of which each is under way for 250 ms, and steps the clocks in the
// middle, while three are under way.
func stepRun(t *testing.T, changes, seq bool, skew, ours, theirs time.Duration) tally {
	t.Helper()
	begin := time.Now()
	n := newNotes()
	cfg := Config{Mapping: plain(func(m *Mapping) { m.MaxSkew = skew }), FPS: 10, Changes: changes}
	if changes {
		cfg.Mapping.Track = ""
	}
	in, err := New(cfg, NewClasses(10), begin.Add(-skew), clocked{n, t, &ours, begin})
	if err != nil {
		t.Fatal(err)
	}
	const count, tick, way = 600, 100 * time.Millisecond, 250 * time.Millisecond
	at := func(d, by time.Duration) time.Time {
		if d < 300*tick+tick/2 {
			by = 0
		}
		return clocktest.Step(begin.Add(d), by)
	}
	for k := range count {
		said := time.Duration(k) * tick
		if changes && k%10 != 0 {
			in.Tick(at(said+way, ours))
			continue
		}
		payload := fmt.Sprintf(`{"label":"l%d","time":%q`, k/10%2, at(said, theirs).Format(time.RFC3339Nano))
		if seq {
			payload += fmt.Sprintf(`,"seq":%d`, k)
		}
		in.Message(&Message{Payload: []byte(payload + "}"), Received: at(said+way, ours)})
	}
	obs := n.obs[""]
	got := tally{accepted: n.outcomes[Accepted]}
	end := (count*tick + skew)
	for k := 1; k < len(obs); k++ {
		got.back = got.back || obs[k].PTS <= obs[k-1].PTS
		if obs[k].Break != stability.ReasonNone || obs[k].Epoch != obs[k-1].Epoch {
			continue
		}
		got.pairs++
		if obs[k].Label != obs[k-1].Label {
			got.flips++
		}
		if obs[k].PTS > end-5*time.Second && obs[k].PTS <= end {
			got.inWindow++
		}
	}
	return got
}

// clocked looks at the hour that held observations are given.
type clocked struct {
	*notes
	t     *testing.T
	ours  *time.Duration
	begin time.Time
}

func (c clocked) Observe(track string, o *stability.Observation, at time.Time, held bool) {
	if off := at.Round(0).Sub(c.begin.Round(0)); held && o.PTS > time.Hour*4+35*time.Second {
		if want := o.PTS - 4*time.Hour + *c.ours; off-want > time.Second || want-off > time.Second {
			c.t.Errorf("a held observation of %v has the hour %v, want %v", o.PTS, off, want)
		}
	}
	c.notes.Observe(track, o, at, held)
}

// A step of the sender's clock, of ours or of both costs few pairs and flips
// in its moment, invents none, and leaves windows as they are.
func TestAStepOfTheClock(t *testing.T) {
	const hour = time.Hour
	for _, changes := range []bool{false, true} {
		for _, seq := range []bool{false, true} {
			for _, c := range []struct{ skew, ours, theirs time.Duration }{
				{time.Minute, -hour, -hour}, {time.Minute, 2 * hour, 2 * hour},
				{4 * hour, -hour, -hour}, {4 * hour, 2 * hour, 2 * hour},
				{4 * hour, -hour, 0}, {4 * hour, 2 * hour, 0}, {4 * hour, 0, -hour}, {4 * hour, 0, 2 * hour},
				{time.Minute, 0, -30 * time.Second}, {time.Minute, 0, 30 * time.Second},
				{time.Minute, -30 * time.Second, 0}, {time.Minute, 30 * time.Second, 0},
			} {
				name := fmt.Sprintf("changes %v, seq %v, skew %v: ours %v, theirs %v", changes, seq, c.skew, c.ours, c.theirs)
				plain, got := stepRun(t, changes, seq, c.skew, 0, 0), stepRun(t, changes, seq, c.skew, c.ours, c.theirs)
				lost, flips, more := 50, 6, 0
				if changes {
					more = 3 // one that counts from its arrival has held for as long as it was under way, too
				}
				if got.back || got.pairs > plain.pairs+more || got.pairs < plain.pairs-lost || got.flips > plain.flips || got.flips < plain.flips-flips ||
					got.inWindow > plain.inWindow+3 || got.inWindow < plain.inWindow-3 {
					t.Errorf("%s: %+v, without %+v", name, got, plain)
				}
			}
		}
	}
}

// A batch that was held up keeps its times: its pairs and their distances are
// those of its pictures.
func TestALateBatchKeepsItsTimes(t *testing.T) {
	r := newRig(t, func(c *Config) { c.FPS = 10 })
	for k := range 400 {
		said := time.Duration(k) * 100 * time.Millisecond
		arrived := said
		if k >= 100 && k < 400 {
			arrived = max(said, 40*time.Second+time.Duration(k)*time.Millisecond)
		}
		r.say(arrived, fmt.Sprintf(`{"label":"a","time":%q}`, wall.Add(said).Format(time.RFC3339Nano)))
	}
	obs := r.notes.obs[""]
	for k := 1; k < len(obs); k++ {
		if d := obs[k].PTS - obs[k-1].PTS; d < 99*time.Millisecond || d > 101*time.Millisecond || obs[k].Break != stability.ReasonNone {
			t.Fatalf("%d: %v after the one before, %q", k, d, obs[k].Break)
		}
	}
	if len(obs) != 400 {
		t.Errorf("%d observations, %v", len(obs), r.notes.outcomes)
	}
}
