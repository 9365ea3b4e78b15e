package alerts

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func replace(t *testing.T, e *Engine, at time.Duration, rules ...Rule) string {
	t.Helper()
	got, err := e.Replace(at, Config{Rules: rules, RemindEvery: e.remind})
	if err != nil {
		t.Fatal(err)
	}
	return describe(got)
}

func TestReplacedRules(t *testing.T) {
	r := validRule() // 30 s before it fires, 2 min before it ends
	at := func(s int) time.Duration { return time.Duration(s) * time.Second }
	firing := func(e *Engine) {
		e.Observe(0, "gate", window(1, 300))
		if got := describe(e.Observe(at(30), "gate", window(1, 300))); got != "30s pending>firing" {
			t.Fatal(got)
		}
	}
	changed := r
	changed.FireAbove, changed.ClearBelow, changed.Severity = f64(0.5), f64(0.4), "critical"
	other := r
	other.Name = "Other"
	for name, c := range map[string]struct {
		before func(e *Engine)
		rules  []Rule
		want   string
		after  func(e *Engine) []Transition
		then   string
	}{
		"as it was, firing": {firing, []Rule{r}, "", func(e *Engine) []Transition {
			return append(e.Observe(at(50), "gate", window(0, 300)), e.Observe(at(170), "gate", window(0, 300))...)
		}, "2m50s firing>resolved"},
		"as it was, pending": {func(e *Engine) { e.Observe(at(20), "gate", window(1, 300)) }, []Rule{other, r}, "", func(e *Engine) []Transition {
			return e.Observe(at(50), "gate", window(1, 300))
		}, "50s inactive>pending, 50s pending>firing"}, // the new one begins, the old one has waited
		"as it was, about to end": {func(e *Engine) { firing(e); e.Observe(at(35), "gate", window(0, 300)) }, []Rule{r}, "", func(e *Engine) []Transition {
			return e.Observe(at(155), "gate", window(0, 300))
		}, "2m35s firing>resolved"},
		"changed, firing": {firing, []Rule{changed}, "", func(e *Engine) []Transition {
			out := e.Observe(at(50), "gate", window(0.45, 300)) // between its new bounds
			return append(append(out, e.Observe(at(60), "gate", window(0.3, 300))...), e.Observe(at(180), "gate", window(0.3, 300))...)
		}, "3m0s firing>resolved"},
		"changed, pending": {func(e *Engine) { e.Observe(at(20), "gate", window(1, 300)) }, []Rule{changed}, "40s pending>inactive (the rule was changed)", func(e *Engine) []Transition {
			return e.Observe(at(50), "gate", window(1, 300))
		}, "50s inactive>pending"},
		"gone, firing": {firing, []Rule{other}, "40s firing>resolved (the rule was removed)", func(e *Engine) []Transition {
			return e.Observe(at(50), "gate", window(0, 300))
		}, ""},
		"gone, pending": {func(e *Engine) { e.Observe(at(20), "gate", window(1, 300)) }, nil, "40s pending>inactive (the rule was removed)", func(e *Engine) []Transition {
			return e.Observe(at(50), "gate", window(1, 300))
		}, ""},
	} {
		e := newEngine(t, 0, r)
		c.before(e)
		if got := replace(t, e, at(40), c.rules...); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if got := describe(c.after(e)); got != c.then {
			t.Errorf("%s, after it: %q, want %q", name, got, c.then)
		}
	}
}

// A changed rule whose new window does not come yet goes on firing for the
// grace.
func TestReplacedRuleWaitsForItsWindow(t *testing.T) {
	r := validRule()
	r.For, r.KeepFiringFor = 0, 0
	e := newEngine(t, 0, r)
	e.Observe(0, "gate", window(1, 300))
	wide := r
	wide.Window = 5 * time.Minute
	if got := replace(t, e, time.Second, wide); got != "" {
		t.Fatal(got)
	}
	up := map[string]Health{"gate": {Up: true}}
	if got := describe(e.Tick(time.Minute, up)); got != "" {
		t.Errorf("%q", got)
	}
	if got := describe(e.Tick(time.Second+defaultGrace, up)); got != "2m1s firing>resolved (no data)" {
		t.Errorf("%q", got)
	}
}

