package ingest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// randomMask is a picture of black and white spots, some of them
// transparent.
func randomMask(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(3, 5, 3+w, 5+h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{A: 255}
			if rand.IntN(3) > 0 {
				c = color.NRGBA{200, 200, 200, 255}
			}
			if rand.IntN(9) == 0 {
				c = color.NRGBA{255, 255, 255, 0}
			}
			img.SetNRGBA(3+x, 5+y, c)
		}
	}
	return img
}

func TestMaskBlacksOut(t *testing.T) {
	for range 50 {
		w, h := 1+rand.IntN(20), 1+rand.IntN(20)
		scale := 1 + rand.IntN(3)
		img := randomMask(w, h)
		spans, err := NewMask(img).For(w*scale, h*scale)
		if err != nil {
			t.Fatal(err)
		}
		stride := 3*w*scale + 5
		pix := bytes.Repeat([]byte{7}, stride*h*scale)
		spans.Black(pix, stride, 3)
		for y := range h * scale {
			for x := range stride {
				want := byte(7)
				if x < 3*w*scale {
					if c := img.NRGBAAt(3+x/3/scale, 5+y/scale); c.A == 0 || c.R == 0 {
						want = 0
					}
				}
				if got := pix[y*stride+x]; got != want {
					t.Fatalf("%dx%d×%d: byte %d of row %d is %d, want %d", w, h, scale, x, y, got, want)
				}
			}
		}
	}
}

func TestMaskFits(t *testing.T) {
	m := NewMask(randomMask(192, 108))
	for _, size := range [][2]int{{192, 108}, {1920, 1080}, {96, 54}, {1919, 1080}} {
		if _, err := m.For(size[0], size[1]); err != nil {
			t.Errorf("%v: %v", size, err)
		}
	}
	for _, size := range [][2]int{{108, 192}, {192, 120}, {1920, 1000}, {0, 0}} {
		if _, err := m.For(size[0], size[1]); err == nil {
			t.Errorf("%v: a mask of another shape fits", size)
		}
	}
}

func TestLoadMask(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mask.png")
	if _, err := LoadMask(path); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("%v", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, randomMask(4, 4)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadMask(path); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(path, b.Bytes()[:40], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadMask(path); err == nil || !strings.Contains(err.Error(), "not a picture") {
		t.Errorf("%v", err)
	}
}

func FuzzDecodeMask(f *testing.F) {
	var b bytes.Buffer
	if err := png.Encode(&b, randomMask(5, 3)); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if cfg, _, err := image.DecodeConfig(bytes.NewReader(content)); err == nil && cfg.Width*cfg.Height > 1<<20 {
			return // only slow
		}
		m, err := DecodeMask(bytes.NewReader(content))
		if err != nil {
			return
		}
		spans, err := m.For(m.width, m.height)
		if err != nil {
			t.Fatal(err)
		}
		spans.Black(make([]byte, 3*m.width*m.height), 3*m.width, 3)
	})
}
