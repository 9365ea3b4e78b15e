package resample

import "math"

// tap is one source pixel's share in a result pixel.
type tap struct {
	src   int     // index along the axis
	alpha float32 // share as OpenCV has it
}

// axis lists the taps of every wanted result pixel along one axis.
type axis struct {
	taps  []tap
	start []int // taps[start[i]:start[i+1]] belong to wanted pixel i
}

func newAxis(srcN, dstN, from, to int) axis {
	var a axis
	scale := 1 / (float64(dstN) / float64(srcN))
	for d := from; d < to; d++ {
		a.start = append(a.start, len(a.taps))
		lo := float64(float64(d) * scale)
		hi := lo + scale
		cell := min(scale, float64(srcN)-lo)
		s1, s2 := int(math.Ceil(lo)), int(math.Floor(hi))
		s2 = min(s2, srcN-1)
		s1 = min(s1, s2)
		if float64(s1)-lo > 1e-3 {
			a.taps = append(a.taps, tap{s1 - 1, float32((float64(s1) - lo) / cell)})
		}
		for s := s1; s < s2; s++ {
			a.taps = append(a.taps, tap{s, float32(1 / cell)})
		}
		if hi-float64(s2) > 1e-3 {
			a.taps = append(a.taps, tap{s2, float32(min(hi-float64(s2), 1, cell) / cell)})
		}
	}
	a.start = append(a.start, len(a.taps))
	return a
}

type order uint8

const (
	identity order = iota
	swapped
	toLuma
)

func (a *Area) resize(dst, src []byte, srcStride int, o order) {
	w, h, n := a.crop.Dx(), a.crop.Dy(), a.channels
	tmp := make([]byte, n)
	for y := 0; y < h; y++ {
		for x := 0; x < w; x++ {
			for c := 0; c < n; c++ {
				tmp[c] = a.sample(src, srcStride, x, y, c)
			}
			i := y*w + x
			switch o {
			case identity:
				copy(dst[i*n:], tmp)
			case swapped:
				dst[i*3], dst[i*3+1], dst[i*3+2] = tmp[2], tmp[1], tmp[0]
			case toLuma:
				dst[i] = luma(tmp[2], tmp[1], tmp[0])
			}
		}
	}
}
func (a *Area) sample(src []byte, stride, x, y, c int) byte {
	xt := a.x.taps[a.x.start[x]:a.x.start[x+1]]
	yt := a.y.taps[a.y.start[y]:a.y.start[y+1]]
	if a.fast {
		sum := 0
		for _, ty := range yt {
			for _, tx := range xt {
				sum += int(src[ty.src*stride+tx.src*a.channels+c])
			}
		}
		n := len(xt) * len(yt)
		if len(xt) == 2 && len(yt) == 2 {
			return byte((sum + 2) / 4)
		}
		return byte(math.RoundToEven(float64(float32(sum) * (1 / float32(n)))))
	}
	var sum float32
	for _, ty := range yt {
		var row float32
		for _, tx := range xt {
			row += float32(float32(src[ty.src*stride+tx.src*a.channels+c]) * tx.alpha)
		}
		sum += float32(row * ty.alpha)
	}
	return byte(min(255, math.RoundToEven(float64(sum))))
}
