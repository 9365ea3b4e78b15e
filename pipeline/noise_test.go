package pipeline

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/scene"
	"github.com/flipmeter/flipmeter/stability"
)

// After a long calm day a noisy night begins. To a stream that looks back to
// its beginning the noise is change for hours; one that looks back a minute
// takes it for what it is after a minute, also where the size has changed.
func TestNoiseOfTheLastMinute(t *testing.T) {
	for _, c := range []struct {
		over  time.Duration
		still bool
	}{{0, false}, {time.Minute, true}} {
		a := newAssembler(Config{NoiseOver: c.over}, Deps{ThumbPicture: NoPicture})
		rng := rand.New(rand.NewPCG(1, 1))
		at := time.Duration(0)
		look := func(noise int, brk stability.Reason) int32 {
			pix := make([]byte, scene.Side*scene.Side)
			const cell = scene.Side / 32
			var level [32 * 32]byte
			for i := range level {
				level[i] = byte(100 + rng.IntN(2*noise+1) - noise)
			}
			for i := range pix {
				pix[i] = level[i/scene.Side/cell*32+i%scene.Side/cell]
			}
			f := frame.Frame{Pictures: []frame.Picture{{Width: scene.Side, Height: scene.Side, Channels: 1, Pix: pix}}}
			var r record
			r.obs = stability.Observation{PTS: at, Break: brk}
			a.compare(&f, &r)
			at += time.Second
			return r.obs.Change
		}
		for range 80 {
			look(0, stability.ReasonNone)
		}
		for range 70 {
			look(2, stability.ReasonNone)
		}
		if n := look(2, stability.ReasonNone); (n == 0) != c.still {
			t.Errorf("looking back %v: %d cells have changed after 70 s of noise, want none: %v", c.over, n, c.still)
		}
		look(0, stability.ReasonSize)
		for range 80 {
			look(0, stability.ReasonNone)
		}
		for range 70 {
			look(2, stability.ReasonNone)
		}
		if n := look(2, stability.ReasonNone); (n == 0) != c.still {
			t.Errorf("looking back %v, of another size: %d cells have changed after 70 s of noise, want none: %v", c.over, n, c.still)
		}
	}
}
