package infer

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// slowTopK sorts everything.
func slowTopK(scores []float32, k int) []Ranked {
	all := make([]Ranked, len(scores))
	for i, s := range scores {
		all[i] = Ranked{int32(i), s}
	}
	slices.SortStableFunc(all, func(a, b Ranked) int {
		switch an, bn := a.Score != a.Score, b.Score != b.Score; {
		case an && bn:
			return 0
		case an:
			return 1
		case bn:
			return -1
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
	return all[:min(k, len(all))]
}

func TestTopKAgainstSorting(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	special := []float32{0, 1, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), -1}
	for range 3000 {
		scores := make([]float32, rng.IntN(20))
		for i := range scores {
			scores[i] = float32(rng.IntN(6)) // many ties
			if rng.IntN(3) == 0 {
				scores[i] = special[rng.IntN(len(special))]
			}
		}
		out := make([]Ranked, rng.IntN(8))
		got := out[:TopK(scores, out)]
		want := slowTopK(scores, len(out))
		if !slices.EqualFunc(got, want, func(a, b Ranked) bool {
			return a.Index == b.Index && math.Float32bits(a.Score) == math.Float32bits(b.Score)
		}) {
			t.Fatalf("top %d of %v: %v, want %v", len(out), scores, got, want)
		}
	}
}

func BenchmarkTop5Of1000(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	scores := make([]float32, 1000)
	for i := range scores {
		scores[i] = rng.Float32()
	}
	var out [5]Ranked
	for b.Loop() {
		TopK(scores, out[:])
	}
}
