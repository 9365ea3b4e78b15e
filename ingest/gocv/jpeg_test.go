//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"bytes"
	"image/jpeg"
	"slices"
	"sync"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
)

// ramp is red from left to right, green from top to bottom, blue 40.
func ramp(width, height int) frame.Picture {
	p := frame.Picture{Width: width, Height: height, Channels: 3, Pix: make([]byte, 0, width*height*3)}
	for y := range height {
		for x := range width {
			p.Pix = append(p.Pix, byte(255*x/width), byte(255*y/height), 40)
		}
	}
	return p
}

// The file shows the picture, in its colours, and the picture is left alone.
func TestEncodeJPEG(t *testing.T) {
	p := ramp(256, 143)
	before := slices.Clone(p.Pix)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			data, err := EncodeJPEG(p, 80)
			if err != nil {
				t.Error(err)
				return
			}
			img, err := jpeg.Decode(bytes.NewReader(data))
			if err != nil || img.Bounds().Dx() != 256 || img.Bounds().Dy() != 143 {
				t.Errorf("%d bytes: %v", len(data), err)
				return
			}
			for _, at := range [][2]int{{10, 10}, {200, 20}, {30, 130}, {128, 70}} {
				r, g, b, _ := img.At(at[0], at[1]).RGBA()
				want := p.Pix[(at[1]*256+at[0])*3:]
				for k, v := range []uint32{r, g, b} {
					if d := int(v>>8) - int(want[k]); d < -12 || d > 12 {
						t.Errorf("channel %d at %v is %d, want %d", k, at, v>>8, want[k])
					}
				}
			}
		})
	}
	all.Wait()
	if !slices.Equal(p.Pix, before) {
		t.Error("the picture was changed")
	}
}

func TestEncodeJPEGOfTheWrongSize(t *testing.T) {
	p := ramp(16, 8)
	p.Width++
	if _, err := EncodeJPEG(p, 80); err == nil {
		t.Error("encoded")
	}
}

func BenchmarkEncodeJPEG(b *testing.B) {
	p := frame.Picture{Width: 256, Height: 192, Channels: 3, Pix: make([]byte, 256*192*3)}
	for i := range p.Pix {
		p.Pix[i] = byte(i*i>>8 ^ i>>3)
	}
	for b.Loop() {
		if _, err := EncodeJPEG(p, 80); err != nil {
			b.Fatal(err)
		}
	}
}
