package perturb

import (
	"crypto/sha256"
	"encoding/hex"
	"image"
	"math"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
)

// slowInpaint is the definition, whole pictures at a time, in float64.
func slowInpaint(p frame.Picture, known image.Rectangle) []float64 {
	k := binomial()
	w, h := p.Width, p.Height
	mask := make([]float64, w*h)
	pix := make([]float64, 3*w*h)
	left := 0
	for i := range mask {
		if image.Pt(i%w, i/w).In(known) {
			mask[i] = 1
			for c := range 3 {
				pix[3*i+c] = float64(p.Pix[3*i+c])
			}
		} else {
			left++
		}
	}
	for round := 0; round < 80 && left > 200; round++ {
		next, grown := append([]float64(nil), pix...), append([]float64(nil), mask...)
		for i := range mask {
			if mask[i] == 1 {
				continue
			}
			var sum [3]float64
			weight := 0.0
			for dy := range 12 {
				for dx := range 12 {
					x, y := i%w+dx-6, i/w+dy-6
					if x < 0 || y < 0 || x >= w || y >= h || mask[y*w+x] == 0 {
						continue
					}
					kk := float64(k[dx]) * float64(k[dy])
					weight += kk
					for c := range 3 {
						sum[c] += kk * pix[3*(y*w+x)+c]
					}
				}
			}
			if weight > 0 {
				for c := range 3 {
					next[3*i+c] = sum[c] / weight
				}
				grown[i] = 1
				left--
			}
		}
		pix, mask = next, grown
	}
	return pix
}

func TestInpaintIsTheDefinition(t *testing.T) {
	for _, c := range []struct {
		w, h  int
		known image.Rectangle
	}{
		{64, 64, image.Rect(22, 30, 42, 44)},
		{40, 70, image.Rect(0, 0, 9, 9)},
		{50, 30, image.Rect(49, 29, 50, 30)},
		{30, 30, image.Rect(0, 0, 30, 23)}, // 210 unknown
		{30, 30, image.Rect(0, 0, 30, 24)}, // 180: nothing is done
		{33, 31, image.Rect(-5, 10, 60, 20)},
	} {
		p := newPicture(c.w, c.h)
		o := drawn(c.w, c.h, noise)
		for y := c.known.Min.Y; y < c.known.Max.Y; y++ {
			for x := c.known.Min.X; x < c.known.Max.X; x++ {
				if image.Pt(x, y).In(whole(p)) {
					copy(p.Pix[3*(y*c.w+x):][:3], o.Pix[3*(y*c.w+x):])
				}
			}
		}
		want := slowInpaint(p, c.known)
		inpaint(p, c.known)
		for i, v := range want {
			if math.Abs(v-float64(p.Pix[i])) > 0.51 {
				t.Fatalf("%v in %d×%d: sample %d is %d, want %.2f", c.known, c.w, c.h, i, p.Pix[i], v)
			}
		}
	}
	p := drawn(20, 20, noise)
	before := append([]byte(nil), p.Pix...)
	inpaint(p, image.Rect(30, 30, 40, 40))
	for i := range before {
		if p.Pix[i] != before[i] {
			t.Fatal("with nothing known, something was painted")
		}
	}
}

// TestInpaintKeepsItsBytes: the same pictures come out on every machine and
// with every way of computing them.
func TestInpaintKeepsItsBytes(t *testing.T) {
	h := sha256.New()
	for _, c := range []struct {
		w, h  int
		known image.Rectangle
	}{
		{224, 324, image.Rect(45, 112, 178, 212)}, {224, 224, image.Rect(0, 3, 133, 103)}, {64, 40, image.Rect(-3, 30, 70, 50)},
		{50, 30, image.Rect(49, 29, 50, 30)}, {90, 7, image.Rect(40, 0, 52, 7)}, {31, 200, image.Rect(3, 190, 9, 200)},
	} {
		p := newPicture(c.w, c.h)
		known := c.known.Intersect(whole(p))
		paste(p, cutOut(drawn(c.w, c.h, noise), known), known.Min.X, known.Min.Y)
		inpaint(p, c.known)
		h.Write(p.Pix)
	}
	if got, want := hex.EncodeToString(h.Sum(nil)), "c8ccdd35f3c69b368dfeb75e4175ee703a1bc82437c6cc070c54df9fa3e70d38"; got != want {
		t.Errorf("the painted pictures have the sum %s, want %s", got, want)
	}
}

// TestInpaintedSweepMovesItsBackground: with one canvas for all shifts, every
// shot is a window of the same picture; done anew at each, they differ.
func TestInpaintedSweepMovesItsBackground(t *testing.T) {
	o := drawn(20, 20, noise)
	list := shifts(Vertical, -12, 12)
	s := newStage(o, at(22, 22), side, side, list, Inpaint, fakeLab(t, 1, byMean).Classifier.Model())
	a, b := make([]byte, 3*side*side), make([]byte, 3*side*side)
	s.render(a, at(0, 3))
	s.render(b, at(0, 4))
	for y := 1; y < side; y++ {
		for x := range 3 * side {
			if a[(y-1)*3*side+x] != b[y*3*side+x] {
				t.Fatalf("row %d differs", y)
			}
		}
	}
	anew := faithful(o, at(22, 22), side, side)
	anew(a, at(0, 0))
	p := newPicture(side, side)
	paste(p, o, 22, 22)
	inpaint(p, image.Rect(22, 22, 42, 42))
	for i := range a {
		if a[i] != p.Pix[i] {
			t.Fatalf("sample %d: %d, want %d", i, a[i], p.Pix[i])
		}
	}
}

func BenchmarkInpaint(b *testing.B) {
	o := drawn(133, 100, noise)
	for b.Loop() {
		p := newPicture(224, 324)
		paste(p, o, 45, 112)
		inpaint(p, image.Rect(45, 112, 178, 212))
	}
}
