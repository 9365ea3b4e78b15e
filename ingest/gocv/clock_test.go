package gocv

import (
	"testing"
	"time"
)

// run stamps a whole stream of reported times.
func run(fps float64, ms ...float64) []stamp {
	c := newClock(fps)
	var all []stamp
	for i, m := range ms {
		all = append(all, c.next(m, func() (float64, bool) {
			if i+1 < len(ms) {
				return ms[i+1], true
			}
			return 0, false
		}))
	}
	return all
}

func TestClock(t *testing.T) {
	at := func(ms int) stamp { return stamp{pts: time.Duration(ms) * time.Millisecond} }
	guess := func(ms int) stamp { return stamp{pts: time.Duration(ms) * time.Millisecond, estimated: true} }
	back := func(ms int) stamp { return stamp{pts: time.Duration(ms) * time.Millisecond, back: true} }
	for name, c := range map[string]struct {
		fps  float64
		ms   []float64
		want []stamp
	}{
		"regular":               {25, []float64{0, 40, 80}, []stamp{at(0), at(40), at(80)}},
		"starts late":           {25, []float64{80, 120, 160}, []stamp{at(0), at(40), at(80)}},
		"end without times":     {25, []float64{0, 40, 80, 0, 0}, []stamp{at(0), at(40), at(80), guess(120), guess(160)}},
		"variable, no end":      {25, []float64{0, 40, 160, 0}, []stamp{at(0), at(40), at(160), guess(280)}},
		"no times at all":       {10, []float64{0, 0, 0}, []stamp{at(0), guess(100), guess(200)}},
		"no times, no rate":     {0, []float64{0, 0}, []stamp{at(0), guess(40)}},
		"one missing":           {25, []float64{0, 40, 0, 120}, []stamp{at(0), at(40), guess(80), at(120)}},
		"missing, then earlier": {25, []float64{0, 100, 0, 150}, []stamp{at(0), at(100), guess(200), back(150)}},
		"joined at zero":        {25, []float64{0, 40, 80, 0, 40, 80}, []stamp{at(0), at(40), at(80), back(0), at(40), at(80)}},
		"joined elsewhere":      {25, []float64{0, 40, 80, 20, 60}, []stamp{at(0), at(40), at(80), back(20), at(60)}},
		"stands still":          {25, []float64{0, 40, 40, 80}, []stamp{at(0), at(40), back(40), at(80)}},
		"back at the very end":  {25, []float64{0, 40, 80, 40}, []stamp{at(0), at(40), at(80), guess(120)}},
		"late start, no end":    {25, []float64{80, 120, 0}, []stamp{at(0), at(40), guess(80)}},
	} {
		got := run(c.fps, c.ms...)
		for i := range c.want {
			if got[i] != c.want[i] {
				t.Errorf("%s: frame %d: %+v, want %+v", name, i, got[i], c.want[i])
			}
		}
	}
}
