package perturb

import (
	"fmt"
	"image"
	"math"
	"strings"
	"testing"
)

// TestChiSquareTail against published quantiles of χ² with 9 degrees of
// freedom.
func TestChiSquareTail(t *testing.T) {
	for _, c := range []struct{ x, p float64 }{{2.088, .99}, {4.168, .9}, {8.343, .5}, {14.684, .1}, {16.919, .05}, {21.666, .01}, {27.877, .001}} {
		if got := chiSquareTail9(c.x); math.Abs(got-c.p) > 2e-4*math.Max(1, c.p*5) {
			t.Errorf("%v: %v, want %v", c.x, got, c.p)
		}
	}
	if chiSquareTail9(0) != 1 || chiSquareTail9(-1) != 1 || chiSquareTail9(1e5) != 0 {
		t.Error("the ends")
	}
}

func TestBias(t *testing.T) {
	var placed []Placed
	add := func(class string, n int, x, y, h func(i int) float64) {
		for i := range n {
			placed = append(placed, Placed{Class: class, X: x(i), Y: y(i), Height: h(i)})
		}
	}
	even := func(i int) float64 { return float64(i%10)/10 + .05 }
	middle := func(int) float64 { return .5 }
	add("even", 100, even, even, even)
	add("middle", 60, middle, middle, func(int) float64 { return 1 })
	add("one", 1, middle, middle, middle)
	add("few", 49, even, middle, even)
	got := Bias(placed)
	if len(got) != 4 || got[0].Class != "even" || got[1].Class != "middle" || got[2].Class != "few" || got[3].Class != "one" {
		t.Fatalf("%+v", got)
	}
	e := got[0]
	if !e.Tested() || e.X.ChiSquare > 1e-9 || e.X.V > 1e-6 || *e.X.P != 1 || *e.X.Corrected != 1 {
		t.Errorf("even: %+v", e.X)
	}
	// All 60 in one of ten bins: χ² = 54²/6 + 9·6²/6 = 540 = 9n, V = 1.
	m := got[1]
	if math.Abs(m.X.ChiSquare-540) > 1e-9 || math.Abs(m.X.V-1) > 1e-12 || *m.Height.P > 1e-90 || m.Height.Counts[9] != 60 || m.X.Counts[5] != 60 {
		t.Errorf("middle: %+v", m)
	}
	for _, c := range got[2:] {
		if c.Tested() || c.X.P != nil || c.Y.Corrected != nil {
			t.Errorf("%s: tested with %d boxes", c.Class, c.Boxes)
		}
	}
	if math.Abs(got[3].X.V-1) > 1e-12 {
		t.Errorf("one box: V %v", got[3].X.V)
	}
}

func TestHolm(t *testing.T) {
	var tests []*Uniformity
	for _, p := range []float64{.01, .04, .03, .005} {
		tests = append(tests, &Uniformity{P: &p})
	}
	all := append([]*Uniformity(nil), tests...)
	holm(tests)
	for i, want := range []float64{.03, .06, .06, .02} {
		if math.Abs(*all[i].Corrected-want) > 1e-12 {
			t.Errorf("%v: %v, want %v", *all[i].P, *all[i].Corrected, want)
		}
	}
}

func TestPlace(t *testing.T) {
	boxes := []Box{
		{Picture: "a", Width: 100, Height: 50, Class: "dog", Rect: image.Rect(0, 0, 50, 50)},
		{Picture: "b", Class: "dog", Rect: image.Rect(10, 10, 30, 20)},
		{Picture: "c", Class: "dog", Rect: image.Rect(10, 10, 30, 20)},
		{Picture: "b", Class: "cat", Rect: image.Rect(100, 100, 130, 120)},
	}
	placed, left := Place(boxes, func(p string) (image.Point, bool) { return image.Pt(40, 40), p == "b" })
	if len(placed) != 2 || placed[0] != (Placed{"dog", "a", .25, .5, 1}) || placed[1] != (Placed{"dog", "b", .5, .375, .25}) {
		t.Errorf("%+v", placed)
	}
	if s := fmt.Sprint(left); len(left) != 2 || !strings.Contains(s, "size of its picture") || !strings.Contains(s, "outside") {
		t.Errorf("%v", left)
	}
}
