package stability

import (
	"math"
	"slices"
)

// T5D is the top-5 distance of ImageNet-P (Hendrycks & Dietterich, ICLR
// 2019): Σ over the ranks i = 1..len(prev) of
//
//	abs((i−1) − min(σ(i)−1, 5))
//
// where σ(i) is the rank in cur of the class that had rank i in prev, and
// anything outside cur has a rank above 5. It is not symmetric, and at most
// 18. At most TopK classes of either are looked at; the caller knows that
// both hold the five best classes, or all that exist.
func T5D(prev, cur []Ranked) int {
	prev, cur = prev[:min(len(prev), TopK)], cur[:min(len(cur), TopK)]
	d := 0
	for i := range prev {
		rank := TopK
		for j := range cur {
			if cur[j].Index == prev[i].Index {
				rank = j
				break
			}
		}
		if rank > i {
			d += rank - i
		} else {
			d += i - rank
		}
	}
	return d
}

// AbsoluteChange is one pair's part of the mean absolute change (Azulay &
// Weiss, JMLR 20(184), 2019): how much the probability of the class that was
// on top in the earlier frame has changed, |p_j[k] − p_{j−1}[k]| with k the
// argmax of p_{j−1}. NaN if either is unknown.
func AbsoluteChange(before, after float32) float64 {
	return math.Abs(float64(after) - float64(before))
}

// Margin is p(top1) − p(top2) of a ranking, best first; NaN with fewer than
// two classes.
func Margin(top []Ranked) float32 {
	if len(top) < 2 {
		return float32(math.NaN())
	}
	return top[0].Score - top[1].Score
}

// EntropyBits is the Shannon entropy of a histogram in bits. It sorts counts,
// so that the result doesn't depend on their order, and ignores those that
// are not positive. NaN if nothing was counted.
func EntropyBits(counts []int64) float64 {
	slices.Sort(counts)
	var n int64
	for _, c := range counts {
		n += max(c, 0)
	}
	if n == 0 {
		return math.NaN()
	}
	h := 0.0
	for _, c := range counts {
		if c > 0 {
			p := float64(c) / float64(n)
			h -= p * math.Log2(p)
		}
	}
	return max(h, 0) // not -0 for a single label
}

// scoreOf is the score of a class in the ranking of o; NaN if it isn't there.
func scoreOf(o *Observation, label int32) float32 {
	if o.Label == label && !isNaN32(o.Score) {
		return o.Score
	}
	for i := 0; i < o.N; i++ {
		if o.Top[i].Index == label {
			return o.Top[i].Score
		}
	}
	return float32(math.NaN())
}

func isNaN32(x float32) bool { return x != x }
