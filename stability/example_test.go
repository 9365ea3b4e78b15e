package stability_test

import (
	"fmt"
	"math"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// observe tracks one label a frame at 25 fps; scores and pictures unknown.
func observe(t *stability.Tracker, labels string, each func(*stability.Update)) {
	unknown := float32(math.NaN())
	var u stability.Update
	for i, label := range labels {
		t.Observe(&stability.Observation{
			Seq: uint64(i), PTS: time.Duration(i) * 40 * time.Millisecond, HasPTS: true,
			Label: label - 'a', Score: unknown, PrevLabelScore: unknown, Change: -1,
		}, &u)
		each(&u)
	}
	t.Flush(&u)
	each(&u)
}

func Example() {
	t := stability.NewTracker(stability.DefaultConfig())
	// One frame is called b; later the label changes for good.
	observe(t, "aaaaaaaaaaaabaaaaaaaaaaaacccccccccccc", func(*stability.Update) {})
	s := t.Summary()
	fmt.Printf("%d flips in %d pairs, %.2f a second\n", s.Flips, s.Pairs, s.FlipRateHz)
	fmt.Printf("%d in %d glitch, %d transition\n", s.Kinds[stability.KindGlitch], s.Glitches, s.Kinds[stability.KindTransition])
	fmt.Printf("flip fraction %.3f, between %.3f and %.3f\n", s.FlipFraction.Value, s.FlipFraction.Low, s.FlipFraction.High)
	// Output:
	// 3 flips in 36 pairs, 2.08 a second
	// 2 in 1 glitch, 1 transition
	// flip fraction 0.083, between 0.029 and 0.218
}

// A flip is told at once; its kind follows, and at last how long the label
// after it was held.
func ExampleTracker_Observe() {
	t := stability.NewTracker(stability.DefaultConfig())
	observe(t, "aaaaaaaaaaaabaaaaaaaaaaaa", func(u *stability.Update) {
		if u.Flip {
			fmt.Println(u.FlipAt.Seq, u.FlipAt.Kind)
		}
		for _, f := range u.Late {
			fmt.Println(f.Seq, f.Kind, "revision", f.Revision, "held", f.HeldBefore, f.HeldAfter, f.Final)
		}
	})
	// Output:
	// 12 pending
	// 13 pending
	// 12 glitch revision 1 held 480ms 40ms true
	// 13 glitch revision 1 held 40ms 400ms false
	// 13 glitch revision 2 held 40ms 440ms true
}

func ExampleTracker_Snapshot() {
	cfg := stability.DefaultConfig()
	cfg.Windows = []time.Duration{time.Second}
	t := stability.NewTracker(cfg)
	observe(t, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaababab", func(*stability.Update) {})
	var w stability.Window
	t.Snapshot(time.Second, &w)
	fmt.Printf("%d flips in the last %d pairs, flapping %.1f %%\n", w.Flips, w.Pairs, w.FlappingPercent)
	// Output: 5 flips in the last 25 pairs, flapping 29.9 %
}

func ExampleCombine() {
	var results []stability.Result
	for name, labels := range map[string]string{"door": "aabba", "gate": "ddd"} {
		t := stability.NewTracker(stability.DefaultConfig())
		observe(t, labels, func(*stability.Update) {})
		results = append(results, t.Result(name))
	}
	total := stability.Combine(results, 1000, 1)
	fmt.Printf("macro %.3f, micro %.3f\n", total.Macro.FlipFraction.Value, total.Micro.FlipFraction.Value)
	// Output: macro 0.250, micro 0.333
}

// A smoothed run flips less than the raw one on the same frames.
func ExamplePairedDelta() {
	p := stability.NewPairedDelta("door", stability.DefaultConfig())
	for i := range 3000 {
		raw := stability.PairFact{Pair: i > 0, Flip: i%10 == 0, Change: math.NaN()}
		smoothed := stability.PairFact{Pair: i > 0, Flip: i%30 == 0, Change: math.NaN()}
		p.Add(time.Duration(i)*40*time.Millisecond, true, raw, smoothed)
	}
	d := p.Delta().FlipFraction
	fmt.Printf("%.3f flips a pair; surely fewer: %v\n", d.Value, d.High < 0)
	// Output: -0.067 flips a pair; surely fewer: true
}

func ExampleT5D() {
	before := []stability.Ranked{{Index: 1}, {Index: 2}, {Index: 3}, {Index: 4}, {Index: 5}}
	after := []stability.Ranked{{Index: 2}, {Index: 1}, {Index: 3}, {Index: 4}, {Index: 5}}
	fmt.Println(stability.T5D(before, after))
	// Output: 2
}

func ExampleFlapping() {
	var f stability.Flapping
	s := stability.FlappingState{Low: 20, High: 50}
	for i := range 20 {
		f.Push(i%2 == 0)
		if s.Update(f.Percent()) {
			fmt.Printf("flaps after %d transitions\n", i+1)
			break
		}
	}
	// Output: flaps after 19 transitions
}

// The label wavers once while the truth stays, and follows its change.
func ExampleTruthScorer() {
	labels := "aaaaaaaaaaaaaabaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb"
	truth := "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb"
	t := stability.NewTracker(stability.DefaultConfig())
	s := stability.NewTruthScorer(stability.DefaultTruthConfig())
	var u stability.Update
	for i := range labels {
		o := stability.Observation{
			Seq: uint64(i), PTS: time.Duration(i) * 40 * time.Millisecond, HasPTS: true,
			Label: int32(labels[i]), Score: float32(math.NaN()), PrevLabelScore: float32(math.NaN()), Change: -1,
		}
		t.Observe(&o, &u)
		s.Observe(&o, &u, int32(truth[i]))
	}
	t.Flush(&u)
	s.Flush(&u)
	r := s.Sums().Summary()
	fmt.Printf("accuracy %.1f, edit %.1f, F1@50 %.1f\n", r.Acc, r.Edit, r.F1At50)
	fmt.Printf("%d flips on constant truth, %d at a change of it\n", r.FlipsOnConstantTruth, r.FlipsAtTrueChange)
	fmt.Printf("of the glitches %.0f %% lie on constant truth; they are %.0f %% of such flips\n", 100*r.Precision.Glitch, 100*r.Recall.Glitch)
	// Output:
	// accuracy 97.8, edit 50.0, F1@50 66.7
	// 2 flips on constant truth, 1 at a change of it
	// of the glitches 100 % lie on constant truth; they are 100 % of such flips
}

// What three identical results in a row would have left, and how late it would
// have followed the real change.
func ExampleSmoothing() {
	labels := "aaaaaaaaaaaaaabaaaaaaaaaaaaaaacccccccccccccccc"
	cfg := stability.DefaultConfig()
	three, err := stability.ParseSmoother("three-in-a-row")
	if err != nil {
		panic(err)
	}
	t := stability.NewTracker(cfg)
	s := stability.NewSmoothing(stability.SmoothingConfig{Measures: cfg, Smoothers: []stability.Smoother{three}})
	var u stability.Update
	for i, label := range labels {
		o := stability.Observation{
			Seq: uint64(i), PTS: time.Duration(i) * 40 * time.Millisecond, HasPTS: true,
			Label: label, Score: float32(math.NaN()), PrevLabelScore: float32(math.NaN()), Change: -1,
		}
		t.Observe(&o, &u)
		s.Observe(&o, nil, &u) // no probabilities: this smoother needs none
	}
	t.Flush(&u)
	s.Flush(&u)
	smoothed := s.Smoothed("clip")[0].Summary()
	fmt.Println("without:", t.Summary().Flips, "flips,", t.Summary().Unexplained, "unexplained")
	fmt.Println("with", smoothed.Smoother, smoothed.Summary.Flips, "flip,", smoothed.Summary.Unexplained, "unexplained, lag", smoothed.Lag.Median)
	// Output:
	// without: 3 flips, 2 unexplained
	// with consecutive(3) 1 flip, 0 unexplained, lag 80ms
}
