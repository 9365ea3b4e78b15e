package perturb

import (
	"math"
	"reflect"
	"testing"
)

func TestChoosePairs(t *testing.T) {
	flips := []PairOfFrames{
		{Seq: 10, Before: 9, From: 1, To: 2, Change: 5}, {Seq: 20, Before: 19, From: 2, To: 1, Change: 50},
		{Seq: 30, Before: 29, From: 7, To: 8, Change: 5},
	}
	held := []PairOfFrames{
		{Seq: 11, Before: 10, From: 2, To: 2, Change: 49}, {Seq: 13, Before: 12, From: 2, To: 2, Change: 4},
		{Seq: 15, Before: 14, From: 1, To: 1, Change: 6}, {Seq: 17, Before: 16, From: 3, To: 3, Change: 5},
	}
	got := ChoosePairs(flips, held, nil, 0)
	// 10 finds 13 and 15 equally alike and takes the nearer; 20 takes 11; 30
	// finds nothing with its labels.
	var seqs []uint64
	var groups []PairGroup
	for _, p := range got {
		seqs, groups = append(seqs, p.Seq), append(groups, p.Group)
	}
	if !reflect.DeepEqual(seqs, []uint64{10, 11, 13, 20, 30}) || !reflect.DeepEqual(groups, []PairGroup{Flipped, Held, Held, Flipped, Flipped}) {
		t.Errorf("%v %v", seqs, groups)
	}
	if got := ChoosePairs(flips, nil, nil, 2); len(got) != 2 || got[0].Seq != 10 || got[1].Seq != 20 {
		t.Errorf("two of three: %v", got)
	}
	if got := ChoosePairs(nil, held, nil, 5); len(got) != 0 {
		t.Errorf("pairs of nothing: %v", got)
	}
	// True changes are as many as flips at most, and pairs of their own.
	changes := []PairOfFrames{{Seq: 12, Before: 11, From: 2, To: 2}, {Seq: 22, Before: 21, From: 1, To: 2}, {Seq: 25, Before: 24, From: 2, To: 2}}
	seqs, groups = nil, nil
	for _, p := range ChoosePairs(flips[:1], held, changes, 2) {
		seqs, groups = append(seqs, p.Seq), append(groups, p.Group)
	}
	if !reflect.DeepEqual(seqs, []uint64{10, 12, 13, 22}) || !reflect.DeepEqual(groups, []PairGroup{Flipped, TrueChange, Held, TrueChange}) {
		t.Errorf("%v %v", seqs, groups)
	}
	if changes[0].Group != Flipped {
		t.Error("the caller's pairs were written into")
	}
}

func steady(label int32, failing, filters int) *Steadiness {
	s := &Steadiness{Filtered: []int32{label, label}}
	for i := range s.Shifted {
		s.Shifted[i] = label
	}
	for i := range failing {
		s.Shifted[8-i-i/4] = label + 1 // not the middle
	}
	for i := range filters {
		s.Filtered[i] = label + 1
	}
	return s
}

func TestExplain(t *testing.T) {
	for n := range 9 {
		if s := steady(3, n, 0); s.Failing() != n || s.Label() != 3 {
			t.Fatalf("%d failing: %v", n, s.Shifted)
		}
	}
	frames := map[uint64]*Steadiness{1: steady(1, 8, 2), 2: steady(2, 4, 0), 3: steady(1, 0, 0), 4: steady(1, 0, 0), 5: steady(1, 2, 1)}
	e := Explain([]PairOfFrames{
		{Before: 1, Seq: 2}, {Before: 2, Seq: 3}, {Before: 3, Seq: 4}, {Before: 2, Seq: 9}, // 9 was not seen
		{Before: 3, Seq: 4, Group: Held}, {Before: 4, Seq: 5, Group: Held},
	}, frames)
	if e.Flips.Pairs != 3 || e.Flips.Touching != 2 || e.Flips.Shifts.Value != 16./48 || e.Flips.Filters.Value != 2./12 {
		t.Errorf("flips: %+v", e.Flips)
	}
	if e.Held.Pairs != 2 || e.Held.Touching != 1 || e.Held.Shifts.Value != 2./32 || e.Held.Filters.Value != 1./8 {
		t.Errorf("held: %+v", e.Held)
	}
	if e.TrueChanges.Pairs != 0 || e.TrueChanges.Shifts != nil || e.TrueChangeOdds != nil || e.FlipToTrueOdds != nil {
		t.Errorf("true changes: %+v", e)
	}
	// (2.5·1.5)/(1.5·1.5); log ± 1.96·√(1/2.5+1/1.5+1/1.5+1/1.5).
	want, se := 2.5/1.5, math.Sqrt(1/2.5+3/1.5)
	if math.Abs(e.Odds.Value-want) > 1e-12 || math.Abs(*e.Odds.Low-want*math.Exp(-wilsonZ*se)) > 1e-12 || math.Abs(*e.Odds.High-want*math.Exp(wilsonZ*se)) > 1e-9 {
		t.Errorf("odds %+v", e.Odds)
	}
	// With true changes each two of the groups are compared.
	e = Explain([]PairOfFrames{
		{Before: 1, Seq: 2}, {Before: 3, Seq: 4}, {Before: 3, Seq: 4, Group: Held},
		{Before: 4, Seq: 5, Group: TrueChange}, {Before: 3, Seq: 4, Group: TrueChange}, {Before: 4, Seq: 3, Group: TrueChange},
	}, frames)
	if e.TrueChanges.Pairs != 3 || e.TrueChanges.Touching != 1 || e.TrueChanges.Shifts.Value != 2./48 || e.TrueChanges.Filters.Value != 1./12 {
		t.Errorf("true changes: %+v", e.TrueChanges)
	}
	for _, c := range []struct {
		name       string
		got        *Estimate
		a, b, c, d float64
	}{
		{"flips, without", e.Odds, 1.5, 1.5, .5, 1.5},
		{"true changes, without", e.TrueChangeOdds, 1.5, 2.5, .5, 1.5},
		{"flips, true changes", e.FlipToTrueOdds, 1.5, 1.5, 1.5, 2.5},
	} {
		want, se := c.a*c.d/(c.b*c.c), math.Sqrt(1/c.a+1/c.b+1/c.c+1/c.d)
		if c.got == nil || math.Abs(c.got.Value-want) > 1e-12 || math.Abs(*c.got.Low-want*math.Exp(-wilsonZ*se)) > 1e-12 || math.Abs(*c.got.High-want*math.Exp(wilsonZ*se)) > 1e-9 {
			t.Errorf("%s: %+v, want %v", c.name, c.got, want)
		}
	}
	if Explain(nil, nil).Odds != nil {
		t.Error("odds of nothing")
	}
}

// TestShiftedView: with a margin the edge is the picture's own.
func TestShiftedView(t *testing.T) {
	big := drawn(10, 8, noise)
	small := cutOut(big, whole(big).Inset(1))
	for i, by := range NineShifts() {
		dst := newPicture(8, 6)
		ShiftedView(dst, big, by)
		for y := range 6 {
			for x := range 8 {
				if dst.Pix[3*(8*y+x)] != noise(x+1-by.X, y+1-by.Y) {
					t.Fatalf("shift %v at %d,%d", by, x, y)
				}
			}
		}
		ShiftedView(dst, small, by)
		if i == 4 && !reflect.DeepEqual(dst.Pix, small.Pix) {
			t.Error("no shift changes the picture")
		}
		if got, want := dst.Pix[3*(8*3+4)], noise(5-by.X, 4-by.Y); got != want {
			t.Errorf("shift %v: %d, want %d", by, got, want)
		}
	}
}
