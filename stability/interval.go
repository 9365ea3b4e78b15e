package stability

import "math"

// z975 is the 97.5 % quantile of the normal distribution.
const z975 = 1.959963984540054

// wilsonPairs is the number of pairs below which the bootstrap isn't tried.
const wilsonPairs = 200

func nan() float64   { return math.NaN() }
func nan32() float32 { return math.Float32frombits(0x7fc00000) }

// unknownInterval is an interval of which nothing is known.
func unknownInterval() Interval { return Interval{nan(), nan(), nan()} }

// ratio is a/b, NaN where b is 0.
func ratio(a, b int64) float64 {
	if b == 0 {
		return nan()
	}
	return float64(a) / float64(b)
}

// Wilson is the 95 % score interval of a fraction p of n independent trials
// (Wilson, JASA 22, 1927). n need not be whole: with correlated trials it is
// their effective number. All NaN if n is 0.
func Wilson(p, n float64) Interval {
	if !(n > 0) || math.IsNaN(p) {
		return unknownInterval()
	}
	const z2 = z975 * z975
	centre := (p + z2/(2*n)) / (1 + z2/n)
	half := z975 / (1 + z2/n) * math.Sqrt(p*(1-p)/n+z2/(4*n*n))
	iv := Interval{p, max(0, centre-half), min(1, centre+half)}
	// Exact at the ends, where rounding would leave 1e-17.
	if p == 0 {
		iv.Low = 0
	}
	if p == 1 {
		iv.High = 1
	}
	return iv
}

// needsWilson says where resampling says nothing: few pairs, or all alike.
func needsWilson(f fraction) bool {
	return f.den < wilsonPairs || f.num == 0 || f.num == f.den
}

// interval is the 95 % interval of a measure of one stream.
func (b *blocks) interval(m measure, resamples int, seed uint64) Interval {
	f := b.total[m]
	p := ratio(f.num, f.den)
	switch {
	case needsWilson(f):
		return Wilson(p, float64(f.den))
	case b.frozen():
		return batchMeans(b.batches.of(m, &b.total))
	}
	d := drawerOf(&b.closed[m])
	return bootstrap(&d, f, resamples, seed+uint64(m), b.undercount(m, &d, p))
}
