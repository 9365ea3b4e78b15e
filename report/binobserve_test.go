package report

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// TestObserveIsMerge holds the quick way of adding an observation against
// merging its bin.
func TestObserveIsMerge(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var quick, slow bin
		labels := 1 + rng.Int32N(9)
		for i := range 60 {
			o := &stability.Observation{PTS: time.Duration(i) * time.Second, Label: rng.Int32N(labels), Score: nan32, Change: rng.Int32N(5) - 1}
			if rng.IntN(3) > 0 {
				o.N = rng.IntN(stability.TopK + 1)
				known := rng.IntN(20) > 0 // scores come for all ranks or for none
				for k := range o.N {
					o.Top[k] = stability.Ranked{Index: (o.Label + int32(k)) % 12, Score: nan32}
					if known {
						o.Top[k].Score = float32(16-2*k-rng.IntN(2)) / 32
					}
				}
				o.Score, o.TopComplete = rng.Float32(), rng.IntN(9) == 0
			}
			pair := rng.IntN(4) > 0
			var one bin
			one.addObservation(o, pair)
			if i == 0 {
				quick, slow = one, one
				continue
			}
			quick.observe(o, pair)
			slow.merge(&one)
			if quick != slow {
				t.Fatalf("after %+v:\n got %+v\nwant %+v", o, quick, slow)
			}
		}
	}
}
