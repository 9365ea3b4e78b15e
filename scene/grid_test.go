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
	pictures := []frame.Picture{white, noisePicture(Side, Side, 1, 1), noisePicture(Side, Side, 1, 2)}
	for seed := range uint64(20) { // black and white only: most sums, most carries
		p := noisePicture(Side, Side, 1, 3+seed)
		for i, v := range p.Pix {
			p.Pix[i] = 0
			if v > byte(12*seed) {
				p.Pix[i] = 255
			}
		}
		pictures = append(pictures, p)
	}
	got := Grid{Cells - 1: 7} // what was there before counts for nothing
	for i, p := range pictures {
		var want Grid
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
