//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest/derive"
	"github.com/flipmeter/flipmeter/ingest/images"
)

// TestKindsOfPictures: OpenCV reads grey, deep, transparent and four-ink
// pictures as eight bits of blue, green and red.
func TestKindsOfPictures(t *testing.T) {
	codec, err := Pictures()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, img image.Image) string {
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	grey, deep, clear := image.NewGray(image.Rect(0, 0, 2, 1)), image.NewRGBA64(image.Rect(0, 0, 2, 1)), image.NewNRGBA(image.Rect(0, 0, 2, 1))
	grey.Set(1, 0, color.Gray{77})
	deep.Set(1, 0, color.RGBA64{0x1234, 0xABCD, 0x00FF, 0xFFFF})
	clear.Set(1, 0, color.NRGBA{10, 200, 30, 0})
	for _, c := range []struct {
		path      string
		x         int
		rgb       [3]byte
		tolerance int
	}{
		{write("grey.png", grey), 1, [3]byte{77, 77, 77}, 0}, {write("deep.png", deep), 1, [3]byte{0x12, 0xAB, 0}, 1},
		{write("clear.png", clear), 1, [3]byte{10, 200, 30}, 0},
		{"../images/testdata/cmyk.jpg", 2, [3]byte{255, 0, 0}, 40}, {"../images/testdata/cmyk.jpg", 13, [3]byte{0, 255, 255}, 40},
	} {
		var b images.Bitmap
		if err := images.ReadFile(c.path, codec, &b); err != nil {
			t.Errorf("%s: %v", filepath.Base(c.path), err)
			continue
		}
		got := b.Pix[3*c.x:]
		for k, want := range c.rgb {
			if d := int(got[2-k]) - int(want); d > c.tolerance || d < -c.tolerance {
				t.Errorf("%s: BGR %v, want RGB %v", filepath.Base(c.path), got[:3], c.rgb)
			}
		}
	}
}

// TestScalerKeepsTheOrder: the same picture as RGB and as BGR gives the same
// result, for the filters that OpenCV itself computes.
func TestScalerKeepsTheOrder(t *testing.T) {
	codec, err := Pictures()
	if err != nil {
		t.Fatal(err)
	}
	rgb := make([]byte, 3*40*30)
	for i := range rgb {
		rgb[i] = byte(i * i / 7)
	}
	bgr := bytes.Clone(rgb)
	for i := 0; i < len(bgr); i += 3 {
		bgr[i], bgr[i+2] = bgr[i+2], bgr[i]
	}
	for _, f := range []frame.Filter{frame.FilterNearest, frame.FilterLinear, frame.FilterCubic, frame.FilterLanczos} {
		var got [2][]byte
		for i, src := range [][]byte{rgb, bgr} {
			m, err := derive.NewMaker([]frame.Want{{Width: 16, Height: 16, Fit: frame.FitSquash, Filter: f}}, 40, 30, nil, codec.Scaler)
			if err != nil {
				t.Fatal(err)
			}
			p := []frame.Picture{{Width: 16, Height: 16, Channels: 3, Pix: make([]byte, 3*16*16)}}
			if err := m.Make(p, derive.Pixels{Pix: src, Stride: 120, BGR: i == 1}); err != nil {
				t.Fatal(err)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
			got[i] = p[0].Pix
		}
		if !bytes.Equal(got[0], got[1]) {
			t.Errorf("%s: another order, another picture", f)
		}
	}
}
