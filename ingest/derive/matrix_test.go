package derive

import (
	"math"
	"math/rand/v2"
	"testing"
)

// encode and decode are the equations of ITU-R BT.601 and BT.709 for 8 bits,
// written down independently of the tables.
func encode(rgb [3]float64, kr, kb float64, full bool) (y, u, v float64) {
	l := kr*rgb[0] + (1-kr-kb)*rgb[1] + kb*rgb[2]
	pb, pr := (rgb[2]-l)/(2-2*kb)/255, (rgb[0]-l)/(2-2*kr)/255
	if full {
		return l, 255*pb + 128, 255*pr + 128
	}
	return 219*l/255 + 16, 224*pb + 128, 224*pr + 128
}

func decode(y, u, v, kr, kb float64, full bool) [3]float64 {
	l, pb, pr := y/255, (u-128)/255, (v-128)/255
	if !full {
		l, pb, pr = (y-16)/219, (u-128)/224, (v-128)/224
	}
	r, b := l+pr*(2-2*kr), l+pb*(2-2*kb)
	return [3]float64{255 * r, 255 * (l - kr*r - kb*b) / (1 - kr - kb), 255 * b}
}

func TestCorrection(t *testing.T) {
	codings := []struct {
		c      Coding
		kr, kb float64
	}{
		{Coding{BT601, false}, 0.299, 0.114}, {Coding{BT709, false}, 0.2126, 0.0722}, {Coding{BT2020, false}, 0.2627, 0.0593},
		{Coding{BT601, true}, 0.299, 0.114}, {Coding{BT709, true}, 0.2126, 0.0722}, {Coding{SMPTE240M, false}, 0.212, 0.087},
		{Coding{FCC, false}, 0.30, 0.11},
	}
	for _, as := range codings {
		for _, meant := range codings {
			c, err := NewCorrection(as.c, meant.c)
			if err != nil {
				t.Fatal(err)
			}
			if (c == nil) != (as.c == meant.c) {
				t.Errorf("%v decoded as %v: correction %v", meant.c, as.c, c)
			}
			tried := 0
			for range 3000 {
				want := [3]float64{float64(rand.IntN(256)), float64(rand.IntN(256)), float64(rand.IntN(256))}
				y, u, v := encode(want, meant.kr, meant.kb, meant.c.FullRange)
				wrong := decode(y, u, v, as.kr, as.kb, as.c.FullRange)
				var rgb [3]byte
				clipped := false
				for i, x := range wrong {
					clipped = clipped || x < 0 || x > 255
					rgb[i] = byte(math.Round(math.Min(math.Max(x, 0), 255)))
				}
				if clipped {
					continue
				}
				tried++
				c.Apply(rgb[:])
				for i := range rgb {
					if d := math.Abs(float64(rgb[i]) - want[i]); d > 2 {
						t.Fatalf("%v decoded as %v: %v comes out as %v", meant.c, as.c, want, rgb)
					}
				}
			}
			if tried < 300 {
				t.Errorf("%v decoded as %v: only %d colours were not clipped", meant.c, as.c, tried)
			}
		}
	}
	if _, err := NewCorrection(Coding{Matrix: BT601}, Coding{Matrix: RGBMatrix}); err == nil {
		t.Error("a correction to no matrix")
	}
}

// TestCorrectionKeepsGreys: a grey has no chroma, so no matrix changes it.
func TestCorrectionKeepsGreys(t *testing.T) {
	c, err := NewCorrection(Coding{Matrix: BT601}, Coding{Matrix: BT709})
	if err != nil {
		t.Fatal(err)
	}
	for v := range 256 {
		rgb := [3]byte{byte(v), byte(v), byte(v)}
		c.Apply(rgb[:])
		if rgb != [3]byte{byte(v), byte(v), byte(v)} {
			t.Errorf("grey %d becomes %v", v, rgb)
		}
	}
}

func BenchmarkCorrection(b *testing.B) {
	c, err := NewCorrection(Coding{Matrix: BT601}, Coding{Matrix: BT709})
	if err != nil {
		b.Fatal(err)
	}
	rgb := make([]byte, 224*224*3)
	for i := range rgb {
		rgb[i] = byte(rand.Uint32())
	}
	for b.Loop() {
		c.Apply(rgb)
	}
}
