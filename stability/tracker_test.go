package stability

import (
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

const ms = time.Millisecond

// labelled is an observation of which only label and time are known.
func labelled(label int32, at time.Duration) Observation {
	return Observation{PTS: at, HasPTS: true, Label: label, Score: nan32(), PrevLabelScore: nan32(), Change: -1}
}

// untimed is an observation without a time.
func untimed(label int32) Observation {
	o := labelled(label, 0)
	o.HasPTS = false
	return o
}

// summaryOf observes a whole stream.
func summaryOf(cfg Config, obs []Observation) *Summary {
	tr := NewTracker(cfg)
	var u Update
	for i := range obs {
		tr.Observe(&obs[i], &u)
	}
	tr.Flush(&u)
	return tr.Summary()
}

// sameSummary compares bit by bit, NaN equal to NaN.
func sameSummary(a, b *Summary) bool {
	x, y := reflect.ValueOf(*a), reflect.ValueOf(*b)
	return sameValue(x, y)
}

func sameValue(x, y reflect.Value) bool {
	switch x.Kind() {
	case reflect.Float64:
		return math.Float64bits(x.Float()) == math.Float64bits(y.Float()) || math.IsNaN(x.Float()) && math.IsNaN(y.Float())
	case reflect.Struct:
		for i := range x.NumField() {
			if !sameValue(x.Field(i), y.Field(i)) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(x.Interface(), y.Interface())
}

func TestBreaksAndCoverage(t *testing.T) {
	at := func(label int32, pts int, change func(*Observation)) Observation {
		o := labelled(label, time.Duration(pts)*ms)
		if change != nil {
			change(&o)
		}
		return o
	}
	reason := func(r Reason) func(*Observation) { return func(o *Observation) { o.Break = r } }
	tests := []struct {
		name     string
		obs      []Observation
		pairs    int64
		flips    int64
		breaks   map[Reason]int64
		coverage float64
	}{
		{"one observation", []Observation{at(1, 0, nil)}, 0, 0, nil, nan()},
		{"no break", []Observation{at(1, 0, nil), at(1, 100, nil), at(2, 200, nil)}, 2, 1, nil, 1},
		{"gap", []Observation{at(1, 0, nil), at(1, 100, nil), at(2, 400, reason(ReasonGap)), at(2, 500, nil)}, 2, 0,
			map[Reason]int64{ReasonGap: 1}, 200.0 / 500},
		{"an outage of an hour weighs an hour",
			[]Observation{at(1, 0, nil), at(1, 1000, nil), at(2, 3_601_000, reason(ReasonReconnect)), at(2, 3_602_000, nil)}, 2, 0,
			map[Reason]int64{ReasonReconnect: 1}, 2.0 / 3602},
		{"a new epoch is a reconnect", []Observation{at(1, 0, nil), at(2, 100, func(o *Observation) { o.Epoch = 1 })}, 0, 0,
			map[Reason]int64{ReasonReconnect: 1}, 0},
		{"the reason of the source comes first", []Observation{at(1, 0, nil), at(2, 100, func(o *Observation) { o.Epoch, o.Break = 1, ReasonModel })}, 0, 0,
			map[Reason]int64{ReasonModel: 1}, 0},
		{"size", []Observation{at(1, 0, nil), at(2, 100, reason(ReasonSize)), at(2, 200, nil)}, 1, 0, map[Reason]int64{ReasonSize: 1}, 0.5},
		{"a cut does not lower the coverage", []Observation{at(1, 0, nil), at(1, 100, nil), at(2, 200, func(o *Observation) { o.Cut = true }), at(2, 300, nil)}, 2, 0,
			map[Reason]int64{ReasonCut: 1}, 1},
		{"the same time twice", []Observation{at(1, 0, nil), at(2, 0, nil), at(2, 100, nil)}, 1, 0, map[Reason]int64{ReasonTime: 1}, 1},
		{"time goes back", []Observation{at(1, 0, nil), at(1, 500, nil), at(2, 100, nil), at(1, 200, nil)}, 2, 1, map[Reason]int64{ReasonTime: 1}, 1},
		{"a repeat is neither pair nor break",
			[]Observation{at(1, 0, nil), at(1, 100, func(o *Observation) { o.Repeat = true }), at(2, 200, nil)}, 1, 1, nil, 1},
		{"a break wins over a repeat",
			[]Observation{at(1, 0, nil), at(1, 100, func(o *Observation) { o.Repeat, o.Break = true, ReasonGap }), at(2, 200, nil)}, 1, 1,
			map[Reason]int64{ReasonGap: 1}, 0.5},
		{"no label is a lost frame", []Observation{at(1, 0, nil), at(NoLabel, 100, nil), at(2, 200, nil), at(2, 300, nil)}, 1, 0,
			map[Reason]int64{ReasonGap: 1}, 1.0 / 3},
		{"several without a label are one gap", []Observation{at(NoLabel, 0, nil), at(1, 100, nil), at(NoLabel, 200, nil), at(NoLabel, 300, nil), at(2, 400, nil)}, 0, 0,
			map[Reason]int64{ReasonGap: 1}, 0},
		{"without times pairs are counted", []Observation{untimed(1), untimed(2), func() Observation { o := untimed(2); o.Break = ReasonGap; return o }(), untimed(2)}, 2, 1,
			map[Reason]int64{ReasonGap: 1}, 2.0 / 3},
		{"times that begin late", []Observation{untimed(1), untimed(1), at(1, 100, nil), at(1, 200, nil)}, 2, 0, map[Reason]int64{ReasonTime: 1}, 2.0 / 3},
	}
	for _, tt := range tests {
		s := summaryOf(DefaultConfig(), tt.obs)
		want := map[Reason]int64{}
		for r := ReasonGap; r < numReasons; r++ {
			want[r] = tt.breaks[r]
		}
		if s.Pairs != tt.pairs || s.Flips != tt.flips || !maps.Equal(s.Breaks, want) {
			t.Errorf("%s: %d pairs, %d flips, breaks %v, want %d, %d, %v", tt.name, s.Pairs, s.Flips, s.Breaks, tt.pairs, tt.flips, tt.breaks)
		}
		if !(math.Abs(s.Coverage-tt.coverage) < 1e-12) && !(math.IsNaN(s.Coverage) && math.IsNaN(tt.coverage)) {
			t.Errorf("%s: coverage %v, want %v", tt.name, s.Coverage, tt.coverage)
		}
		if s.Frames != int64(len(tt.obs)) {
			t.Errorf("%s: %d frames, want %d", tt.name, s.Frames, len(tt.obs))
		}
	}
}

func TestBreakCalls(t *testing.T) {
	tr := NewTracker(DefaultConfig())
	var u Update
	tr.Break(ReasonGap, 0) // nothing to break yet
	see := func(label int32, at time.Duration) { o := labelled(label, at); tr.Observe(&o, &u) }
	see(1, 0)
	see(1, 100*ms)
	tr.Break(ReasonReconnect, 200*ms)
	tr.Break(ReasonGap, 5100*ms)
	see(2, 0) // the camera counts from zero again
	if u.Break != ReasonReconnect || u.Pair {
		t.Errorf("after Break: %+v", u)
	}
	see(2, 100*ms)
	if s := tr.Summary(); s.Breaks[ReasonReconnect] != 1 || s.Breaks[ReasonGap] != 0 || math.Abs(s.Coverage-0.2/5.2) > 1e-9 {
		t.Errorf("summary after a reconnect: breaks %v, coverage %v", s.Breaks, s.Coverage)
	}
	tr.Break(ReasonCut, 150*ms)
	see(3, 200*ms)
	if u.Break != ReasonCut || !u.CutChange {
		t.Errorf("after a cut: %+v", u)
	}
	tr.Break(ReasonGap, 700*ms)
	tr.Flush(&u)
	if u.Break != ReasonGap {
		t.Errorf("a break at the end is told at Flush, got %+v", u)
	}
	tr.Flush(&u)
	if s := tr.Summary(); s.Breaks[ReasonGap] != 1 || math.Abs(s.Coverage-0.2/5.7) > 1e-9 {
		t.Errorf("summary at the end: breaks %v, coverage %v", s.Breaks, s.Coverage)
	}
}

func TestCutCounterKnowsShortestScene(t *testing.T) {
	var obs []Observation
	for i := range 100 {
		o := labelled(int32(i%2), time.Duration(i)*100*ms)
		o.Cut = i == 3 || i == 10 || i == 12 || i == 16 || i == 17
		obs = append(obs, o)
	}
	s := summaryOf(DefaultConfig(), obs)
	// The one at 0.3 s follows the start too soon; that at 1.2 s the one at
	// 1.0 s; that at 1.6 s is 0.6 s after it.
	if s.Cuts != 2 || s.Breaks[ReasonCut] != 5 || s.CutChanges != 5 || s.Pairs != 94 {
		t.Errorf("cuts %d, breaks %d, cut changes %d, pairs %d; want 2, 5, 5, 94", s.Cuts, s.Breaks[ReasonCut], s.CutChanges, s.Pairs)
	}
}

func TestKindsByExample(t *testing.T) {
	// Each letter is a frame of 50 ms.
	tests := []struct {
		labels                              string
		glitch, transition, churn, censored int64
		glitches                            int64
	}{
		{"aaaaaaaaaabaaaaaaaaaa", 2, 0, 0, 0, 1},
		{"aaaaaaaaaabcdaaaaaaaaaa", 4, 0, 0, 0, 1},
		{"aaaaaaaaaabbbbaaaaaaaaaa", 2, 0, 0, 0, 1},
		{"aaaaaaaaaabbbbbaaaaaaaaaa", 0, 0, 2, 0, 0}, // away for 250 ms
		{"aaaaaaaaaabbbbbbbbbb", 0, 1, 0, 0, 0},
		{"aaaaaaaaaabaaaaaaaaaabbbbbbbbbb", 2, 1, 0, 0, 1},
		{"aaaaaaaaaabaaaaaaaaaacaaaaaaaaaa", 4, 0, 0, 0, 2},
		{"aaaaaaaaaabababababbbbbbbbbb", 0, 0, 9, 0, 0},
		{"aaaaaaaaaabcccccccccc", 0, 0, 2, 0, 0},
		{"ab", 0, 0, 0, 1, 0},
		{"abababababababababab", 0, 0, 19, 0, 0},
		{"aaaaaaaaaab", 0, 0, 0, 1, 0},
		{"aaaaaaaaaaba", 0, 0, 0, 2, 0},
		{"aabaaaaaaaaaa", 0, 0, 0, 2, 0},
		{"abaaaaaaaaaaa", 0, 0, 0, 2, 0},
		{"abcaaaaaaaaaaa", 0, 0, 0, 3, 0},
		{"aaabbbbbbccccccccccc", 0, 0, 2, 0, 0},
	}
	for _, tt := range tests {
		var obs []Observation
		for i, c := range tt.labels {
			obs = append(obs, labelled(c, time.Duration(i)*50*ms))
		}
		s := summaryOf(DefaultConfig(), obs)
		got := [5]int64{s.Kinds[KindGlitch], s.Kinds[KindTransition], s.Kinds[KindChurn], s.Kinds[KindCensored], s.Glitches}
		if want := [5]int64{tt.glitch, tt.transition, tt.churn, tt.censored, tt.glitches}; got != want {
			t.Errorf("%s: glitch, transition, churn, censored, glitches are %v, want %v", tt.labels, got, want)
		}
	}
}

func TestReversedTimeKeepsFlips(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	for range 300 {
		var forward, backward []Observation
		at := time.Duration(0)
		for range 2 + rng.IntN(200) {
			forward = append(forward, labelled(rng.Int32N(3), at))
			at += time.Duration(1+rng.IntN(100)) * ms
		}
		for i := range forward {
			o := forward[len(forward)-1-i]
			o.PTS = at - o.PTS
			backward = append(backward, o)
		}
		cfg := DefaultConfig()
		cfg.Resamples = 100
		a, b := summaryOf(cfg, forward), summaryOf(cfg, backward)
		if a.Flips != b.Flips || a.Pairs != b.Pairs || a.Observed != b.Observed || a.EntropyBits != b.EntropyBits {
			t.Fatalf("forward %d of %d, backward %d of %d", a.Flips, a.Pairs, b.Flips, b.Pairs)
		}
	}
}

func TestRenamedLabelsChangeNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(33, 34))
	cfg := DefaultConfig()
	cfg.Resamples = 100
	for range 300 {
		obs := randomStream(rng, 2+rng.IntN(200))
		renamed := append([]Observation(nil), obs...)
		for i := range renamed {
			if renamed[i].Label != NoLabel {
				renamed[i].Label = 900 - 7*renamed[i].Label
			}
		}
		a, b := summaryOf(cfg, obs), summaryOf(cfg, renamed)
		a.LabelCounts, b.LabelCounts, a.LabelPairs, b.LabelPairs = nil, nil, nil, nil
		if !sameSummary(a, b) {
			t.Fatalf("renamed:\n%+v\n%+v", a, b)
		}
	}
}

// TestSplitByBreak: a stream with a break is two streams, in all that is
// counted.
func TestSplitByBreak(t *testing.T) {
	rng := rand.New(rand.NewPCG(35, 36))
	cfg := DefaultConfig()
	cfg.Resamples = 100
	for range 500 {
		obs := randomStream(rng, 4+rng.IntN(200))
		at := 1 + rng.IntN(len(obs)-2)
		for obs[at].Label == NoLabel || obs[at-1].Label == NoLabel || obs[at].PTS <= obs[at-1].PTS || obs[at].Cut || obs[at].Repeat {
			obs = randomStream(rng, 4+rng.IntN(200))
			at = 1 + rng.IntN(len(obs)-2)
		}
		// Far enough apart that no cut is near across the break.
		for i := at; i < len(obs); i++ {
			obs[i].PTS += time.Hour
		}
		obs[at].Break = ReasonGap
		var results []Result
		for _, part := range [][]Observation{obs, obs[:at], obs[at:]} {
			tr := NewTracker(cfg)
			var u Update
			for i := range part {
				tr.Observe(&part[i], &u)
			}
			results = append(results, tr.Result(""))
		}
		whole := results[0].Summary
		parts := Combine(results[1:], cfg.Resamples, cfg.Seed).Micro
		if whole.Breaks[ReasonGap] != parts.Breaks[ReasonGap]+1 {
			t.Fatalf("%d gaps in the whole, %d in the parts", whole.Breaks[ReasonGap], parts.Breaks[ReasonGap])
		}
		whole.Breaks, parts.Breaks = nil, nil
		whole.Coverage, parts.Coverage = 0, 0
		whole.Cuts, parts.Cuts = 0, 0 // the minimum scene looks across breaks
		whole.Top5Jaggedness, parts.Top5Jaggedness = 0, 0
		for _, iv := range []*Summary{whole, parts} {
			iv.FlipFraction, iv.UnexplainedFraction, iv.Decided.FlipFraction = Interval{}, Interval{}, Interval{}
			iv.Still.FlipFraction, iv.Moving.FlipFraction = Interval{}, Interval{}
			iv.First, iv.Last = 0, 0
		}
		if !sameSummary(whole, parts) {
			t.Fatalf("whole and parts differ:\n%+v\n%+v\n%s", whole, parts, describe(obs))
		}
	}
}

// TestReplayGivesTheSame: a tracker's state is what it has observed.
func TestReplayGivesTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(37, 38))
	obs := randomStream(rng, 2000)
	a, b := summaryOf(DefaultConfig(), obs), summaryOf(DefaultConfig(), obs)
	if !sameSummary(a, b) {
		t.Errorf("two passes differ:\n%+v\n%+v", a, b)
	}
	tr := NewTracker(DefaultConfig())
	var u Update
	for i := range obs {
		tr.Observe(&obs[i], &u)
		if i%500 == 0 {
			tr.Summary() // asking changes nothing
		}
	}
	if c := tr.Summary(); !sameSummary(a, c) {
		t.Errorf("asked in between:\n%+v\n%+v", a, c)
	}
}

