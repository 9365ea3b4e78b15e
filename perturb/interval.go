package perturb

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Estimate is a measured number with its interval of 95 %.
type Estimate struct {
	Value float64 `json:"value"`
	// Low and High are nil where one picture is all there is.
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
	// Pictures that the number comes from.
	Pictures int `json:"pictures"`
}

const (
	resamples  = 1000
	wilsonZ    = 1.959963984540054 // 97.5 % of a normal distribution
	bootSeed   = 20190101
	bootStream = 1
)

// ratio is a share: Σ num / Σ den, where num[i] and den[i] are what picture i
// contributes; nil where Σ den is 0. The shifts of one picture are not
// independent of each other, so the bootstrap draws pictures, not pairs
// (1,000 times, percentiles, a fixed seed). Where all pictures agree on 0 or
// on 1 it would say that nothing is uncertain; Wilson's interval over the
// number of pictures stands in.
func ratio(num, den []float64) *Estimate { return estimate(num, den, wilson) }

// mean is ratio for numbers that may exceed 1. Where all pictures agree on 0,
// the upper end is the Poisson mean that would give 0 in so many pictures in
// one case of forty.
func mean(num, den []float64) *Estimate {
	return estimate(num, den, func(v float64, pictures int) (low, high float64) {
		if v > 0 { // no bound is known, and 1 is a number like any other
			return bootstrap(num, den)
		}
		return 0, -math.Log(0.025) / float64(pictures)
	})
}

func estimate(num, den []float64, certain func(p float64, pictures int) (low, high float64)) *Estimate {
	var n, d float64
	pictures := 0
	for i := range num {
		n += num[i]
		d += den[i]
		if den[i] > 0 {
			pictures++
		}
	}
	if d == 0 {
		return nil
	}
	e := &Estimate{Value: n / d, Pictures: pictures}
	if pictures < 2 {
		return e
	}
	var low, high float64
	if n == 0 || n == d {
		low, high = certain(n/d, pictures)
	} else {
		low, high = bootstrap(num, den)
	}
	e.Low, e.High = &low, &high
	return e
}

// wilson is the interval of a share p seen in n cases.
func wilson(p float64, n int) (low, high float64) {
	z2 := wilsonZ * wilsonZ
	m := float64(n)
	centre := (p + z2/(2*m)) / (1 + z2/m)
	half := wilsonZ / (1 + z2/m) * math.Sqrt(p*(1-p)/m+z2/(4*m*m))
	return max(0, centre-half), min(1, centre+half)
}

func bootstrap(num, den []float64) (low, high float64) {
	rng := rand.New(rand.NewPCG(bootSeed, bootStream))
	got := make([]float64, 0, resamples)
	for range resamples {
		var n, d float64
		for range num {
			i := rng.IntN(len(num))
			n += num[i]
			d += den[i]
		}
		if d > 0 {
			got = append(got, n/d)
		}
	}
	slices.SortFunc(got, cmp.Compare[float64])
	return quantile(got, 0.025), quantile(got, 0.975)
}

// quantile of sorted values, between neighbours by proportion.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	part := at - float64(i)
	return sorted[i] + float64(part*(sorted[i+1]-sorted[i]))
}
