package alerts

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

const width = time.Minute

func f64(v float64) *float64 { return &v }

func validRule() Rule {
	return Rule{
		Name: "FlickerHigh", Metric: "unexplained_fraction", Window: width,
		FireAbove: f64(0.05), ClearBelow: f64(0.02), For: 30 * time.Second, KeepFiringFor: 2 * time.Minute,
		MinPairs: 200, Severity: "warning",
	}
}

func newEngine(t testing.TB, remind time.Duration, rules ...Rule) *Engine {
	t.Helper()
	e, err := NewEngine(Config{Rules: rules, RemindEvery: remind})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// window has one value for every fraction.
func window(v float64, pairs int64) *stability.Window {
	return &stability.Window{Width: width, Pairs: pairs, UnexplainedFraction: v, Coverage: v,
		FlipFraction: stability.Interval{Value: v, Low: v / 2, High: 2 * v}}
}

func describe(ts []Transition) string {
	var out []string
	for _, t := range ts {
		s := fmt.Sprintf("%s %s>%s", t.At, t.From, t.To)
		if t.Reminder > 0 && t.From == t.To {
			s += fmt.Sprintf(" again %d", t.Reminder)
		}
		if t.Reason != "" {
			s += " (" + t.Reason + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// Each step is a time with what happens then.
func TestEngineStateMachine(t *testing.T) {
	nan := math.NaN()
	coverageRule := Rule{Name: "Blind", Metric: "coverage", Window: width, FireBelow: f64(0.5), ClearAbove: f64(0.9)}
	upRule := Rule{Name: "Down", Metric: Up, FireBelow: f64(1), For: 10 * time.Second}
	type step struct {
		at    int // seconds
		value float64
		pairs int64  // of a window; -1: none, a Tick
		up    bool   // of a Tick
		want  string // the transitions told
	}
	const few, many, tick = 199, 200, -1
	for name, c := range map[string]struct {
		rule  func(*Rule)
		steps []step
	}{
		"a whole life": {nil, []step{
			{0, 0.05, many, true, ""},
			{10, 0.06, many, true, "10s inactive>pending"},
			{39, 0.06, many, true, ""},
			{40, 0.06, many, true, "40s pending>firing"},
			{50, 0.03, many, true, ""}, // between the bounds
			{60, 0.02, many, true, ""}, // clear from here
			{179, 0, many, true, ""},
			{180, 0, many, true, "3m0s firing>resolved"},
			{190, 0, many, true, ""},
			{200, 0.06, many, true, "3m20s inactive>pending"},
		}},
		"not for long enough": {nil, []step{
			{0, 1, many, true, "0s inactive>pending"},
			{29, 0.05, many, true, "29s pending>inactive"},
			{30, 1, many, true, "30s inactive>pending"},
			{59, 1, many, true, ""},
		}},
		"clear for too short a time": {nil, []step{
			{0, 1, many, true, "0s inactive>pending"},
			{30, 1, many, true, "30s pending>firing"},
			{40, 0, many, true, ""},
			{159, 0, many, true, ""},
			{160, 0.03, many, true, ""}, // not clear: begins anew
			{170, 0, many, true, ""},
			{289, 0, many, true, ""},
			{290, 0, many, true, "4m50s firing>resolved"},
		}},
		"too few pairs": {nil, []step{
			{0, 1, few, true, ""},
			{10, 1, many, true, "10s inactive>pending"},
			{20, 1, few, true, "20s pending>inactive (no data)"},
			{30, nan, many, true, ""},
		}},
		"at once": {func(r *Rule) { r.For, r.KeepFiringFor = 0, 0 }, []step{
			{0, 1, many, true, "0s inactive>pending, 0s pending>firing"},
			{1, 0, many, true, "1s firing>resolved"},
		}},
		"a dead camera does not fire": {nil, []step{
			{0, 1, many, true, "0s inactive>pending"},
			{10, 0, tick, true, ""},
			{20, 0, tick, false, "20s pending>inactive (the camera is down)"},
			{100, 0, tick, false, ""},
		}},
		"a silent camera does not fire": {nil, []step{
			{0, 1, many, true, "0s inactive>pending"},
			{60, 0, tick, true, ""},
			{61, 0, tick, true, "1m1s pending>inactive (no data)"},
		}},
		"a dead camera does not fire for ever": {nil, []step{
			{0, 1, many, true, "0s inactive>pending"},
			{30, 1, many, true, "30s pending>firing"},
			{40, 0, tick, false, ""},
			{159, 0, tick, false, ""},
			{160, 0, tick, false, "2m40s firing>resolved (the camera is down)"},
			{170, 0, tick, false, ""},
		}},
		"clear at the bound without hysteresis": {func(r *Rule) {
			r.FireAbove, r.ClearBelow, r.For, r.KeepFiringFor = f64(0), nil, 0, 0
		}, []step{
			{0, 0, many, true, ""},
			{1, 0.001, many, true, "1s inactive>pending, 1s pending>firing"},
			{2, 0, many, true, "2s firing>resolved"},
		}},
		"coverage": {func(r *Rule) { *r = coverageRule }, []step{
			{0, 0.5, 0, true, ""},
			{1, 0.49, 0, true, "1s inactive>pending, 1s pending>firing"},
			{2, 0.89, 0, true, ""},
			{3, 0.9, 0, true, "3s firing>resolved"},
			{4, 0, tick, false, ""},
			{64, 0, tick, false, "1m4s inactive>pending (the camera is down), 1m4s pending>firing (the camera is down)"},
			{65, 0, tick, false, ""},
			{70, 1, 1, true, "1m10s firing>resolved"},
		}},
		"up": {func(r *Rule) { *r = upRule }, []step{
			{0, 0, tick, true, ""},
			{1, 0, tick, false, "1s inactive>pending (the camera is down)"},
			{10, 0, tick, false, ""},
			{11, 0, tick, false, "11s pending>firing (the camera is down)"},
			{12, 1, many, true, ""}, // windows say nothing about it
			{13, 0, tick, true, "13s firing>resolved"},
		}},
	} {
		r := validRule()
		if c.rule != nil {
			c.rule(&r)
		}
		e := newEngine(t, 0, r)
		for _, s := range c.steps {
			at := time.Duration(s.at) * time.Second
			var got []Transition
			if s.pairs == tick {
				got = e.Tick(at, map[string]Health{"gate": {Up: s.up}})
			} else {
				got = e.Observe(at, "gate", window(s.value, s.pairs))
			}
			if describe(got) != s.want {
				t.Errorf("%s: at %s: %q, want %q", name, at, describe(got), s.want)
			}
		}
	}
}

func TestTransitionTellsWhatHappened(t *testing.T) {
	r := validRule()
	e := newEngine(t, 0, r)
	e.Observe(0, "gate", window(0.06, 300))
	fired := e.Observe(30*time.Second, "gate", window(0.07, 300))[0]
	if fired.Value != 0.07 || fired.Bound != 0.05 || fired.Since != 0 || fired.Firing != 1 || fired.Rule.Severity != "warning" || fired.Stream != "gate" {
		t.Errorf("fired: %+v", fired)
	}
	e.Observe(40*time.Second, "gate", window(0.01, 300))
	ended := e.Observe(time.Hour, "gate", window(0.015, 300))[0]
	if ended.Value != 0.015 || ended.Bound != 0.02 || ended.Since != 30*time.Second || ended.Firing != 1 {
		t.Errorf("ended: %+v", ended)
	}
}

func TestReminders(t *testing.T) {
	r := validRule()
	r.For, r.KeepFiringFor = 0, time.Minute
	e := newEngine(t, 10*time.Second, r)
	e.Observe(0, "gate", window(1, 300))
	up := map[string]Health{"gate": {Up: true}}
	for _, c := range []struct {
		at   int
		got  func(at time.Duration) []Transition
		want string
	}{
		{9, func(at time.Duration) []Transition { return e.Tick(at, up) }, ""},
		{10, func(at time.Duration) []Transition { return e.Tick(at, up) }, "10s firing>firing again 1"},
		{19, func(at time.Duration) []Transition { return e.Observe(at, "gate", window(1, 300)) }, ""},
		{25, func(at time.Duration) []Transition { return e.Observe(at, "gate", window(0, 300)) }, "25s firing>firing again 2"},
		{84, func(at time.Duration) []Transition { return e.Tick(at, up) }, "1m24s firing>firing again 3"},
		{85, func(at time.Duration) []Transition { return e.Observe(at, "gate", window(0, 300)) }, "1m25s firing>resolved"},
		{100, func(at time.Duration) []Transition { return e.Tick(at, up) }, ""},
	} {
		at := time.Duration(c.at) * time.Second
		if got := describe(c.got(at)); got != c.want {
			t.Errorf("at %s: %q, want %q", at, got, c.want)
		}
	}
}

func TestRemoveResolves(t *testing.T) {
	r := validRule()
	r.For = 0
	e := newEngine(t, 0, r)
	e.Observe(0, "a", window(1, 300))
	e.Observe(0, "b", window(0, 300))
	if got := e.Firing(); len(got) != 1 || got[0].Stream != "a" {
		t.Errorf("firing: %v", got)
	}
	if got, want := describe(e.Remove(time.Second, "a")), "1s firing>resolved (the camera was paused or taken out)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, name := range []string{"a", "b", "never seen"} {
		if got := e.Remove(2*time.Second, name); got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What must hold of every history, whatever the values.
func TestEngineInvariants(t *testing.T) {
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 7))
		r := validRule()
		r.For = time.Duration(rng.IntN(4)) * 10 * time.Second
		r.KeepFiringFor = time.Duration(rng.IntN(4)) * 10 * time.Second
		remind := time.Duration(rng.IntN(3)) * 15 * time.Second
		e := newEngine(t, remind, r)

		type seenAt struct {
			at    time.Duration
			value float64 // NaN: unknown or down
		}
		var (
			history []seenAt
			state   = Inactive
			at      time.Duration
			since   time.Duration
			sent    time.Duration
			firings uint64
			value   = 0.0
		)
		for range 300 {
			at += time.Duration(1+rng.IntN(8)) * time.Second
			if rng.IntN(6) == 0 {
				value = []float64{0, 0.02, 0.03, 0.05, 0.06, 1, math.NaN()}[rng.IntN(7)]
			}
			var got []Transition
			tick := rng.IntN(4) == 0
			switch {
			case tick && rng.IntN(2) == 0:
				got = e.Tick(at, nil)
				history = append(history, seenAt{at, math.NaN()})
			case tick:
				got = e.Tick(at, map[string]Health{"gate": {Up: true}})
			default:
				pairs := int64(200)
				if rng.IntN(20) == 0 {
					pairs = 0
				}
				got = e.Observe(at, "gate", window(value, pairs))
				v := value
				if pairs == 0 {
					v = math.NaN()
				}
				history = append(history, seenAt{at, v})
			}
			for _, tr := range got {
				if tr.From != state || tr.At != at {
					t.Fatalf("seed %d: %s at %s, but the state was %s", seed, describe(got), at, state)
				}
				switch tr.To {
				case Pending:
					since = at
				case Firing:
					if state == Firing { // a reminder
						if remind == 0 || at-sent < remind {
							t.Fatalf("seed %d: told again at %s, last at %s", seed, at, sent)
						}
						sent = at
						break
					}
					if tick {
						t.Fatalf("seed %d: fired without a window", seed)
					}
					if at-since < r.For {
						t.Fatalf("seed %d: fired after %s, for is %s", seed, at-since, r.For)
					}
					for _, h := range history {
						if h.at >= since && !(h.value > *r.FireAbove) {
							t.Fatalf("seed %d: fired although the value was %v at %s", seed, h.value, h.at)
						}
					}
					firings++
					sent = at
					if tr.Firing != firings {
						t.Fatalf("seed %d: firing %d, want %d", seed, tr.Firing, firings)
					}
				case Resolved:
					if state != Firing {
						t.Fatalf("seed %d: resolved while %s", seed, state)
					}
					for _, h := range history {
						if h.at > at-r.KeepFiringFor && h.value > *r.ClearBelow {
							t.Fatalf("seed %d: resolved at %s although the value was %v at %s", seed, at, h.value, h.at)
						}
					}
				}
				state = tr.To
				if state == Resolved {
					state = Inactive
				}
			}
		}
		// A camera that dies is not told about for ever.
		end := at + r.KeepFiringFor + r.For
		e.Tick(at+time.Second, nil)
		e.Tick(end+2*time.Second, nil)
		if got := e.Firing(); len(got) != 0 {
			t.Fatalf("seed %d: still firing after its camera died: %+v", seed, got)
		}
	}
}

func TestStreamsAndRulesAreApart(t *testing.T) {
	a, b := validRule(), validRule()
	b.Name, b.Window = "Short", time.Second
	a.For, b.For = 0, 0
	e := newEngine(t, 0, a, b)
	if got := e.Windows(); len(got) != 2 || got[0] != width || got[1] != time.Second {
		t.Errorf("windows %v", got)
	}
	e.Observe(0, "one", window(1, 300))
	short := window(1, 300)
	short.Width = time.Second
	e.Observe(0, "two", short)
	var got []string
	for _, f := range e.Firing() {
		got = append(got, f.Stream+" "+f.Rule.Name)
	}
	if s := strings.Join(got, ", "); s != "one FlickerHigh, two Short" {
		t.Errorf("firing: %s", s)
	}
}

func TestRuleValidate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Rule)
		want   string // "" is valid
	}{
		"as it is":         {func(*Rule) {}, ""},
		"no name":          {func(r *Rule) { r.Name = "" }, "name:"},
		"odd name":         {func(r *Rule) { r.Name = "a b" }, "name:"},
		"metric":           {func(r *Rule) { r.Metric = "flips_per_hour" }, "metric: must be one of coverage"},
		"no window":        {func(r *Rule) { r.Window = 0 }, "window:"},
		"no window for up": {func(r *Rule) { r.Metric, r.Window = Up, 0 }, ""},
		"no bound":         {func(r *Rule) { r.FireAbove, r.ClearBelow = nil, nil }, "fire_above:"},
		"two bounds":       {func(r *Rule) { r.FireBelow = f64(1) }, "fire_above:"},
		"swapped":          {func(r *Rule) { r.ClearBelow = f64(0.06) }, "clear_below: must not be above"},
		"wrong clear":      {func(r *Rule) { r.ClearAbove = f64(1) }, "clear_above: goes with"},
		"below":            {func(r *Rule) { r.FireAbove, r.ClearBelow, r.FireBelow, r.ClearAbove = nil, nil, f64(1), f64(2) }, ""},
		"below swapped":    {func(r *Rule) { r.FireAbove, r.ClearBelow, r.FireBelow, r.ClearAbove = nil, nil, f64(2), f64(1) }, "clear_above: must not be below"},
		"nan":              {func(r *Rule) { r.FireAbove = f64(math.NaN()) }, "fire_above: must be a finite"},
		"for":              {func(r *Rule) { r.For = -1 }, "for:"},
		"keep":             {func(r *Rule) { r.KeepFiringFor = -1 }, "keep_firing_for:"},
		"pairs":            {func(r *Rule) { r.MinPairs = -1 }, "min_pairs:"},
	} {
		r := validRule()
		c.change(&r)
		err := r.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := NewEngine(Config{Rules: []Rule{validRule(), validRule()}}); err == nil || !strings.Contains(err.Error(), "same name") {
		t.Errorf("two rules of one name: %v", err)
	}
}

