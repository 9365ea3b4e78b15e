package derive

import (
	"bytes"
	"image"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/resample"
)

func noise(w, h int) []byte {
	pix := make([]byte, 3*w*h)
	for i := range pix {
		pix[i] = byte(rand.Uint32())
	}
	return pix
}

// fill makes the pictures of one decoded picture.
func fill(t *testing.T, cfg ViewConfig, pix []byte, w, h int) []frame.Picture {
	t.Helper()
	if cfg.Other == nil {
		cfg.Other = Simple
	}
	v := NewView(cfg)
	if _, err := v.Treat(pix, w, h); err != nil {
		t.Fatal(err)
	}
	var f frame.Frame
	if err := v.Fill(&f, new(frame.Pool), pix); err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	return f.Pictures
}

// TestLumaOfSamePicture: a luma picture is that of the RGB picture with the same
// geometry, wherever that stands before it, and its own otherwise.
func TestLumaOfSamePicture(t *testing.T) {
	rgb := crop(28, 28, 32)
	luma := rgb
	luma.Format = frame.Luma
	other := crop(28, 28, 40)
	other.Format = frame.Luma
	matrix, err := NewCorrection(Coding{Matrix: BT601}, Coding{Matrix: BT709})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*Correction{nil, matrix} {
		for _, bgr := range []bool{false, true} {
			p := fill(t, ViewConfig{Wants: []frame.Want{luma, rgb, luma, other}, Correct: c, BGR: bgr}, noise(90, 70), 90, 70)
			want := make([]byte, 28*28)
			resample.Luma(want, p[1].Pix)
			for i := range want {
				// The first one is computed by itself: rounded once instead
				// of twice, so it may be one off.
				if p[2].Pix[i] != want[i] || max(p[0].Pix[i], want[i])-min(p[0].Pix[i], want[i]) > 1 {
					t.Fatalf("luma %d: %d and %d, want %d", i, p[0].Pix[i], p[2].Pix[i], want[i])
				}
			}
			if bytes.Equal(p[3].Pix, p[2].Pix) {
				t.Error("another crop gave the same luma")
			}
		}
	}
}

// TestChannelOrder: the same picture as BGR and as RGB gives the same
// results, for every filter and fit.
func TestChannelOrder(t *testing.T) {
	rgb := noise(61, 47)
	bgr := bytes.Clone(rgb)
	for i := 0; i < len(bgr); i += 3 {
		bgr[i], bgr[i+2] = bgr[i+2], bgr[i]
	}
	var wants []frame.Want
	for _, filter := range []frame.Filter{"nearest", "linear", "area", "pillow-bilinear"} {
		for _, fit := range []frame.Fit{frame.FitCrop, frame.FitSquash, frame.FitLetterbox} {
			wants = append(wants, frame.Want{Width: 20, Height: 30, Fit: fit, Filter: filter, Pad: [3]byte{9, 8, 7}},
				frame.Want{Width: 80, Height: 70, Fit: fit, Filter: filter, Pad: [3]byte{9, 8, 7}})
		}
	}
	a := fill(t, ViewConfig{Wants: wants}, rgb, 61, 47)
	b := fill(t, ViewConfig{Wants: wants, BGR: true}, bgr, 61, 47)
	for i := range wants {
		if !bytes.Equal(a[i].Pix, b[i].Pix) {
			t.Errorf("%+v differs", wants[i])
		}
	}
}

func TestLetterbox(t *testing.T) {
	pix := bytes.Repeat([]byte{200, 100, 50}, 40*20)
	want := frame.Want{Width: 10, Height: 10, Fit: frame.FitLetterbox, Filter: "linear", Pad: [3]byte{1, 2, 3}}
	luma := want
	luma.Format = frame.Luma
	p := fill(t, ViewConfig{Wants: []frame.Want{want, luma}}, pix, 40, 20)
	for i := range 100 {
		inside := image.Pt(i%10, i/10).In(image.Rect(0, 2, 10, 7))
		got := [3]byte(p[0].Pix[3*i:])
		if inside && got != [3]byte{200, 100, 50} || !inside && got != want.Pad {
			t.Errorf("pixel %d: %v", i, got)
		}
		if y := p[1].Pix[i]; inside != (y > 100) {
			t.Errorf("luma %d: %d", i, y)
		}
	}
}

