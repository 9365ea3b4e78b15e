package alerts

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// slowHistory keeps every value and looks through all of them.
type slowHistory struct {
	spacing, over time.Duration
	at            []time.Duration
	v             []float64
}

// stats takes the first value of each slot before now's, not older than over.
func (s *slowHistory) stats(now time.Duration) (median, spread float64, known int) {
	var vals []float64
	taken := map[int64]bool{}
	slot := func(at time.Duration) int64 { return int64(math.Floor(float64(at) / float64(s.spacing))) }
	for i, at := range s.at {
		n := slot(at)
		if taken[n] || n >= slot(now) || n < slot(now)-int64(s.over/s.spacing) {
			continue
		}
		taken[n] = true
		vals = append(vals, float64(float32(s.v[i])))
	}
	mid := func(v []float64) float64 {
		v = slices.Clone(v)
		slices.Sort(v)
		if len(v) == 0 {
			return math.NaN()
		}
		return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
	}
	median = mid(vals)
	dev := make([]float64, len(vals))
	for i, v := range vals {
		dev[i] = math.Abs(v - median)
	}
	return median, 1.4826 * mid(dev), len(vals)
}

func TestHistoryAgreesWithRecomputation(t *testing.T) {
	same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) < 1e-9 }
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 3))
		b := &Baseline{Side: Above, FireSpreads: 3, Over: time.Duration(2+rng.IntN(40)) * time.Minute}
		h := newHistory(b, time.Minute)
		slow := &slowHistory{spacing: time.Minute, over: b.Over}
		at := time.Duration(rng.IntN(600)-300) * time.Second
		for range 300 {
			at += time.Duration(rng.IntN(50)) * time.Second
			if rng.IntN(60) == 0 {
				at += time.Duration(rng.IntN(100)) * time.Minute
			}
			if rng.IntN(4) > 0 {
				v := rng.Float64()
				h.add(at, v)
				slow.at, slow.v = append(slow.at, at), append(slow.v, v)
			} else {
				h.advance(at)
			}
			median, spread := h.stats()
			wantMedian, wantSpread, known := slow.stats(at)
			if !same(median, wantMedian) || !same(spread, wantSpread) || h.known != known {
				t.Fatalf("seed %d at %s: %v ± %v of %d, want %v ± %v of %d", seed, at, median, spread, h.known, wantMedian, wantSpread, known)
			}
		}
	}
}

func baselineRule() Rule {
	return Rule{
		Name: "Unusual", Metric: "unexplained_fraction", Window: width, MinPairs: 100,
		Baseline: &Baseline{Side: Above, FireSpreads: 4, Floor: 0.02, MinHistory: time.Hour},
	}
}

// learn feeds windows whose values swing around a middle, one a spacing.
func learn(e *Engine, from time.Duration, n int, middle, swing float64) (time.Duration, []Transition) {
	var out []Transition
	at := from
	for i := range n {
		at = from + time.Duration(i)*5*time.Minute
		out = append(out, e.Observe(at, "gate", window(middle+swing*float64(i%3-1), 300))...)
	}
	return at + 5*time.Minute, out
}

func TestBaselineRule(t *testing.T) {
	e := newEngine(t, 0, baselineRule())
	// A value far beyond anything, but nothing is known yet.
	if got := e.Observe(0, "gate", window(0.9, 300)); got != nil {
		t.Fatalf("fired without a history: %s", describe(got))
	}
	at, got := learn(e, 5*time.Minute, 100, 0.10, 0.01)
	if got != nil {
		t.Fatalf("fired at what is normal: %s", describe(got))
	}
	// Median 0.10, spread 1.4826·0.01: fires above 0.159, clears at 0.13.
	for _, c := range []struct {
		value float64
		want  State
	}{{0.158, ""}, {0.161, Firing}, {0.131, ""}, {0.129, Resolved}} {
		at += time.Second
		got := e.Observe(at, "gate", window(c.value, 300))
		last := State("")
		if len(got) > 0 {
			last = got[len(got)-1].To
		}
		if last != c.want {
			t.Fatalf("at %v: %q, want %q", c.value, describe(got), c.want)
		}
		if c.want == Firing {
			f := got[1]
			if math.Abs(f.Median-0.10) > 1e-6 || math.Abs(f.Spread-0.014826) > 1e-6 || math.Abs(f.Bound-0.159304) > 1e-6 {
				t.Errorf("median %v, spread %v, bound %v", f.Median, f.Spread, f.Bound)
			}
		}
	}
}

