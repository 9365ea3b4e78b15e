package perturb

import (
	"math"
	"testing"
)

func TestRatio(t *testing.T) {
	if ratio(nil, nil) != nil || ratio([]float64{0}, []float64{0}) != nil {
		t.Error("0/0 has a value")
	}
	if e := ratio([]float64{1}, []float64{4}); e.Value != .25 || e.Low != nil || e.Pictures != 1 {
		t.Errorf("one picture: %+v", e)
	}
	// Wilson at 0 of 10: 0 to z²/(n+z²).
	e := ratio(make([]float64, 10), []float64{9, 9, 9, 9, 9, 9, 9, 9, 9, 9})
	if want := wilsonZ * wilsonZ / (10 + wilsonZ*wilsonZ); *e.Low != 0 || math.Abs(*e.High-want) > 1e-12 {
		t.Errorf("nothing in ten pictures: %v to %v", *e.Low, *e.High)
	}
	if m := mean(make([]float64, 10), []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}); *m.Low != 0 || math.Abs(math.Exp(-10**m.High)-.025) > 1e-12 {
		t.Errorf("a mean of nothing: %v to %v", *m.Low, *m.High)
	}
	if m := mean([]float64{0, 2}, []float64{1, 1}); *m.Low != 0 || *m.High != 2 {
		t.Errorf("a mean of 1: %v to %v", *m.Low, *m.High)
	}
	// 400 pictures of one pair each, a fifth of which change: the interval
	// is that of a share, 1.96·√(.2·.8/400) to each side.
	num, den := make([]float64, 400), make([]float64, 400)
	for i := range num {
		den[i] = 1
		if i%5 == 0 {
			num[i] = 1
		}
	}
	e = ratio(num, den)
	if math.Abs(*e.Low-.1608) > .006 || math.Abs(*e.High-.2392) > .006 {
		t.Errorf("a fifth: %v to %v", *e.Low, *e.High)
	}
	// The same pairs in 20 pictures of 20 that agree within: far less sure.
	num, den = make([]float64, 20), make([]float64, 20)
	for i := range num {
		den[i] = 20
		if i%5 == 0 {
			num[i] = 20
		}
	}
	if c := ratio(num, den); *c.High-*c.Low < 2*(*e.High-*e.Low) {
		t.Errorf("clusters: %v to %v", *c.Low, *c.High)
	}
	a, b := ratio(num, den), ratio(num, den)
	if *a.Low != *b.Low || *a.High != *b.High {
		t.Error("the interval is another each time")
	}
}
