package stability

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// ranking turns σ (the new rank of the class that had rank i, from 1) into
// two top fives.
func ranking(sigma ...int) (prev, cur []Ranked) {
	for i := range TopK {
		prev = append(prev, Ranked{Index: int32(i)})
		cur = append(cur, Ranked{Index: int32(100 + i)})
	}
	for i, rank := range sigma[:TopK] {
		if rank <= TopK {
			cur[rank-1].Index = int32(i)
		}
	}
	return prev, cur
}

func TestT5D(t *testing.T) {
	tests := []struct {
		sigma []int
		want  int
	}{
		{[]int{1, 2, 3, 4, 5}, 0},
		{[]int{2, 1, 3, 4, 5}, 2},
		{[]int{1, 2, 3, 5, 4}, 2},
		{[]int{1, 2, 3, 4, 6, 5}, 1},
		{[]int{6, 1, 2, 3, 4, 5}, 9},
		{[]int{2, 3, 4, 5, 1}, 8},
		{[]int{2, 3, 4, 5, 6, 1}, 5},
		{[]int{5, 4, 3, 2, 1}, 12},
		{[]int{6, 7, 8, 9, 10, 1, 2, 3, 4, 5}, 15},
		{[]int{1, 2, 3, 4, 500}, 1},
	}
	for _, tt := range tests {
		prev, cur := ranking(tt.sigma...)
		if got := T5D(prev, cur); got != tt.want {
			t.Errorf("T5D of ranks %v is %d, want %d", tt.sigma, got, tt.want)
		}
	}
	prev, cur := []Ranked{{7, .6}, {3, .3}, {1, .1}}, []Ranked{{3, .5}, {7, .4}, {1, .1}}
	if got := T5D(prev, cur); got != 2 {
		t.Errorf("T5D of three classes is %d, want 2", got)
	}
}

func TestT5DIsAtMost18(t *testing.T) {
	most := 0
	var try func(sigma []int, used int)
	try = func(sigma []int, used int) {
		if len(sigma) == TopK {
			prev, cur := ranking(sigma...)
			most = max(most, T5D(prev, cur))
			return
		}
		try(append(sigma, 6), used)
		for r := 1; r <= TopK; r++ {
			if used>>r&1 == 0 {
				try(append(sigma, r), used|1<<r)
			}
		}
	}
	try(nil, 0)
	if most != 18 {
		t.Errorf("the largest T5D is %d, want 18", most)
	}
}

func TestFlipFractionOfTwoStreams(t *testing.T) {
	var rs []Result
	for _, labels := range [][]int32{{1, 1, 2, 2, 1}, {3, 3, 3}} {
		tr := NewTracker(DefaultConfig())
		var u Update
		for _, l := range labels {
			o := untimed(l)
			tr.Observe(&o, &u)
		}
		rs = append(rs, tr.Result(string(rune('a'+len(rs)))))
	}
	total := Combine(rs, 1000, 1)
	if got := total.Macro.FlipFraction.Value; got != 0.25 {
		t.Errorf("macro %v, want 0.25", got)
	}
	if got := total.Micro.FlipFraction.Value; got != 2.0/6 {
		t.Errorf("micro %v, want 2/6", got)
	}
}

func TestFlappingPercent(t *testing.T) {
	percent := func(changes func(x int) bool) float64 {
		var f Flapping
		for x := 1; x <= 20; x++ {
			f.Push(changes(x))
		}
		return f.Percent()
	}
	for name, tt := range map[string]struct {
		changes func(x int) bool
		want    float64
	}{
		"all":         {func(int) bool { return true }, 100},
		"none":        {func(int) bool { return false }, 0},
		"only newest": {func(x int) bool { return x == 20 }, 6.25},
		"only oldest": {func(x int) bool { return x == 1 }, 3.75},
	} {
		if got := percent(tt.changes); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s: %v %%, want %v", name, got, tt.want)
		}
	}
	var f Flapping
	if !math.IsNaN(f.Percent()) {
		t.Error("nothing has happened, but there is a percentage")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var all []bool
	for range 300 {
		all = append(all, rng.IntN(3) == 0)
		f.Push(all[len(all)-1])
		want := 0.0
		for x := 1; x <= 20; x++ {
			if i := len(all) - 21 + x; i >= 0 && all[i] {
				want += 0.75 + float64(x-1)*0.5/19
			}
		}
		if got := f.Percent(); math.Abs(got-100*want/20) > 1e-9 {
			t.Fatalf("after %d transitions: %v, want %v", len(all), got, 100*want/20)
		}
	}
}

func TestFlappingState(t *testing.T) {
	s := FlappingState{Low: 20, High: 50}
	for _, step := range []struct {
		percent float64
		want    bool
	}{{10, false}, {49, false}, {50, true}, {21, true}, {nan(), true}, {20, false}, {49, false}, {nan(), false}} {
		if got := s.Update(step.percent); got != step.want {
			t.Errorf("at %v %% flapping is %v, want %v", step.percent, got, step.want)
		}
	}
}

