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
