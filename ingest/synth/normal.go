package synth

import "math"

// normalTable holds 4096 equally likely values of a normal distribution of
// standard deviation sigma, rounded to whole grey levels; nil for 0.
func normalTable(sigma float64) []int16 {
	if sigma == 0 {
		return nil
	}
	const n = 4096
	t := make([]int16, n)
	for i := range t {
		// The quantile function of the normal distribution.
		q := math.Sqrt2 * math.Erfinv(2*(float64(i)+0.5)/n-1)
		t[i] = int16(math.Round(sigma * q))
	}
	return t
}