// Every name of a metric leads to the measure of that name.
func TestMetrics(t *testing.T) {
	w := stability.Window{
		Pairs: 100, Flips: 3, Glitches: 4, Unexplained: 5, CutChanges: 6, DecidedPairs: 50, DecidedFlips: 2, StillPairs: 40, StillFlips: 4, MovingPairs: 60, MovingFlips: 3,
		FlipFraction: stability.Interval{Value: 0.1, Low: 0.05, High: 0.2}, UnexplainedFraction: 0.3, DecidedFlipFraction: 0.4,
		FlipRateHz: 1.5, MAC: 0.6, T5D: 7, Coverage: 0.8, EntropyBits: 0.9, FlappingPercent: 10, MeanScore: 0.11,
	}
	for i, k := range []stability.Kind{stability.KindGlitch, stability.KindTransition, stability.KindChurn, stability.KindCensored} {
		w.Kinds[k] = int64(20 + i)
	}
	want := map[string]float64{
		"flip_fraction": 0.1, "flip_fraction.low": 0.05, "flip_fraction.high": 0.2, "unexplained_fraction": 0.3,
		"decided.flip_fraction": 0.4, "still.flip_fraction": 0.1, "moving.flip_fraction": 0.05, "flip_rate_hz": 1.5,
		"mac": 0.6, "t5d": 7, "coverage": 0.8, "entropy_bits": 0.9, "flapping_percent": 10, "mean_score": 0.11,
		"decided.share": 0.5, "decided.flips": 2,
		"flips": 3, "glitches": 4, "unexplained": 5, "cut_changes": 6,
		"kinds.glitch": 20, "kinds.transition": 21, "kinds.churn": 22, "kinds.censored": 23,
	}
	for _, name := range Metrics() {
		if ofHealth(name) {
			continue
		}
		m, ok := metricOf(name)
		if !ok {
			t.Fatalf("no metric %s", name)
		}
		if got, _ := m(&w); got != want[name] {
			t.Errorf("%s is %v, want %v", name, got, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
	if _, pairs := windowMetrics()["decided.flip_fraction"](&w); pairs != 50 {
		t.Errorf("a decided measure rests on %d pairs, want the decided ones", pairs)
	}
}
