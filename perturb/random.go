package perturb

import (
	"hash/fnv"
	"math/rand/v2"
)

// random is the source of everything random about one picture: the seed, the
// experiment and the picture's name decide, not its place among the others.
func random(seed uint64, experiment, name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(experiment + "\x00" + name)) // never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}
