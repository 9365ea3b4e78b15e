package scene

import (
	"math"
	"math/rand/v2"
)

// noise adds Gaussian sensor noise to pictures: every pixel's own, rounded
// with the pixel and clipped to 0..255. The values are drawn once and
// taken in runs from random places, which keeps the tests quick.
type noise struct {
	table []int16
	rng   *rand.Rand
}

func newNoise(sigma float64, rng *rand.Rand) *noise {
	n := &noise{table: make([]int16, 1<<17), rng: rng}
	for i := range n.table {
		n.table[i] = int16(math.Round(sigma * rng.NormFloat64()))
	}
	return n
}

func (n *noise) add(pix []byte) {
	for len(pix) > 0 {
		run := pix[:min(len(pix), 64)]
		from := n.rng.IntN(len(n.table) - len(run))
		for i, z := range n.table[from : from+len(run)] {
			run[i] = byte(min(max(int16(run[i])+z, 0), 255))
		}
		pix = pix[len(run):]
	}
}
