package scene

import (
	"math/rand/v2"
	"slices"
	"testing"
)

const mostDelta = cellCount * 255

// checkDeltas compares everything that is said of the differences of two grids
// with what is said by going through them one by one.
func checkDeltas(t *testing.T, name string, a, b *Grid, limits ...int) {
	t.Helper()
	var v deltas
	most := v.set(a, b)
	var want [Cells]int
	for i := range want {
		want[i] = max(int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	sorted := slices.Sorted(slices.Values(want[:]))
	if most != sorted[Cells-1] {
		t.Fatalf("%s: the largest is %d, want %d", name, most, sorted[Cells-1])
	}
	if got, want := v.medianTwice(most), sorted[Cells/2-1]+sorted[Cells/2]; got != want {
		t.Fatalf("%s: twice the median is %d, want %d", name, got, want)
	}
	for _, limit := range limits {
		var above []uint16
		for i, d := range want {
			if d > limit {
				above = append(above, uint16(i))
			}
		}
		if got := v.appendAbove(nil, limit); !slices.Equal(got, above) {
			t.Fatalf("%s: above %d are %v, want %v", name, limit, got, above)
		}
		if got := v.atMost(limit); got != Cells-len(above) {
			t.Fatalf("%s: %d are at most %d, want %d", name, got, limit, Cells-len(above))
		}
	}
}

// grids are two whose differences are d, with either sign.
func grids(d *[Cells]uint16, rng *rand.Rand) (a, b *Grid) {
	a, b = new(Grid), new(Grid)
	for i, d := range d {
		low := uint16(rng.IntN(mostDelta - int(d) + 1))
		a[i], b[i] = low, low+d
		if rng.IntN(2) == 0 {
			a[i], b[i] = b[i], a[i]
		}
	}
	return a, b
}

func TestDeltasOfTwoValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	values := []uint16{0, 1, 2, smallDelta - 1, smallDelta, smallDelta + 1, smallDelta + 2, 63, 64, 255, 256, 4095, mostDelta - 1, mostDelta}
	for _, x := range values {
		for _, y := range values {
			// As many of x that both middle ranks, one, or none are x.
			for _, n := range []int{0, 1, Cells/2 - 1, Cells / 2, Cells/2 + 1, Cells - 1, Cells} {
				var d [Cells]uint16
				for i, k := range rng.Perm(Cells) {
					d[k] = y
					if i < n {
						d[k] = x
					}
				}
				a, b := grids(&d, rng)
				checkDeltas(t, "two values", a, b, 0, int(x), max(int(y)-1, 0), mostDelta)
			}
		}
	}
}

func FuzzDeltas(f *testing.F) {
	for _, limit := range []uint16{0, 1, 2, smallDelta, smallDelta + 1, 2*smallDelta - 1, 2 * smallDelta, 2*smallDelta + 1, 200, 5000, mostDelta} {
		for seed := range uint64(20) {
			f.Add(seed, limit, uint16(49+seed))
		}
	}
	f.Fuzz(func(t *testing.T, seed uint64, limit, above uint16) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var d [Cells]uint16
		for i := range d {
			d[i] = uint16(rng.IntN(1 + int(limit)%(mostDelta+1)))
		}
		a, b := grids(&d, rng)
		checkDeltas(t, "random", a, b, int(above)%(mostDelta+1))
	})
}
