package app

import (
	"testing"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/stability"
)

// TestExplainerKnowsFramesByTheirPlace: repeated pictures are delivered but
// don't pair, and numbers that the source has skipped don't count.
func TestExplainerKnowsFramesByTheirPlace(t *testing.T) {
	e := newExplainer()
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

func TestExplainWants(t *testing.T) {
	m := &infer.ModelInfo{Preprocessing: infer.Preprocessing{Width: 224, Height: 224, ShortSide: 256, Fit: "crop", Filter: "area"}}
	w := explainWants(m, explainFilters("area"))
	if len(w.list) != 3 || w.list[0].Width != 226 || w.list[1].Width != 224 || w.list[1].Filter != "pillow-bicubic" || w.list[2].Filter != "torch-bilinear" {
		t.Errorf("%+v", w.list)
	}
	m.Preprocessing.Fit = "squash"
	if w := explainWants(m, explainFilters("pillow-bicubic")); w.list[0].Width != 224 || w.list[2].Filter != "pillow-bilinear" {
		t.Errorf("%+v", w.list)
	}
}