func TestEntropyAndMargin(t *testing.T) {
	for _, tt := range []struct {
		counts []int64
		want   float64
	}{{[]int64{5}, 0}, {[]int64{1, 1}, 1}, {[]int64{1, 1, 1, 1, 0}, 2}, {[]int64{3, 1}, 2 - 0.75*math.Log2(3)}} {
		if got := EntropyBits(tt.counts); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("entropy of %v is %v, want %v", tt.counts, got, tt.want)
		}
	}
	if !math.IsNaN(EntropyBits(nil)) || !math.IsNaN(float64(Margin([]Ranked{{1, 1}}))) {
		t.Error("entropy of nothing and margin of one class are unknown")
	}
	if got := Margin([]Ranked{{1, .75}, {2, .25}}); got != .5 {
		t.Errorf("margin %v, want 0.5", got)
	}
}

// TestJaggednessOfTheModalLabel compares with the definition, computed when
// the modal label is known.
func TestJaggednessOfTheModalLabel(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 42))
	for range 200 {
		var obs []Observation
		counts := map[int32]int64{}
		for i := range 2 + rng.IntN(100) {
			o := labelled(0, time.Duration(i)*40*ms)
			o.N, o.Score = TopK, 0.5
			for k, class := range rng.Perm(8)[:TopK] {
				o.Top[k] = Ranked{int32(class), 0.5 / float32(k+1)}
			}
			o.Label = o.Top[0].Index
			counts[o.Label]++
			obs = append(obs, o)
		}
		modal := int32(-1)
		for class := int32(0); class < 8; class++ {
			if modal < 0 || counts[class] > counts[modal] {
				modal = class
			}
		}
		tops, ref := make([][]Ranked, len(obs)), make([]int32, len(obs))
		t5d := 0
		for i := range obs {
			tops[i], ref[i] = obs[i].Top[:], modal
			if i > 0 {
				t5d += T5D(tops[i-1], tops[i])
			}
		}
		s := summaryOf(DefaultConfig(), obs)
		if want := TopKJaggedness(tops, ref); s.Top5Jaggedness != want {
			t.Fatalf("jaggedness %d, want %d", s.Top5Jaggedness, want)
		}
		if want := float64(t5d) / float64(len(obs)-1); math.Abs(s.T5D-want) > 1e-12 {
			t.Fatalf("T5D %v, want %v", s.T5D, want)
		}
	}
	labelsOnly := summaryOf(DefaultConfig(), []Observation{untimed(1), untimed(2)})
	if labelsOnly.Top5Jaggedness != -1 || !math.IsNaN(labelsOnly.T5D) || !math.IsNaN(labelsOnly.MAC) {
		t.Errorf("measures that labels alone can't give: %+v", labelsOnly)
	}
}

func TestJaggednessTableIsBounded(t *testing.T) {
	var j Jaggedness
	for i := range int32(maxTracked) {
		j.Add([]Ranked{{Index: i}}, []Ranked{{Index: i + 1}})
	}
	j.Add([]Ranked{{Index: 5}}, []Ranked{{Index: 1 << 20}})
	if len(j.changes) > maxTracked || j.Changes(5) != 3 || j.Changes(1<<20) != -1 {
		t.Errorf("%d classes; class 5 changed %d times, an untracked one %d", len(j.changes), j.Changes(5), j.Changes(1<<20))
	}
}

func TestTopKLoss(t *testing.T) {
	top := func(i int32) []Ranked { return []Ranked{{Index: i}} }
	got := TopKLoss([][]Ranked{top(1), top(2), top(3), top(9)}, [][]Ranked{top(1), top(7), top(3), top(4)}, []int32{1, 2, 3, 4})
	if got != 0.25 {
		t.Errorf("loss %v, want 0.25", got)
	}
}

func TestMACNeedsEveryPair(t *testing.T) {
	obs := []Observation{labelled(1, 0), labelled(1, 40*ms), labelled(2, 80*ms)}
	for i := range obs {
		obs[i].Score = 0.5 + float32(i)/8
	}
	// The first pair needs no PrevLabelScore: the label is the same.
	obs[2].PrevLabelScore = 0.25
	if got := summaryOf(DefaultConfig(), obs).MAC; got != (0.125+0.375)/2 {
		t.Errorf("MAC %v, want 0.25", got)
	}
	obs[2].PrevLabelScore = nan32()
	if got := summaryOf(DefaultConfig(), obs).MAC; !math.IsNaN(got) {
		t.Errorf("MAC %v though one pair's change is unknown", got)
	}
	obs[2].N = 2
	obs[2].Top = [TopK]Ranked{{2, 0.75}, {1, 0.125}}
	if got := summaryOf(DefaultConfig(), obs).MAC; got != (0.125+0.5)/2 {
		t.Errorf("MAC %v, want it from the ranking: 0.3125", got)
	}
}
