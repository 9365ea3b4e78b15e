package report

import (
	"bytes"
	"image/jpeg"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
)

// maxTestJPEG is what a picture of width 256 takes at most.
const maxTestJPEG = 16 << 10

// A compressed picture looks like the picture, and one that two flips share
// is compressed once.
func TestJPEGs(t *testing.T) {
	var pool frame.Pool
	thumbs := clipThumbs(t, &pool)
	a, b := thumbs(0), thumbs(60)
	a.Seq, b.Seq = 1, 2
	var c jpegCache
	one, err := c.encode(a, 1)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := c.encode(a, 1); &again[0] != &one[0] {
		t.Error("the same picture was compressed twice")
	}
	two, err := c.encode(b, 1)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(one, two) {
		t.Error("two pictures became one")
	}
	for i, th := range []*frame.Thumb{a, b} {
		img, err := jpeg.Decode(bytes.NewReader([][]byte{one, two}[i]))
		if err != nil {
			t.Fatal(err)
		}
		var diff float64
		for y := range th.Height {
			for x := range th.Width {
				r, g, b, _ := img.At(x, y).RGBA()
				p := th.Pix[(y*th.Width+x)*3:]
				for k, v := range []uint32{r, g, b} {
					d := float64(v>>8) - float64(p[k])
					diff += d * d
				}
			}
		}
		// A mean squared error of 100 is 28 dB.
		if mse := diff / float64(len(th.Pix)); mse > 100 || len([][]byte{one, two}[i]) > maxTestJPEG {
			t.Errorf("picture %d: mean squared error %.0f with %d bytes", i, mse, len([][]byte{one, two}[i]))
		}
	}
	bad := thumbs(1)
	bad.Width++
	if _, err := c.encode(bad, 1); err == nil {
		t.Error("a picture of the wrong size is compressed")
	}
	for _, th := range []*frame.Thumb{a, b, bad} {
		th.Release()
	}
}

func BenchmarkJPEG(b *testing.B) {
	var pool frame.Pool
	th := clipThumbs(b, &pool)(40)
	var c jpegCache
	for b.Loop() {
		c.bytes = nil
		if _, err := c.encode(th, 1); err != nil {
			b.Fatal(err)
		}
	}
	th.Release()
}