// A camera that never flips has no spread: the floor is what counts.
func TestBaselineFloor(t *testing.T) {
	e := newEngine(t, 0, baselineRule())
	at, _ := learn(e, 0, 50, 0, 0)
	if got := e.Observe(at, "gate", window(0.019, 300)); got != nil {
		t.Errorf("fired below the floor: %s", describe(got))
	}
	if got := e.Observe(at+1, "gate", window(0.021, 300)); len(got) != 2 {
		t.Errorf("did not fire above the floor: %s", describe(got))
	}
}

func TestBaselineBelow(t *testing.T) {
	r := baselineRule()
	r.Metric = "mean_score"
	r.Baseline.Side, r.Baseline.Floor = Below, 0.1
	e := newEngine(t, 0, r)
	at := time.Duration(0)
	score := func(v float64) []Transition {
		w := window(0, 300)
		w.MeanScore = v
		at += 5 * time.Minute
		return e.Observe(at, "gate", w)
	}
	for range 30 {
		score(0.8)
	}
	for _, v := range []float64{0.95, 0.75, 0.71} {
		if got := score(v); got != nil {
			t.Errorf("%v: %s", v, describe(got))
		}
	}
	if got := score(0.69); len(got) != 2 || got[1].To != Firing {
		t.Errorf("0.69: %s", describe(got))
	}
}

// What lasts becomes normal, and ends what it made fire.
func TestBaselineFollowsALastingChange(t *testing.T) {
	r := baselineRule()
	r.Baseline.Over = 24 * time.Hour
	e := newEngine(t, 0, r)
	at, _ := learn(e, 0, 288, 0.01, 0)
	_, got := learn(e, at, 288, 0.2, 0)
	if d := describe(got); len(got) != 3 || got[1].To != Firing || got[2].To != Resolved {
		t.Fatalf("%s", d)
	}
	if after := got[2].At - got[1].At; after < 11*time.Hour || after > 13*time.Hour {
		t.Errorf("was normal after %s, want about half of a day", after)
	}
}

func TestBaselineValidate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Rule)
		ok     bool
	}{
		"as it is":    {func(*Rule) {}, true},
		"side":        {func(r *Rule) { r.Baseline.Side = "left" }, false},
		"both":        {func(r *Rule) { r.FireAbove = f64(1) }, false},
		"no distance": {func(r *Rule) { r.Baseline.FireSpreads = 0 }, false},
		"clear":       {func(r *Rule) { r.Baseline.ClearSpreads = 5 }, false},
		"floor":       {func(r *Rule) { r.Baseline.Floor = -1 }, false},
		"over":        {func(r *Rule) { r.Baseline.Over = time.Second }, false},
		"history":     {func(r *Rule) { r.Baseline.MinHistory = 1000 * time.Hour }, false},
		"health":      {func(r *Rule) { r.Metric, r.Window = Up, 0 }, false},
	} {
		r := baselineRule()
		c.change(&r)
		if err := r.Validate(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBuiltinRulesAreValid(t *testing.T) {
	newEngine(t, 0, Builtin()...)
	own := validRule() // FlickerHigh, too
	own.Window = time.Hour
	rules := WithBuiltin([]Rule{own})
	newEngine(t, 0, rules...)
	if len(rules) != len(Builtin()) || rules[len(rules)-1].Window != time.Hour {
		t.Errorf("%d rules, the last with window %s", len(rules), rules[len(rules)-1].Window)
	}
}

func TestFrozen(t *testing.T) {
	r := Rule{Name: "SourceFrozen", Metric: Frozen, FireAbove: f64(0), For: 10 * time.Second}
	e := newEngine(t, 0, r)
	for _, c := range []struct {
		at    int
		state string
		want  string
	}{
		{0, "connecting", ""},
		{1, "frozen", "1s inactive>pending"},
		{5, "up", "5s pending>inactive"},
		{6, "frozen", "6s inactive>pending"},
		{16, "frozen", "16s pending>firing"},
		{17, "backoff", "17s firing>resolved (the camera is down)"},
		{18, "up", ""},
	} {
		at := time.Duration(c.at) * time.Second
		if got := describe(e.Tick(at, map[string]Health{"gate": HealthOf(c.state)})); got != c.want {
			t.Errorf("at %s, %s: %q, want %q", at, c.state, got, c.want)
		}
	}
}
