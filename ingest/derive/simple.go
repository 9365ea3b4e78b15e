package derive

import (
	"fmt"
	"math"

	"github.com/flipmeter/flipmeter/frame"
)

// Simple makes scalers in plain Go for the filters nearest and linear, and
// for enlarging with area, which is linear here. They follow the usual
// definitions (pixel centres at half coordinates, no anti-aliasing, edge
// pixels repeated, exact to half a grey level) and equal no library's result
// bit by bit.
func Simple(p Plan, width, height int) (Scaler, error) {
	switch p.Want.Filter {
	case frame.FilterNearest:
		return newSimple(p, nearest(width, p.Scaled.X), nearest(height, p.Scaled.Y)), nil
	case frame.FilterLinear, frame.FilterArea:
		return newSimple(p, linear(width, p.Scaled.X), linear(height, p.Scaled.Y)), nil
	}
	return nil, fmt.Errorf("resize filter %q is not known without OpenCV: want nearest, linear or area, or another library's like pillow-bicubic", p.Want.Filter)
}

// tap is where one result coordinate comes from: (1−w)·src[a] + w·src[b].
type tap struct {
	a, b int
	w    float32
}

type simple struct {
	plan Plan
	x, y []tap
	// rows are source rows at the width of the result, as RGB; a source row
	// is used for many rows of a result that is larger.
	rows [2][]float32
	at   [2]int // which they are, -1 for none
}

func newSimple(p Plan, x, y []tap) *simple {
	s := &simple{plan: p, x: x[p.Crop.Min.X:p.Crop.Max.X], y: y}
	for i := range s.rows {
		s.rows[i] = make([]float32, 3*len(s.x))
	}
	return s
}

func nearest(src, dst int) []tap {
	taps := make([]tap, dst)
	for i := range taps {
		a := min(i*src/dst, src-1)
		taps[i] = tap{a: a, b: a}
	}
	return taps
}

func linear(src, dst int) []tap {
	taps := make([]tap, dst)
	for i := range taps {
		at := (float64(i)+0.5)*float64(src)/float64(dst) - 0.5
		floor := math.Floor(at)
		a := int(floor)
		taps[i] = tap{a: max(a, 0), b: min(a+1, src-1), w: float32(at - floor)}
	}
	return taps
}

// Scale writes the crop as RGB.
func (s *simple) Scale(rgb []byte, src Pixels) error {
	crop := s.plan.Crop
	s.at = [2]int{-1, -1}
	out := rgb
	for y := crop.Min.Y; y < crop.Max.Y; y++ {
		ty := s.y[y]
		up := s.row(ty.a, ty.b, src)
		down := s.row(ty.b, ty.a, src)
		w := ty.w
		line := out[:len(up)]
		for i, v := range up {
			line[i] = byte(v*(1-w) + down[i]*w + 0.5)
		}
		out = out[len(up):]
	}
	return nil
}

// row is a source row at the width of the result. The other one that is
// needed at the same time keeps its place.
func (s *simple) row(n, other int, src Pixels) []float32 {
	for i, at := range s.at {
		if at == n {
			return s.rows[i]
		}
	}
	i := 0
	if s.at[0] == other {
		i = 1
	}
	s.at[i] = n
	first, third := 0, 2
	if src.BGR {
		first, third = 2, 0
	}
	pix, row := src.Pix[n*src.Stride:], s.rows[i]
	for k, t := range s.x {
		a, b, to := pix[3*t.a:3*t.a+3], pix[3*t.b:3*t.b+3], row[3*k:3*k+3]
		to[0] = float32(a[first])*(1-t.w) + float32(b[first])*t.w
		to[1] = float32(a[1])*(1-t.w) + float32(b[1])*t.w
		to[2] = float32(a[third])*(1-t.w) + float32(b[third])*t.w
	}
	return row
}

// Close has nothing to free.
func (s *simple) Close() error { return nil }
