package scene

import (
	"testing"

	"github.com/flipmeter/flipmeter/frame"
)

func TestGridSumsCells(t *testing.T) {
	white := frame.Picture{Width: Side, Height: Side, Channels: 1, Pix: make([]byte, Side*Side)}
	for i := range white.Pix {
		white.Pix[i] = 255
	}
	for i, p := range []frame.Picture{white, noisePicture(Side, Side, 1, 1), noisePicture(Side, Side, 1, 2)} {
		var want, got Grid
		for y := range Side {
			for x := range Side {
				want[y/cellSide*GridSide+x/cellSide] += uint16(p.Pix[y*Side+x])
			}
		}
		if got.Fill(p); got != want {
			t.Errorf("picture %d has other sums", i)
		}
	}
}

func BenchmarkFill(b *testing.B) {
	p := noisePicture(Side, Side, 1, 1)
	var g Grid
	for b.Loop() {
		g.Fill(p)
	}
}
