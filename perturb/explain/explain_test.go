package explain

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/stability"
)

// TestRecorderKnowsFramesByTheirPlace: repeated pictures are delivered but
// don't pair, and numbers that the source has skipped don't count.
func TestRecorderKnowsFramesByTheirPlace(t *testing.T) {
	e := NewRecorder(0)
	for _, o := range []struct {
		seq                uint64
		label              int32
		pair, flip, repeat bool
	}{
		{seq: 0, label: 1}, {seq: 1, label: 1, pair: true}, {seq: 2, label: 1, repeat: true},
		{seq: 3, label: 2, pair: true, flip: true}, {seq: 9, label: 2}, {seq: 10, label: 3, pair: true, flip: true},
	} {
		ev := &event.Event{Observation: &stability.Observation{Seq: o.seq, Label: o.label, Change: 4}}
		ev.Pair, ev.Flip, ev.Repeat = o.pair, o.flip, o.repeat
		if err := e.Record(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Record(t.Context(), &event.Event{}); err != nil {
		t.Fatal(err)
	}
	want := []perturb.PairOfFrames{{Seq: 3, Before: 1, From: 1, To: 2, Change: 4}, {Seq: 5, Before: 4, From: 2, To: 3, Change: 4}}
	if len(e.flips.pairs) != 2 || e.flips.pairs[0] != want[0] || e.flips.pairs[1] != want[1] {
		t.Errorf("%+v", e.flips.pairs)
	}
	if len(e.held.pairs) != 1 || e.held.pairs[0].Seq != 1 || e.seq[3] != 3 || e.seq[5] != 10 {
		t.Errorf("%+v, %v", e.held.pairs, e.seq)
	}
}

// TestRecorderSortsByTruth: its groups are those that the scorer of the truth
// counts, whatever the tolerance.
func TestRecorderSortsByTruth(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	for tolerance := range 4 {
		e := NewRecorder(tolerance)
		cfg := stability.DefaultTruthConfig()
		cfg.Tolerance = tolerance
		scorer, tracker := stability.NewTruthScorer(cfg), stability.NewTracker(stability.DefaultConfig())
		var u stability.Update
		var truth, before int32
		var pairs, changes, changesWithFlip int
		for i := range 3000 {
			switch n := rng.IntN(100); {
			case n < 8:
				truth = rng.Int32N(4)
			case n == 8:
				truth = stability.NoLabel
			}
			o := stability.Observation{Seq: uint64(i), HasPTS: true, PTS: time.Duration(i) * 40 * time.Millisecond, Label: truth, Score: .9, Change: int32(rng.IntN(5))}
			if o.Label == stability.NoLabel || rng.IntN(12) == 0 {
				o.Label = rng.Int32N(4)
			}
			o.Repeat = rng.IntN(30) == 0
			if rng.IntN(50) == 0 {
				o.Break = stability.ReasonGap
			}
			tracker.Observe(&o, &u)
			scorer.Observe(&o, &u, truth)
			if err := e.Record(t.Context(), &event.Event{Observation: &o, Update: u, Truth: &truth}); err != nil {
				t.Fatal(err)
			}
			if u.Repeat {
				continue
			}
			if u.Pair && before != stability.NoLabel && truth != stability.NoLabel {
				pairs++
				if before != truth {
					if changes++; u.Flip {
						changesWithFlip++
					}
				}
			}
			before = truth
		}
		tracker.Flush(&u)
		scorer.Flush(&u)
		e.endRun()
		sum := scorer.Sums().Summary()
		if int64(e.flips.seen) != sum.FlipsOnConstantTruth || e.changes.seen != changes || changes == 0 || e.flips.seen == 0 {
			t.Errorf("tolerance %d: %d flips, %d true changes, want %d and %d", tolerance, e.flips.seen, e.changes.seen, sum.FlipsOnConstantTruth, changes)
		}
		if tolerance == 0 && (int64(changesWithFlip) != sum.FlipsAtTrueChange || e.flips.seen+e.held.seen+e.changes.seen != pairs) {
			t.Errorf("%d of %d, %d pairs: %d + %d + %d", changesWithFlip, sum.FlipsAtTrueChange, pairs, e.flips.seen, e.held.seen, e.changes.seen)
		}
		for _, p := range e.changes.pairs {
			if _, ok := e.seq[p.Seq]; ok != (p.From != p.To) {
				t.Fatalf("true change %+v: its labels are asked for: %v", p, ok)
			}
		}
	}
}

// TestPairListIsBounded: what is kept is even, whatever the number.
func TestPairListIsBounded(t *testing.T) {
	for _, n := range []int{3, maxPairs, maxPairs + 1, 5*maxPairs + 7} {
		var l pairList
		for i := range n {
			l.add(perturb.PairOfFrames{Seq: uint64(i)})
		}
		if len(l.pairs) > maxPairs || len(l.pairs) < min(n, maxPairs/2) || l.seen != n {
			t.Errorf("%d pairs: %d kept", n, len(l.pairs))
		}
		for i, p := range l.pairs {
			if p.Seq != uint64(i*l.step) {
				t.Fatalf("%d pairs: place %d holds %d, step %d", n, i, p.Seq, l.step)
			}
		}
	}
}

func TestWants(t *testing.T) {
	m := &infer.ModelInfo{Preprocessing: infer.Preprocessing{Width: 224, Height: 224, ShortSide: 256, Fit: "crop", Filter: "area"}}
	w := Wants(m, Filters("area"))
	if len(w) != 3 || w[0].Width != 226 || w[1].Width != 224 || w[1].Filter != "pillow-bicubic" || w[2].Filter != "torch-bilinear" {
		t.Errorf("%+v", w)
	}
	m.Preprocessing.Fit = "squash"
	if w := Wants(m, Filters("pillow-bicubic")); w[0].Width != 224 || w[2].Filter != "pillow-bilinear" {
		t.Errorf("%+v", w)
	}
}
