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
		return &simple{plan: p, x: nearest(width, p.Scaled.X), y: nearest(height, p.Scaled.Y)}, nil
	case frame.FilterLinear, frame.FilterArea:
		return &simple{plan: p, x: linear(width, p.Scaled.X), y: linear(height, p.Scaled.Y)}, nil
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
	crop, first, third := s.plan.Crop, 0, 2
	if src.BGR {
		first, third = 2, 0
	}
	out := rgb
	for y := crop.Min.Y; y < crop.Max.Y; y++ {
		ty := s.y[y]
		up, down := src.Pix[ty.a*src.Stride:], src.Pix[ty.b*src.Stride:]
		for _, tx := range s.x[crop.Min.X:crop.Max.X] {
			out[0] = mix(up, down, 3*tx.a+first, 3*tx.b+first, tx.w, ty.w)
			out[1] = mix(up, down, 3*tx.a+1, 3*tx.b+1, tx.w, ty.w)
			out[2] = mix(up, down, 3*tx.a+third, 3*tx.b+third, tx.w, ty.w)
			out = out[3:]
		}
	}
	return nil
}

func mix(up, down []byte, a, b int, wx, wy float32) byte {
	top := float32(up[a])*(1-wx) + float32(up[b])*wx
	bottom := float32(down[a])*(1-wx) + float32(down[b])*wx
	return byte(top*(1-wy) + bottom*wy + 0.5)
}

// Close has nothing to free.
func (s *simple) Close() error { return nil }
