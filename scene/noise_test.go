package scene

import (
	"math/rand/v2"
	"sync"
)

// gaussian is a table of standard normal values.
var gaussian = sync.OnceValue(func() []float64 {
	rng := rand.New(rand.NewPCG(42, 42))
	table := make([]float64, 1<<20)
	for i := range table {
		table[i] = rng.NormFloat64()
	}
	return table
})
