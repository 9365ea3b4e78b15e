package stability

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

// TestScoresAgainstSetsOfLabels compares the scores against a truth of several
// labels a frame with a computation on the sets themselves.
func TestScoresAgainstSetsOfLabels(t *testing.T) {
	rng := rand.New(rand.NewPCG(71, 72))
	several := false
	for i := range fewer(2000) {
		n := 2 + rng.IntN(80)
		labels, first := labelsWithTruth(rng, n)
		_, second := labelsWithTruth(rng, n)
		most := 1 + rng.IntN(2)
		sets := new(TruthSets)
		truth, of := make([]int32, n), make([][]int32, n)
		for j := range truth {
			of[j] = []int32{first[j], 10 + second[j]}[:most]
			if most > 1 && rng.IntN(2) == 0 {
				of[j] = []int32{of[j][1], of[j][0], of[j][1]} // the same set
			}
			if rng.IntN(3) == 0 && len(of[j]) > 1 {
				labels[j] = of[j][1]
			}
			var err error
			if truth[j], err = sets.Add(of[j]); err != nil {
				t.Fatal(err)
			}
		}
		cfg := DefaultTruthConfig()
		cfg.Near, cfg.Window, cfg.Sets = rng.IntN(8), 1+rng.IntN(12), sets
		got := scoreStream(cfg, atRate(labels, 40*ms), truth)

		right := func(j int) bool { return slices.Contains(of[j], labels[j]) }
		sameSet := func(a, b int) bool {
			x, y := slices.Clone(of[a]), slices.Clone(of[b])
			slices.Sort(x)
			slices.Sort(y)
			return slices.Equal(slices.Compact(x), slices.Compact(y))
		}
		var want struct{ correct, anchors, windows, both, constant, change int64 }
		for j := range labels {
			all := true
			for k := max(0, j-cfg.Near); k <= min(n-1, j+cfg.Near); k++ {
				all = all && right(k)
			}
			if all {
				want.anchors++
			}
			if right(j) {
				want.correct++
			}
			if j > 0 && labels[j] != labels[j-1] {
				if sameSet(j, j-1) {
					want.constant++
				} else {
					want.change++
				}
			}
			if j >= n-cfg.Window {
				continue
			}
			still, held := true, true
			for k := j + 1; k < j+cfg.Window; k++ {
				still, held = still && sameSet(k, j), held && labels[k] == labels[j]
			}
			if still {
				want.windows++
				if held {
					want.both++
				}
			}
		}
		if got.correct != want.correct || got.anchorsRight != want.anchors || got.windows != want.windows || got.windowsConstant != want.both ||
			got.flips[classConstant] != want.constant || got.flips[classChange] != want.change {
			t.Fatalf("stream %d: got %+v, want %+v\n%v\n%v", i, got, want, labels, of)
		}
		s := got.Summary()
		if known := !math.IsNaN(s.F1At50) && !math.IsNaN(s.Edit); known == (most > 1) {
			t.Fatalf("stream %d of up to %d labels a frame: edit %v, f1 %v", i, most, s.Edit, s.F1At50)
		}
		several = several || most > 1
	}
	if !several {
		t.Error("no truth had several labels")
	}
}

func TestTruthOfSeveralLabelsIsPooled(t *testing.T) {
	sets := new(TruthSets)
	both, _ := sets.Add([]int32{1, 2})
	cfg := DefaultTruthConfig()
	cfg.Sets = sets
	one := scoreStream(cfg, atRate([]int32{1, 1, 2}, 40*ms), []int32{1, 1, 1})
	two := scoreStream(cfg, atRate([]int32{1, 1, 2}, 40*ms), []int32{both, both, both})
	two.Merge(one)
	if s := two.Summary(); !math.IsNaN(s.Edit) || !math.IsNaN(s.F1At10) || s.Acc != 500.0/6 {
		t.Errorf("edit %v, f1 %v, acc %v: segments of a part of the streams were told", s.Edit, s.F1At10, s.Acc)
	}
}

func TestTruthSets(t *testing.T) {
	s := new(TruthSets)
	add := func(labels ...int32) int32 {
		t.Helper()
		n, err := s.Add(labels)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if add() != NoLabel || add(3) != 3 || add(3, 3) != 3 {
		t.Error("no label and a single one are no sets")
	}
	a, b := add(5, 2), add(2, 7)
	if a >= NoLabel || b >= NoLabel || a == b || add(2, 5, 2) != a {
		t.Errorf("sets %d and %d", a, b)
	}
	if got := s.Of(a); !reflect.DeepEqual(got, []int32{2, 5}) {
		t.Errorf("the set is %v", got)
	}
	if s.Of(2) != nil || s.Of(NoLabel) != nil || s.Of(b-1) != nil || (*TruthSets)(nil).Of(a) != nil {
		t.Error("what is no set has labels")
	}
	if _, err := s.Add([]int32{1, -1}); err == nil {
		t.Error("no label as a part of a set was accepted")
	}
	for i := int32(0); i <= maxTruthSets; i++ {
		if _, err := s.Add([]int32{i, i + 1}); err != nil {
			return
		}
	}
	t.Error("there is no end to sets")
}

func TestTop5OfSeveralLabels(t *testing.T) {
	sets := new(TruthSets)
	truth, _ := sets.Add([]int32{7, 9})
	cfg := DefaultTruthConfig()
	cfg.Sets = sets
	ranked := func(i int, classes ...int32) Observation {
		o := labelled(classes[0], time.Duration(i)*40*ms)
		for _, c := range classes {
			o.Top[o.N] = Ranked{c, 0.1}
			o.N++
		}
		return o
	}
	obs := []Observation{ranked(0, 1, 2, 3, 4, 7), ranked(1, 1, 2, 3, 4, 9), ranked(2, 1, 2, 3, 4, 5), ranked(3, 1, 9, 3, 4, 7)}
	s := scoreStream(cfg, obs, []int32{truth, truth, truth, truth}).Summary()
	if s.Top5Jaggedness != 2 || s.Top5Loss != 1.0/3 {
		t.Errorf("jaggedness %d, loss %v, want 2 and 1/3", s.Top5Jaggedness, s.Top5Loss)
	}
}
