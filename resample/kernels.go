package resample

import "math"

// kernel is a resampling function and the distance beyond which it is zero.
type kernel struct {
	at      func(x float64) float64
	support float64
}

var (
	box = kernel{support: 0.5, at: func(x float64) float64 {
		if x > -0.5 && x <= 0.5 {
			return 1
		}
		return 0
	}}
	triangle = kernel{support: 1, at: func(x float64) float64 { return max(0, 1-math.Abs(x)) }}
	// keys is the cubic with a = −0.5 (Keys 1981).
	keys = kernel{support: 2, at: func(x float64) float64 {
		const a = -0.5
		x = math.Abs(x)
		switch {
		case x < 1:
			return ((a+2)*x-(a+3))*x*x + 1
		case x < 2:
			return (((x-5)*x+8)*x - 4) * a
		}
		return 0
	}}
	lanczos = kernel{support: 3, at: func(x float64) float64 {
		if x < -3 || x >= 3 {
			return 0
		}
		return sinc(x) * sinc(x/3)
	}}
)

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}

// antialiased spans as Pillow computes them, and PyTorch after it: the
// kernel is stretched by the scale where the picture becomes smaller, and
// weights are normalised over the pixels that exist.
func antialiased(k kernel) func(srcN, dstN int) []span {
	return func(srcN, dstN int) []span {
		scale := float64(srcN) / float64(dstN)
		stretch := max(scale, 1)
		support := k.support * stretch
		spans := make([]span, dstN)
		for d := range spans {
			centre := (float64(d) + 0.5) * scale
			from := max(int(centre-support+0.5), 0)
			to := min(int(centre+support+0.5), srcN)
			w := make([]float64, to-from)
			var sum float64
			for i := range w {
				w[i] = k.at((float64(i+from) - centre + 0.5) / stretch)
				sum += w[i]
			}
			spans[d] = newSpan(from, w, sum)
		}
		return spans
	}
}

// newSpan divides the weights by their sum.
func newSpan(first int, w []float64, sum float64) span {
	s := span{first: first, weight: make([]float32, len(w)), fixed: make([]int32, len(w))}
	for i, v := range w {
		if sum != 0 {
			v /= sum
		}
		s.weight[i] = float32(v)
		s.fixed[i] = int32(math.Trunc(v*(1<<fixedBits) + math.Copysign(0.5, v)))
	}
	return s
}

// interpolated spans lie between two neighbours of a place in the source,
// without anti-aliasing; place gives it for a result coordinate.
func interpolated(place func(d, srcN, dstN int) float32) func(srcN, dstN int) []span {
	return func(srcN, dstN int) []span {
		spans := make([]span, dstN)
		for d := range spans {
			at := place(d, srcN, dstN)
			low := math.Floor(float64(at))
			part := float64(at) - low
			i := int(low)
			switch {
			case i < 0: // before the first pixel's centre
				spans[d] = newSpan(0, []float64{1}, 1)
			case i >= srcN-1:
				spans[d] = newSpan(srcN-1, []float64{1}, 1)
			default:
				spans[d] = newSpan(i, []float64{1 - part, part}, 1)
			}
		}
		return spans
	}
}

// tf2Nearest spans are one pixel each: the one that the place lies in.
func tf2Nearest(srcN, dstN int) []span {
	spans := make([]span, dstN)
	for d := range spans {
		at := (float64(d) + 0.5) * float64(srcN) / float64(dstN)
		spans[d] = newSpan(min(int(at), srcN-1), []float64{1}, 1)
	}
	return spans
}

// pillowNearest is tf2Nearest, but the place is summed up step by step, and
// what that loses decides where a place lies between two pixels.
func pillowNearest(srcN, dstN int) []span {
	step := float64(srcN) / float64(dstN)
	at := step * 0.5
	spans := make([]span, dstN)
	for d := range spans {
		spans[d] = newSpan(min(int(at), srcN-1), []float64{1}, 1)
		at += step
	}
	return spans
}