func TestViewSizes(t *testing.T) {
	v := NewView(ViewConfig{Wants: []frame.Want{crop(8, 8, 0)}, Other: Simple, Region: ingest.Region{X: 2, Y: 2, Width: 20, Height: 20}})
	defer v.Close()
	changed, err := v.Treat(noise(30, 30), 30, 30)
	if err != nil || !changed {
		t.Errorf("first picture: %v, %v", changed, err)
	}
	a := noise(30, 30)
	if changed, err = v.Treat(a, 30, 30); err != nil || changed {
		t.Errorf("same size: %v, %v", changed, err)
	}
	b := bytes.Clone(a)
	b[0]++        // outside of the region
	b[3*30*29]--  // outside, too
	b[len(b)-1]++ // outside
	if !v.Same(a, b) {
		t.Error("pictures that differ outside of the region differ")
	}
	b[3*(30*21+21)]++ // its last pixel
	if v.Same(a, b) || v.Same(a, a[1:]) {
		t.Error("pictures that differ within the region look the same")
	}
	if changed, err = v.Treat(noise(40, 30), 40, 30); err != nil || !changed {
		t.Errorf("new size: %v, %v", changed, err)
	}
	if _, err = v.Treat(noise(21, 30), 21, 30); err == nil || !strings.Contains(err.Error(), "beyond the picture") {
		t.Errorf("too small: %v", err)
	}
}

func TestKeepTopField(t *testing.T) {
	for range 50 {
		w, h := 1+rand.IntN(9), 1+rand.IntN(9)
		in := noise(w, h)
		out := bytes.Clone(in)
		keepTopField(out, 3*w)
		for y := range h {
			for x := range 3 * w {
				want := in[y*3*w+x]
				switch {
				case y%2 == 1 && y+1 < h:
					want = byte((int(in[(y-1)*3*w+x]) + int(in[(y+1)*3*w+x]) + 1) / 2)
				case y%2 == 1:
					want = in[(y-1)*3*w+x]
				}
				if out[y*3*w+x] != want {
					t.Fatalf("%dx%d, row %d: %d, want %d", w, h, y, out[y*3*w+x], want)
				}
			}
		}
		again := bytes.Clone(out)
		keepTopField(again, 3*w)
		if !bytes.Equal(again, out) {
			t.Fatal("twice is not once")
		}
	}
}

// TestSimpleLinear holds the linear filter against the definition in
// float64.
func TestSimpleLinear(t *testing.T) {
	const w, h = 13, 9
	pix := noise(w, h)
	at := func(x, y, c int) float64 {
		return float64(pix[3*(min(max(y, 0), h-1)*w+min(max(x, 0), w-1))+c])
	}
	for _, size := range []image.Point{{5, 4}, {26, 20}, {13, 9}} {
		want := frame.Want{Width: size.X, Height: size.Y, Fit: frame.FitSquash, Filter: "linear"}
		p := fill(t, ViewConfig{Wants: []frame.Want{want}}, bytes.Clone(pix), w, h)[0]
		for y := range size.Y {
			for x := range size.X {
				fx := (float64(x)+0.5)*w/float64(size.X) - 0.5
				fy := (float64(y)+0.5)*h/float64(size.Y) - 0.5
				ix, iy := int(fx+10)-10, int(fy+10)-10
				dx, dy := fx-float64(ix), fy-float64(iy)
				for c := range 3 {
					exact := (at(ix, iy, c)*(1-dx)+at(ix+1, iy, c)*dx)*(1-dy) + (at(ix, iy+1, c)*(1-dx)+at(ix+1, iy+1, c)*dx)*dy
					if d := exact - float64(p.Pix[3*(y*size.X+x)+c]); d > 0.501 || d < -0.501 {
						t.Fatalf("%v at %d,%d: %d, want %.3f", size, x, y, p.Pix[3*(y*size.X+x)+c], exact)
					}
				}
			}
		}
	}
}