func TestWithoutTimes(t *testing.T) {
	s := summaryOf(DefaultConfig(), []Observation{untimed(1), untimed(2), untimed(1), untimed(1)})
	if s.Flips != 2 || s.Pairs != 3 || s.Kinds != nil || s.Unexplained != -1 || s.Glitches != -1 || s.HasPTS ||
		!math.IsNaN(s.FlipRateHz) || !math.IsNaN(s.UnexplainedFraction.Value) || s.Dwell.MedianFrames != 1 || s.Coverage != 1 {
		t.Errorf("summary without times: %+v", s)
	}
	var u Update
	tr := NewTracker(DefaultConfig())
	a, b := untimed(1), untimed(2)
	tr.Observe(&a, &u)
	tr.Observe(&b, &u)
	if !u.FlipAt.Final || u.FlipAt.Kind != KindNone {
		t.Errorf("a flip without a time has no kind and nothing to wait for: %+v", u.FlipAt)
	}
}

func TestManyFlipsAtOnce(t *testing.T) {
	// 100,000 frames a second: more flips than may wait.
	tr := NewTracker(DefaultConfig())
	var u Update
	late, flips := 0, 0
	for i := range 5000 {
		o := labelled(int32(i%3), time.Duration(i)*10*time.Microsecond)
		o.Seq = uint64(i)
		tr.Observe(&o, &u)
		late += len(u.Late)
		if u.Flip {
			flips++
		}
		if n := tr.pending.len(); n > maxPending+1 {
			t.Fatalf("%d flips wait", n)
		}
	}
	tr.Flush(&u)
	late += len(u.Late)
	s := tr.Summary()
	if flips != 4999 || late < flips || s.Kinds[KindChurn]+s.Kinds[KindCensored] != 4999 {
		t.Errorf("%d flips, %d told late, kinds %v", flips, late, s.Kinds)
	}
}

func TestConfigIsChecked(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, mutate := range map[string]func(*Config){
		"zero":       func(c *Config) { *c = Config{} },
		"min score":  func(c *Config) { c.MinScore = 1.5 },
		"nan":        func(c *Config) { c.MinScore = nan() },
		"dwell":      func(c *Config) { c.DwellMin = c.GlitchMax },
		"window":     func(c *Config) { c.Windows = []time.Duration{0} },
		"resamples":  func(c *Config) { c.Resamples = 1 },
		"block":      func(c *Config) { c.Block = 0 },
		"near cut":   func(c *Config) { c.NearCut = -1 },
		"ring":       func(c *Config) { c.WindowExact = 1 },
		"classes":    func(c *Config) { c.Classes = -1 },
		"glitch max": func(c *Config) { c.GlitchMax = 0 },
	} {
		c := DefaultConfig()
		mutate(&c)
		if c.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
