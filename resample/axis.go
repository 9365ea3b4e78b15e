package resample

import "math"

// tap is one source pixel's share in a result pixel, along one axis.
type tap struct {
	src   int    // index of the source pixel
	share uint64 // exact, in units of 1/axis.unit
	// alpha is the share as OpenCV has it: computed in float64, kept in
	// float32, and so up to a few 1e-8 off.
	alpha float32
}

// axis lists the taps of every wanted result pixel along one axis.
type axis struct {
	taps  []tap
	start []int // taps[start[i]:start[i+1]] belong to wanted pixel i
	unit  uint64
	// most is the largest number of taps of a pixel; drift is the largest
	// sum, over the taps of a pixel, of |alpha − share/unit|.
	most  int
	drift float64
}

// newAxis is OpenCV's computeResizeAreaTab for the wanted pixels from..to,
// rule by rule, because its thresholds decide which taps exist. Beside each
// float share stands the exact one: scaled by dstN over the common divisor,
// source pixel s covers [s·q, (s+1)·q) and result pixel d [d·p, (d+1)·p).
func newAxis(srcN, dstN, from, to int) axis {
	g := gcd(srcN, dstN)
	p, q := srcN/g, dstN/g
	a := axis{unit: uint64(p), start: []int{0}}
	scale := 1 / (float64(dstN) / float64(srcN))
	for d := from; d < to; d++ {
		add := func(s int, alpha float64) {
			share := min((s+1)*q, (d+1)*p) - max(s*q, d*p)
			a.taps = append(a.taps, tap{src: s, share: uint64(max(0, share)), alpha: float32(alpha)})
		}
		lo := float64(d) * scale
		hi := float64(lo) + scale
		cell := min(scale, float64(srcN)-lo)
		last := min(int(math.Floor(hi)), srcN-1)
		first := min(int(math.Ceil(lo)), last)
		if float64(first)-lo > 1e-3 {
			add(first-1, (float64(first)-lo)/cell)
		}
		for s := first; s < last; s++ {
			add(s, 1/cell)
		}
		if hi-float64(last) > 1e-3 {
			add(last, min(hi-float64(last), 1, cell)/cell)
		}
		var drift float64
		for _, t := range a.taps[a.start[len(a.start)-1]:] {
			drift += math.Abs(float64(t.alpha) - float64(t.share)/float64(p))
		}
		a.drift = max(a.drift, drift)
		a.most = max(a.most, len(a.taps)-a.start[len(a.start)-1])
		a.start = append(a.start, len(a.taps))
	}
	return a
}

// of is the taps of wanted pixel i.
func (a *axis) of(i int) []tap { return a.taps[a.start[i]:a.start[i+1]] }

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
