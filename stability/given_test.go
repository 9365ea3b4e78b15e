package stability

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The intervals of blocks that scatter more than independent pairs cover the
// truth about as often as they claim, where Wilson's would not.
func TestIntervalOfBlocksCoversTheTruth(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 1))
	const truth, rounds = 0.06, 400
	covered, wilson := 0, 0
	for round := range rounds {
		num, den := make([]int64, 40), make([]int64, 40)
		var all fraction
		for i := range num {
			den[i] = 1000 + int64(rng.IntN(800))
			p := truth * 2 * rng.Float64() // a stretch has a rate of its own
			for range den[i] {
				if rng.Float64() < p {
					num[i]++
				}
			}
			all.add(fraction{num[i], den[i]})
		}
		in := func(iv Interval) int {
			if iv.Low <= truth && truth <= iv.High {
				return 1
			}
			return 0
		}
		covered += in(IntervalOfBlocks(num, den, 400, uint64(round)))
		wilson += in(Wilson(ratio(all.num, all.den), float64(all.den)))
	}
	if covered < rounds*91/100 || covered > rounds*985/1000 {
		t.Errorf("%d of %d intervals hold the truth", covered, rounds)
	}
	if wilson > rounds/2 {
		t.Errorf("the blocks don't scatter: Wilson holds it %d times", wilson)
	}
}

func TestIntervalOfBlocksWhereLittleIsKnown(t *testing.T) {
	few := IntervalOfBlocks([]int64{5, 9, 0}, []int64{400, 400, 0}, 1000, 1)
	if few.Value != 14./800 || !math.IsNaN(few.Low) || !math.IsNaN(few.High) {
		t.Errorf("two blocks: %+v", few)
	}
	if got, want := IntervalOfBlocks([]int64{0, 0}, []int64{500, 500}, 1000, 1), Wilson(0, 1000); got != want {
		t.Errorf("no flip: %+v, want %+v", got, want)
	}
	if got, want := IntervalOfBlocks([]int64{3}, []int64{100}, 1000, 1), Wilson(0.03, 100); got != want {
		t.Errorf("few pairs: %+v, want %+v", got, want)
	}
	if none := IntervalOfBlocks(nil, nil, 1000, 1); !math.IsNaN(none.Value) {
		t.Errorf("nothing: %+v", none)
	}
	num, den := []int64{5, 9, 2, 4, 7, 1}, []int64{400, 420, 410, 400, 400, 390}
	if a, b := IntervalOfBlocks(num, den, 1000, 1), IntervalOfBlocks(num, den, 1000, 1); a != b || !(a.Low < a.Value && a.Value < a.High) {
		t.Errorf("%+v and %+v", a, b)
	}
}
