package report

import (
	"bytes"
	"image/jpeg"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
)

// maxTestJPEG is what a picture of width 256 takes at most.
const maxTestJPEG = 16 << 10

// A compressed picture looks like the picture.
func TestJPEGs(t *testing.T) {
	var pool frame.Pool
	thumbs := clipThumbs(t, &pool)
	a, b := thumbs(0), thumbs(60)
	a.Seq, b.Seq = 1, 2
	one, two := a.JPEG(), b.JPEG()
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
	a.Release()
	b.Release()
}
