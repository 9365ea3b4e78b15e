package ingest

import (
	"math"
	"testing"
	"time"
)

func TestSamplerKeepsTheRate(t *testing.T) {
	f := func(stride int, fps, sourceFPS float64, frames, want int) {
		t.Helper()
		s := NewSampler(stride, fps)
		taken := 0
		for i := range frames {
			// Times rounded to milliseconds, as containers do.
			pts := time.Duration(math.Round(float64(i)/sourceFPS*1000)) * time.Millisecond
			if s.Take(pts) {
				taken++
			}
		}
		if taken != want {
			t.Errorf("stride %d, %v fps of %v: %d of %d frames, want %d", stride, fps, sourceFPS, taken, frames, want)
		}
	}
	f(1, 0, 25, 250, 250)
	f(0, 0, 25, 250, 250)
	f(5, 0, 25, 250, 50)
	f(1, 5, 25, 250, 50)
	f(1, 5, 30, 300, 50)
	f(1, 25, 25, 250, 250)
	f(1, 29.97, 29.97, 3000, 3000)
	f(1, 12.5, 25, 250, 125)
	f(1, 10, 25, 250, 100) // 0, 120, 200, 320, 400 ms
	f(1, 60, 25, 250, 250)
	f(2, 5, 25, 250, 50) // of 0, 80, 160 … those at 0, 240, 400, 640 …
	f(3, 5, 25, 250, 50) // of 0, 120, 240 … those at 0, 240, 480, 600, 840 …
}

func TestSamplerAfterAGap(t *testing.T) {
	s := NewSampler(1, 10)
	for _, c := range []struct {
		ms   int
		want bool
	}{{0, true}, {50, false}, {100, true}, {5000, true}, {5050, false}, {5100, true}, {0, true}, {40, false}, {100, true}} {
		if got := s.Take(time.Duration(c.ms) * time.Millisecond); got != c.want {
			t.Errorf("at %d ms: %v", c.ms, got)
		}
	}
}