func TestReplaceRefusesWhatIsWrong(t *testing.T) {
	r := validRule()
	r.For = 0
	e := newEngine(t, 0, r)
	e.Observe(0, "gate", window(1, 300))
	bad := r
	bad.Metric = "nothing"
	for _, rules := range [][]Rule{{bad}, {r, r}} {
		if _, err := e.Replace(time.Second, Config{Rules: rules}); err == nil || !strings.Contains(err.Error(), r.Name) {
			t.Errorf("%v", err)
		}
	}
	if got := e.Firing(); len(got) != 1 {
		t.Errorf("firing: %v", got)
	}
}

// What is normal for a camera is not learnt anew because another bound is
// set.
func TestReplaceKeepsThePast(t *testing.T) {
	r := validRule()
	r.For, r.FireAbove, r.ClearBelow = 0, nil, nil
	r.Baseline = &Baseline{Side: Above, Over: time.Hour, FireSpreads: 5, Floor: 0.05, MinHistory: 10 * time.Minute}
	e := newEngine(t, 0, r)
	at := time.Duration(0)
	for ; at < 30*time.Minute; at += time.Minute {
		if got := describe(e.Observe(at, "gate", window(0.3, 300))); got != "" {
			t.Fatalf("at %s: %s", at, got)
		}
	}
	b := *r.Baseline
	b.Floor = 0.1
	r.Baseline = &b
	if got := replace(t, e, at, r); got != "" {
		t.Fatal(got)
	}
	if got := describe(e.Observe(at, "gate", window(0.39, 300))); got != "" {
		t.Errorf("within the new floor: %q", got)
	}
	at += time.Minute
	if got := describe(e.Observe(at, "gate", window(0.45, 300))); got != "31m0s inactive>pending, 31m0s pending>firing" {
		t.Errorf("above it: %q", got)
	}
}

// Rules that are replaced by the same ones, however often, say what they
// would have said.
func TestReplaceBySameRules(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 3))
		r := validRule()
		r.For = time.Duration(rng.IntN(4)) * 10 * time.Second
		r.KeepFiringFor = time.Duration(rng.IntN(4)) * 10 * time.Second
		based := r
		based.Name, based.FireAbove, based.ClearBelow = "Based", nil, nil
		based.Baseline = &Baseline{Side: Above, Over: time.Hour, FireSpreads: 2, Floor: 0.01, MinHistory: time.Minute}
		rules := []Rule{r, based, {Name: "Down", Metric: Up, FireBelow: f64(1), For: 20 * time.Second}}
		still := newEngine(t, 15*time.Second, rules...)
		moved := newEngine(t, 15*time.Second, rules...)
		var want, got []Transition
		for at := time.Duration(0); at < 20*time.Minute; at += time.Duration(1+rng.IntN(20)) * time.Second {
			if rng.IntN(3) == 0 {
				if got := replace(t, moved, at, rules...); got != "" {
					t.Fatalf("seed %d: %s", seed, got)
				}
			}
			if w := window(float64(rng.IntN(10))/100, 300); rng.IntN(3) > 0 {
				want, got = append(want, still.Observe(at, "gate", w)...), append(got, moved.Observe(at, "gate", w)...)
			} else {
				health := map[string]Health{"gate": {Up: rng.IntN(4) > 0}}
				want, got = append(want, still.Tick(at, health)...), append(got, moved.Tick(at, health)...)
			}
		}
		if describe(got) != describe(want) {
			t.Fatalf("seed %d:\n%s\nwant\n%s", seed, describe(got), describe(want))
		}
		if len(want) == 0 {
			t.Fatalf("seed %d: nothing happened", seed)
		}
	}
}
