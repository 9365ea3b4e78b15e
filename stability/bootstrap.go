package stability

import (
	"math"
	"math/rand/v2"
	"slices"
)

// drawer draws blocks with replacement. Blocks of equal content are one
// entry with a weight, so a resample is a multinomial count over the entries.
type drawer struct {
	entries []entry // in a fixed order
	draws   int64   // blocks in a resample: as many as the stream has
	alias   []aliasSlot
}

// entry is a block content.
type entry struct {
	num, den float64 // pairs
	weight   int64   // weightOne a block
}

// aliasSlot is a slot of Walker's alias method: the slot's own entry if 32
// random bits are below cut, else the other, which may be the own one, too.
type aliasSlot struct {
	cut   uint32
	other uint32
}

func drawerOf(t *tally) drawer {
	var d drawer
	for _, c := range t.cells {
		if n := float64(c.n); n > 0 {
			d.entries = append(d.entries, entry{float64(c.num) / n, float64(c.den) / n, c.n})
		}
	}
	d.prepare()
	return d
}

// drawerOfBatches treats every batch as one block.
func drawerOfBatches(bs []fraction) drawer {
	d := drawer{entries: make([]entry, len(bs))}
	for i, b := range bs {
		d.entries[i] = entry{float64(b.num), float64(b.den), weightOne}
	}
	d.prepare()
	return d
}

func (d *drawer) prepare() {
	var total int64
	for _, e := range d.entries {
		total += e.weight
	}
	if total == 0 {
		return
	}
	d.draws = max(1, (total+weightOne/2)/weightOne)
	d.alias = aliasTable(d.entries, total)
}

