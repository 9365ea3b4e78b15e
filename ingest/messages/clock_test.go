package messages

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/internal/clocktest"
	"github.com/flipmeter/flipmeter/stability"
)

// timed is a Sink that also keeps the wall clock's times.
type timed struct {
	*notes
	at []time.Time
}

func (s *timed) Observe(track string, o *stability.Observation, at time.Time, held bool) {
	s.notes.Observe(track, o, at, held)
	s.at = append(s.at, at.Round(0))
}

// heardWith is what comes of two minutes of labels that tell their time, when
// both wall clocks are set at a moment: this machine's and the sender's.
func heardWith(t *testing.T, changes, numbered bool, ours, theirs time.Duration) *timed {
	t.Helper()
	const n, every, at = 600, 200 * time.Millisecond, 300
	begin := time.Now() // with a monotonic reading
	cfg := Config{Mapping: plain(nil), Changes: changes}
	cfg.Mapping.MaxSkew = time.Minute
	if changes {
		cfg.FPS = 5
	}
	s := &timed{notes: newNotes()}
	in, err := New(cfg, NewClasses(cfg.withDefaults(true).MaxLabels), begin.Add(-cfg.Mapping.MaxSkew), s)
	if err != nil {
		t.Fatal(err)
	}
	clock := func(k int, step time.Duration) time.Time {
		// The two readings of a time are not of quite the same moment.
		now := begin.Add(time.Duration(k)*every + time.Duration(k%7)*time.Microsecond)
		if k >= at {
			now = clocktest.Step(now, step)
		}
		return now
	}
	for k := range n {
		sent := clock(k, theirs).Add(-30 * time.Millisecond) // on its way
		text := fmt.Sprintf(`{"label":"label %d","time":%q`, k/5, sent.UTC().Format(time.RFC3339Nano))
		if numbered {
			text += fmt.Sprintf(`,"seq":%d`, k)
		}
		if !changes || k%5 == 0 {
			in.Message(&Message{Payload: []byte(text + "}"), Received: clock(k, ours)})
		}
		in.Tick(clock(k, ours))
	}
	in.Close(clock(n, ours))
	return s
}

// A wall clock that is set back by an hour, or on by two, changes nothing of
// labels whose sender has the same clock: no pair, no flip, no time, no outcome.
func TestASetClockMovesNoLabels(t *testing.T) {
	for _, changes := range []bool{false, true} {
		for _, numbered := range []bool{false, true} {
			want := heardWith(t, changes, numbered, 0, 0)
			if n := len(want.obs[""]); n < 590 {
				t.Fatalf("only %d observations", n)
			}
			for _, step := range []time.Duration{-time.Hour, 2 * time.Hour, 30 * 24 * time.Hour} {
				name := fmt.Sprintf("changes %v, numbered %v, step %v", changes, numbered, step)
				got := heardWith(t, changes, numbered, step, step)
				if !reflect.DeepEqual(got.outcomes, want.outcomes) {
					t.Errorf("%s: outcomes %v, want %v", name, got.outcomes, want.outcomes)
				}
				if len(got.obs[""]) != len(want.obs[""]) {
					t.Errorf("%s: %d observations, want %d", name, len(got.obs[""]), len(want.obs[""]))
					continue
				}
				for i := range want.obs[""] {
					g, w := got.obs[""][i], want.obs[""][i]
					if off := (g.PTS - w.PTS).Abs(); g.Seq != w.Seq || g.Epoch != w.Epoch || g.Label != w.Label || g.Break != w.Break || off > 100*time.Microsecond {
						t.Errorf("%s: observation %d is %+v, want %+v", name, i, g, w)
						break
					}
				}
				// People are told the hour that the clock says.
				var steps []time.Duration
				for i := range got.at[1:] {
					if d := got.at[i+1].Sub(got.at[i]).Round(time.Hour); d != 0 {
						steps = append(steps, d)
					}
				}
				if !slices.Equal(steps, []time.Duration{step}) {
					t.Errorf("%s: told of steps of %v", name, steps)
				}
			}
		}
	}
}

// Where only one of the clocks is set, messages are of another time and count as
// such: nothing is made up of them.
func TestAClockThatIsSetAlone(t *testing.T) {
	for _, changes := range []bool{false, true} {
		all := heardWith(t, changes, false, 0, 0)
		for _, c := range []struct{ ours, theirs time.Duration }{{-time.Hour, 0}, {0, -time.Hour}, {2 * time.Hour, 0}, {0, 2 * time.Hour}} {
			got := heardWith(t, changes, false, c.ours, c.theirs)
			sent := all.outcomes[Accepted]
			if got.outcomes[Accepted] != sent/2 || got.outcomes[WrongTime] != sent/2 {
				t.Errorf("changes %v, %+v: outcomes %v of %d", changes, c, got.outcomes, sent)
			}
			// No label holds where one was told that can't be believed.
			last, middle := got.obs[""][len(got.obs[""])-1], all.obs[""][len(all.obs[""])/2]
			if last.PTS > middle.PTS+time.Second || last.Break != stability.ReasonNone {
				t.Errorf("changes %v, %+v: the last is %+v, and %v was believed last", changes, c, last, middle.PTS)
			}
		}
	}
}
