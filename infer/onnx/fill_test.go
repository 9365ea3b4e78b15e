package onnx

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
)

// plain is preprocessing that changes nothing.
func plain(width, height int) *infer.Preprocessing {
	return &infer.Preprocessing{Width: width, Height: height, Fit: frame.FitSquash, Filter: frame.FilterArea,
		Order: "RGB", Scale: [3]float32{1, 1, 1}}
}

// slowFill writes element by element, by the definition: value = (byte −
// mean) / scale, mean and scale in the network's channel order.
func slowFill(pix []byte, width, height int, planes bool, p infer.Preprocessing) []float32 {
	out := make([]float32, len(pix))
	for y := range height {
		for x := range width {
			for c := range 3 { // in the network's order
				rgb := c
				if p.Order == "BGR" {
					rgb = 2 - c
				}
				at := (y*width+x)*3 + c
				if planes {
					at = c*width*height + y*width + x
				}
				out[at] = (float32(pix[(y*width+x)*3+rgb]) - p.Mean[c]) / p.Scale[c]
			}
		}
	}
	return out
}

func TestFillAgainstTheDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		width, height := 1+rng.IntN(9), 1+rng.IntN(9)
		pix := make([]byte, width*height*3)
		for i := range pix {
			pix[i] = byte(rng.IntN(256))
		}
		p := *plain(width, height)
		for c := range 3 {
			p.Mean[c], p.Scale[c] = rng.Float32()*255, 0.1+rng.Float32()*100
		}
		if rng.IntN(2) == 0 {
			p.Order = "BGR"
		}
		planes := rng.IntN(2) == 0
		want := slowFill(pix, width, height, planes, p)
		floats := make([]float32, len(pix))
		halves := make([]uint16, len(pix))
		fillWithTables(floats, planes, p, func(f float32) float32 { return f })(pix)
		fillWithTables(halves, planes, p, float16Bits)(pix)
		for i := range want {
			if floats[i] != want[i] {
				t.Fatalf("%d×%d %s planes %v: element %d is %v, want %v", width, height, p.Order, planes, i, floats[i], want[i])
			}
			if halves[i] != float16Bits(want[i]) {
				t.Fatalf("%d×%d %s planes %v: half %d is %v, want %v", width, height, p.Order, planes, i, float16Value(halves[i]), want[i])
			}
		}
	}
}

// Every half survives the way to float32 and back, and rounding goes to the
// nearest, ties to even.
func TestFloat16(t *testing.T) {
	for h := range 1 << 16 {
		h := uint16(h)
		v := float16Value(h)
		if v != v {
			if h&0x7c00 != 0x7c00 || h&0x3ff == 0 {
				t.Fatalf("%#04x became NaN", h)
			}
			if b := float16Bits(v); b&0x7c00 != 0x7c00 || b&0x3ff == 0 {
				t.Fatalf("NaN became %#04x", b)
			}
			continue
		}
		if got := float16Bits(v); got != h {
			t.Fatalf("%#04x is %v, which became %#04x", h, v, got)
		}
		next := float16Value(h + 1)
		if h&0x7fff >= 0x7bff { // the largest, and infinity
			continue
		}
		middle := (v + next) / 2 // exact in float32
		even := h
		if h&1 == 1 {
			even = h + 1
		}
		if got := float16Bits(middle); got != even {
			t.Fatalf("%v lies between %#04x and %#04x and became %#04x", middle, h, h+1, got)
		}
		if got := float16Bits(math.Nextafter32(middle, v)); got != h {
			t.Fatalf("just before %v: %#04x, want %#04x", middle, got, h)
		}
		if got := float16Bits(math.Nextafter32(middle, next)); got != h+1 {
			t.Fatalf("just after %v: %#04x, want %#04x", middle, got, h+1)
		}
	}
	for f, want := range map[float32]float32{65504: 65504, 65519: 65504, 65520: float32(math.Inf(1)), 1e30: float32(math.Inf(1)), 1e-30: 0, -1e30: float32(math.Inf(-1))} {
		if got := float16Value(float16Bits(f)); got != want {
			t.Errorf("%v became %v, want %v", f, got, want)
		}
	}
}