// aliasTable is Vose's construction (IEEE TSE 17, 1991).
func aliasTable(entries []entry, total int64) []aliasSlot {
	n := len(entries)
	p := make([]float64, n)
	var small, large []int
	for i, e := range entries {
		p[i] = float64(e.weight) * float64(n) / float64(total)
		if p[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	slots := make([]aliasSlot, n)
	for i := range slots {
		slots[i].other = uint32(i)
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		slots[s] = aliasSlot{cut: uint32(p[s] * (1 << 32)), other: uint32(l)}
		p[l] -= 1 - p[s]
		if p[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	return slots
}

// manyDraws is from how many draws per entry on binomial counts are cheaper
// than single draws.
const manyDraws = 16

// resample draws once and returns the sums.
func (d *drawer) resample(rng *rand.PCG) (num, den float64) {
	if d.draws > manyDraws*int64(len(d.entries)) {
		return d.resampleCounts(rng)
	}
	n := uint64(len(d.alias))
	for i := int64(0); i < d.draws; i++ {
		u := rng.Uint64()
		k := u >> 32 * n >> 32
		s := d.alias[k]
		// A branch would go either way by chance: below is all ones, or none.
		below := uint64((int64(uint32(u)) - int64(s.cut)) >> 63)
		k = k&below | uint64(s.other)&^below
		num += d.entries[k].num
		den += d.entries[k].den
	}
	return num, den
}

// resampleCounts draws how often each entry occurs.
func (d *drawer) resampleCounts(rng *rand.PCG) (num, den float64) {
	left := d.draws
	var rest int64
	for _, e := range d.entries {
		rest += e.weight
	}
	for _, e := range d.entries {
		if left == 0 {
			break
		}
		k := left
		if e.weight < rest {
			k = binomial(rng, left, float64(e.weight)/float64(rest))
		}
		num += float64(k) * e.num
		den += float64(k) * e.den
		left -= k
		rest -= e.weight
	}
	return num, den
}

// binomial draws the number of successes in n trials: by inversion where few
// are expected, else by transformed rejection (BTRS; Hörmann, J. Statist.
// Comput. Simul. 46, 1993).
func binomial(src *rand.PCG, n int64, p float64) int64 {
	if p > 0.5 {
		return n - binomial(src, n, 1-p)
	}
	if p <= 0 || n == 0 {
		return 0
	}
	if float64(n)*p < 10 {
		return binomialInversion(src, n, p)
	}
	nf := float64(n)
	spq := math.Sqrt(nf * p * (1 - p))
	b := 1.15 + 2.53*spq
	a := -0.0873 + 0.0248*b + 0.01*p
	c := nf*p + 0.5
	vr := 0.92 - 4.2/b
	alpha := (2.83 + 5.1/b) * spq
	lpq := math.Log(p / (1 - p))
	m := math.Floor((nf + 1) * p)
	lm1, _ := math.Lgamma(m + 1)
	lm2, _ := math.Lgamma(nf - m + 1)
	h := lm1 + lm2
	for {
		u := uniform(src) - 0.5
		v := uniform(src)
		us := 0.5 - math.Abs(u)
		k := math.Floor((2*a/us+b)*u + c)
		if us >= 0.07 && v <= vr {
			return int64(k)
		}
		if k < 0 || k > nf {
			continue
		}
		v = math.Log(v * alpha / (a/(us*us) + b))
		l1, _ := math.Lgamma(k + 1)
		l2, _ := math.Lgamma(nf - k + 1)
		if v <= h-l1-l2+(k-m)*lpq {
			return int64(k)
		}
	}
}

func binomialInversion(src *rand.PCG, n int64, p float64) int64 {
	// Geometric steps between successes.
	lq := math.Log1p(-p)
	var k int64
	sum := 0.0
	for {
		sum += math.Floor(math.Log(1-uniform(src))/lq) + 1
		if sum > float64(n) {
			return k
		}
		k++
	}
}

// uniform is in [0, 1).
func uniform(src *rand.PCG) float64 { return float64(src.Uint64()>>11) / (1 << 53) }

// bootstrap is the percentile interval (Efron 1979) of observed over
// resamples of d. Deviations from the bootstrap's own centre are stretched by
// √(n/(n−1))·t/z for n blocks, which makes up for what a resample of n blocks
// and a normal tail underestimate, and by undercount.
func bootstrap(d *drawer, observed fraction, resamples int, seed uint64, undercount float64) Interval {
	p := ratio(observed.num, observed.den)
	rng := rand.NewPCG(seed, seedStream)
	values := make([]float64, 0, resamples)
	for range resamples {
		num, den := d.resample(rng)
		if den > 0 {
			values = append(values, num/den)
		}
	}
	low, high := deviations(d.centre(), values, float64(d.draws))
	return around(p, low*undercount, high*undercount)
}

// seedStream tells the bootstrap's random numbers from other uses of a seed.
const seedStream = 0x666c69706d657465

// centre is the value that the resamples scatter around.
func (d *drawer) centre() float64 {
	var num, den float64
	for _, e := range d.entries {
		num += float64(e.weight) * e.num
		den += float64(e.weight) * e.den
	}
	return num / den
}

// variance of the blocks, as in squares.
func (d *drawer) variance(p float64) float64 {
	sum, den := 0.0, 0.0
	for _, e := range d.entries {
		r := e.num - p*e.den
		sum += float64(e.weight) * r * r
		den += float64(e.weight) * e.den
	}
	return sum / den
}

// percentile is the interval around p whose distances from p are those of
// the 2.5 % and 97.5 % quantiles of values from centre, stretched for n
// blocks. It sorts values.
func percentile(p, centre float64, values []float64, n float64) Interval {
	low, high := deviations(centre, values, n)
	return around(p, low, high)
}

// around is the interval of a fraction p with the given deviations.
func around(p, low, high float64) Interval {
	return Interval{p, min(p, max(0, p+low)), max(p, min(1, p+high))}
}

// deviations are the distances of the 2.5 % and 97.5 % quantiles of values
// from centre, stretched for n blocks. It sorts values.
func deviations(centre float64, values []float64, n float64) (low, high float64) {
	if len(values) == 0 {
		return nan(), nan()
	}
	slices.Sort(values)
	stretch := 1.0
	if n > 2 {
		stretch = math.Sqrt(n/(n-1)) * studentT975(n-1) / z975
	}
	return (sortedQuantile(values, 0.025) - centre) * stretch, (sortedQuantile(values, 0.975) - centre) * stretch
}

// sortedQuantile is Hyndman & Fan's type 7, as in histogram.
func sortedQuantile(sorted []float64, q float64) float64 {
	rank := q * float64(len(sorted)-1)
	i := int(rank)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (rank-float64(i))*(sorted[i+1]-sorted[i])
}
