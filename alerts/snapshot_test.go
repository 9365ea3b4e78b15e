package alerts

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

// through is a state as it comes back from a file.
func through[T any](t *testing.T, v T) T {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRestartInAFiring(t *testing.T) {
	wall := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	r := validRule()
	r.For, r.KeepFiringFor = 0, 0
	old := newEngine(t, 10*time.Minute, r)
	old.Observe(time.Hour, "gate", window(1, 300))
	saved := through(t, old.Snapshot(time.Hour+time.Minute, wall))

	for name, c := range map[string]struct {
		steps func(e *Engine) []Transition
		want  string
	}{
		"it is not told again, nor resolved by a camera that connects": {func(e *Engine) []Transition {
			down := map[string]Health{"gate": {}}
			return append(e.Tick(time.Second, down), e.Tick(119*time.Second, down)...)
		}, ""},
		"a known value decides": {func(e *Engine) []Transition {
			out := e.Observe(time.Second, "gate", window(1, 300))
			return append(out, e.Observe(2*time.Second, "gate", window(0, 300))...)
		}, "2s firing>resolved"},
		"few pairs decide nothing": {func(e *Engine) []Transition {
			return e.Observe(time.Second, "gate", window(0, 10))
		}, ""},
		"a camera that stays away does not fire for ever": {func(e *Engine) []Transition {
			return e.Tick(2*time.Minute, map[string]Health{"gate": {}})
		}, "2m0s firing>resolved (the camera is down)"},
		"the next reminder is due when it was": {func(e *Engine) []Transition {
			up := window(1, 300)
			out := e.Observe(7*time.Minute, "gate", up) // 3 min away, 1 before
			out = append(out, e.Observe(5*time.Minute+59*time.Second, "gate", up)...)
			return append(out, e.Observe(6*time.Minute, "gate", up)...)
		}, "7m0s firing>firing again 1"},
	} {
		e := newEngine(t, 10*time.Minute, r)
		if got := e.Restore(0, wall.Add(3*time.Minute), saved); got != nil {
			t.Fatalf("%s: restoring told %s", name, describe(got))
		}
		if f := e.Firing(); len(f) != 1 || f[0].Firing != 1 || f[0].Since != -4*time.Minute {
			t.Errorf("%s: firing after the restart: %+v", name, f)
		}
		if got := describe(c.steps(e)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// The counter goes on, so that no two firings are taken for one.
func TestRestartKeepsCounting(t *testing.T) {
	wall := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	r := validRule()
	r.For, r.KeepFiringFor = 0, 0
	old := newEngine(t, 0, r)
	old.Observe(1, "gate", window(1, 300))
	old.Observe(2, "gate", window(0, 300))
	e := newEngine(t, 0, r)
	e.Restore(0, wall, through(t, old.Snapshot(3, wall)))
	if got := e.Observe(1, "gate", window(1, 300)); len(got) != 2 || got[1].Firing != 2 {
		t.Errorf("%+v", got)
	}
}

func TestRestoreWithoutTheRule(t *testing.T) {
	wall := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	r := validRule()
	r.For = 0
	old := newEngine(t, 0, r)
	old.Observe(0, "gate", window(1, 300))
	e := newEngine(t, 0)
	got := e.Restore(0, wall.Add(time.Minute), through(t, old.Snapshot(0, wall)))
	if describe(got) != "0s firing>resolved (the rule was removed)" || got[0].Rule.Name != r.Name || got[0].Rule.Severity != r.Severity || got[0].Since != -time.Minute {
		t.Errorf("%+v", got)
	}
}

func TestBaselinesOutlastARestart(t *testing.T) {
	wall := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	old := newEngine(t, 0, baselineRule())
	at, _ := learn(old, 0, 100, 0.10, 0.01)
	saved := through(t, old.Baselines(at, wall))
	e := newEngine(t, 0, baselineRule())
	if err := e.RestoreBaselines(0, wall.Add(30*time.Minute), saved); err != nil {
		t.Fatal(err)
	}
	a, b := old.streams["gate"].rules[0].history, e.streams["gate"].rules[0].history
	a.advance(at + 30*time.Minute)
	am, as := a.stats()
	bm, bs := b.stats()
	if am != bm || as != bs || a.known != b.known || math.IsNaN(am) {
		t.Errorf("before %v ± %v of %d, after %v ± %v of %d", am, as, a.known, bm, bs, b.known)
	}
	if got := e.Observe(time.Second, "gate", window(0.5, 300)); len(got) != 2 {
		t.Errorf("does not know what is normal: %s", describe(got))
	}
	saved[0].Values = saved[0].Values[:5]
	if err := newEngine(t, 0, baselineRule()).RestoreBaselines(0, wall, saved); err == nil {
		t.Error("torn values were read")
	}
	saved[0].Metric = "mac"
	if err := newEngine(t, 0, baselineRule()).RestoreBaselines(0, wall, saved); err != nil {
		t.Errorf("a baseline of a rule that changed: %v", err)
	}
}
