package scene

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

func BenchmarkCompare(b *testing.B) {
	p, q := noisePicture(Side, Side, 1, 1), noisePicture(Side, Side, 1, 2)
	m := NewChangeMap(time.Minute)
	var c Change
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Compare(p, q, time.Duration(i)*40*time.Millisecond, &c)
	}
}

// What a stream costs whose grids are kept: of a picture that stands still but
// for the camera's noise, of a dark one, in which noise is more than the
// highest threshold, and of one in which all moves.
func BenchmarkCompareGrids(b *testing.B) {
	for _, c := range []struct {
		name  string
		sigma float64
	}{{"still", 1}, {"noisy", 8}, {"moving", 0}} {
		b.Run(c.name, func(b *testing.B) {
			var prev, cur Grid
			rng := rand.New(rand.NewPCG(1, 2))
			for i, g := range []*Grid{&prev, &cur} {
				p := frame.Picture{Width: Side, Height: Side, Channels: 1, Pix: make([]byte, Side*Side)}
				for k := range p.Pix {
					p.Pix[k] = byte(64 + k*7%97)
				}
				if c.sigma > 0 {
					newNoise(c.sigma, rng).add(p.Pix)
				} else { // cells of their own brightness
					for k := range p.Pix {
						p.Pix[k] = byte((k/Side/cellSide*GridSide + k%Side/cellSide) * (37 + 80*i))
					}
				}
				g.Fill(p)
			}
			m := NewChangeMap(time.Minute)
			var out Change
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				m.CompareGrids(&prev, &cur, time.Duration(i)*100*time.Millisecond, &out)
			}
		})
	}
}

func BenchmarkContentScore(b *testing.B) {
	p, q := noisePicture(256, 192, 3, 1), noisePicture(256, 192, 3, 2)
	c := NewContent()
	b.ReportAllocs()
	for b.Loop() {
		c.Score(p)
		p, q = q, p
	}
}

func noisePicture(w, h, channels int, seed uint64) frame.Picture {
	rng := rand.New(rand.NewPCG(seed, 0))
	p := frame.Picture{Width: w, Height: h, Channels: channels, Pix: make([]byte, w*h*channels)}
	for i := range p.Pix {
		p.Pix[i] = byte(rng.Uint32())
	}
	return p
}
