package stability

import "math"

// maxBatches is how many batches there may be before two are made one.
const maxBatches = 128

// batches are sums over consecutive pairs, 64 to 128 batches of equal length
// once a stream is long: batch means need no more (Law & Carson, Operations
// Research 27, 1979).
type batches struct {
	size  int64     // pairs in a full batch; 0: none has begun
	sums  []batch   // of the full ones
	pairs int64     // in the newest
	start fractions // what all pairs before the newest sum to
}

// batch holds the sums as 32 bits, which is enough for 4·10⁹ pairs a batch.
type batch [numMeasures]struct{ num, den uint32 }

const firstBatch = 128

// next makes room for a pair; before is what all pairs before it sum to.
func (b *batches) next(before *fractions) {
	if b.pairs < b.size {
		b.pairs++
		return
	}
	if b.size == 0 {
		b.size = firstBatch
	} else {
		b.close(before)
	}
	b.start, b.pairs = *before, 1
}

// close ends the newest batch; now is what all pairs sum to.
func (b *batches) close(now *fractions) {
	b.sums = append(b.sums, b.newest(now))
	if len(b.sums) < maxBatches {
		return
	}
	for i := 0; i < maxBatches/2; i++ {
		b.sums[i] = b.sums[2*i].plus(b.sums[2*i+1])
	}
	b.sums = b.sums[:maxBatches/2]
	b.size *= 2
}

func (b *batches) newest(now *fractions) (s batch) {
	for m, f := range now.minus(&b.start) {
		s[m].num, s[m].den = uint32(f.num), uint32(f.den)
	}
	return s
}

func (b batch) plus(c batch) batch {
	for m := range b {
		b[m].num += c[m].num
		b[m].den += c[m].den
	}
	return b
}

// of lists the batches of one measure, the newest included; now is what all
// pairs sum to.
func (b *batches) of(m measure, now *fractions) []fraction {
	if b.size == 0 {
		return nil
	}
	out := make([]fraction, 0, len(b.sums)+1)
	for _, s := range b.sums {
		out = append(out, fraction{int64(s[m].num), int64(s[m].den)})
	}
	s := b.newest(now)
	return append(out, fraction{int64(s[m].num), int64(s[m].den)})
}

// batchMeans is the 95 % interval of Σnum/Σden from batches taken to be
// independent: the ratio estimator's standard error with Student's t.
func batchMeans(bs []fraction) Interval {
	var total fraction
	for _, b := range bs {
		total.add(b)
	}
	p := ratio(total.num, total.den)
	sum := 0.0
	for _, b := range bs {
		e := float64(b.num) - p*float64(b.den)
		sum += e * e
	}
	n := float64(len(bs))
	half := studentT975(n-1) * math.Sqrt(sum*n/(n-1)) / float64(total.den)
	return Interval{p, max(0, p-half), min(1, p+half)}
}

// studentT975 is the 97.5 % quantile of Student's t, by its expansion around
// the normal quantile (Abramowitz & Stegun 26.7.5): within 0.1 % from 10
// degrees of freedom on.
func studentT975(df float64) float64 {
	const z = z975
	z2 := z * z
	g1 := (z2 + 1) * z / 4
	g2 := ((5*z2+16)*z2 + 3) * z / 96
	g3 := (((3*z2+19)*z2+17)*z2 - 15) * z / 384
	return z + g1/df + g2/(df*df) + g3/(df*df*df)
}
