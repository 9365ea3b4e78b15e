package perturb

import (
	"fmt"
	"image"
	"math"
	"slices"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/infertest"
)

func TestOffsetsAreTheNearest(t *testing.T) {
	if got := Offsets(5); !slices.Equal(got, []image.Point{{0, 0}, {0, -1}, {-1, 0}, {1, 0}, {0, 1}}) {
		t.Errorf("five: %v", got)
	}
	for _, n := range []int{1, 2, 9, 13, 21, 25, 49, 100, 333, 2025} {
		got := Offsets(n)
		far := 0
		seen := map[image.Point]bool{}
		for _, o := range got {
			far = max(far, o.X*o.X+o.Y*o.Y)
			seen[o] = true
		}
		nearer := 0
		for y := -60; y <= 60; y++ {
			for x := -60; x <= 60; x++ {
				if x*x+y*y < far {
					nearer++
					if !seen[image.Pt(x, y)] {
						t.Errorf("%d: %d,%d is nearer than some, and not there", n, x, y)
					}
				}
			}
		}
		if len(got) != n || len(seen) != n || nearer >= n {
			t.Errorf("%d: %d, %d of them different, %d nearer", n, len(got), len(seen), nearer)
		}
	}
}

// TestShiftRepeating against the definition, further than the picture is
// wide.
func TestShiftRepeating(t *testing.T) {
	p := drawn(7, 5, noise)
	for y := -6; y <= 6; y++ {
		for x := -9; x <= 9; x++ {
			dst := newPicture(7, 5)
			shiftRepeating(dst, p, at(x, y))
			for i := range dst.Pix {
				px, py := min(max(i/3%7-x, 0), 6), min(max(i/21-y, 0), 4)
				if dst.Pix[i] != p.Pix[3*(7*py+px)+i%3] {
					t.Fatalf("by %d,%d: sample %d", x, y, i)
				}
			}
		}
	}
}

// TestAveraged: the mean over five copies of a parity classifier is known.
func TestAveraged(t *testing.T) {
	lab := fakeLab(t, 2, byParity)
	a, err := NewAveraged(lab.Classifier, 5)
	if err != nil {
		t.Fatal(err)
	}
	f := frame.Frame{Pictures: []frame.Picture{drawn(side, side, func(x, y int) byte { return byte(x + y) })}}
	var p infer.Prediction
	if err := a.Classify(t.Context(), &f, 0, &p); err != nil {
		t.Fatal(err)
	}
	// The middle is even; its four neighbours are odd: .8 and .01 of class 0.
	if want := (.8 + 4*.01) / 5; math.Abs(float64(p.Probs[0])-want) > 1e-6 {
		t.Errorf("class 0: %v, want %v", p.Probs[0], want)
	}
	sum := 0.0
	for _, v := range p.Probs {
		sum += float64(v)
	}
	if math.Abs(sum-1) > 1e-6 || a.Model().Name != "scripted, mean of 5 shifted copies" {
		t.Errorf("sum %v, name %q", sum, a.Model().Name)
	}
	for _, n := range []int{0, MaxCopies + 1} {
		if _, err := NewAveraged(lab.Classifier, n); err == nil {
			t.Errorf("%d copies", n)
		}
	}
}

func TestAveragedIsAClassifier(t *testing.T) {
	infertest.TestClassifier(t, func(t *testing.T) infer.Classifier {
		a, err := NewAveraged(infertest.New(infertest.Config{Sessions: 2}), 3)
		if err != nil {
			t.Fatal(err)
		}
		return a
	})
}

// TestAveragingByCopies: with stripes of width one, the parity of a single
// copy changes at every step, and that of one pixel's neighbourhood of an even
// number of rows does not; shots that steps share are classified once.
func TestAveragingByCopies(t *testing.T) {
	src := &fakeSource{}
	src.add("stripes", drawn(40, 40, func(_, y int) byte { return byte(100 + y%2) }))
	shots := make(chan struct{}, 10000)
	lab := fakeLab(t, 2, func(f *frame.Frame, p frame.Picture, probs []float32) error {
		shots <- struct{}{}
		return byParity(f, p, probs)
	})
	s := Averaging{Copies: []int{1, 3, 9}, From: -4, To: 4, Short: 40, Background: Black, Filter: FilterArea}
	all, _ := chains(t, lab, src, nil, small(DefaultTranslation(Sweep)))
	_ = all
	for len(shots) > 0 {
		<-shots
	}
	out, err := Average(t.Context(), lab, src, s)
	if err != nil {
		t.Fatal(err)
	}
	// Copies of 9: a square of 3×3, so rows −5…5 and columns −1…1.
	if n := len(shots); n != 11*3 {
		t.Errorf("%d shots", n)
	}
	got := MeasureByCopies(out.Records[0].Chains, s.Copies)
	// n = 1: always. n = 3: the step itself, above and left: two of three have
	// the step's own row. n = 9: three rows of three; the two outer ones win.
	for i, want := range []float64{1, 1, 1} {
		if got[i].Copies != s.Copies[i] || got[i].Measures.Change.Value != want {
			t.Errorf("%d copies: %+v", got[i].Copies, got[i].Measures.Change)
		}
	}
	// The probabilities of the label before: .8 → .01; (2·.8+.01)/3 → (.8+2·.01)/3; the
	// same with six and three of nine.
	for i, want := range []float64{.79, .79 / 3, .79 / 3} {
		if v := got[i].Measures.MAC.Value; math.Abs(v-want) > 1e-6 {
			t.Errorf("%d copies: MAC %v, want %v", s.Copies[i], v, want)
		}
	}

	s = Averaging{Copies: []int{3}, Scaled: true, From: 0, To: 1, Short: 30, Background: Black, Filter: FilterArea}
	sizes := fakeLab(t, 1, bySize)
	src.pics[0] = drawn(40, 40, func(int, int) byte { return 200 })
	if out, err = Average(t.Context(), sizes, src, s); err != nil {
		t.Fatal(err)
	}
	top := out.Records[0].Chains[0].Steps[0].Top
	// 30, 31 and 29 pixels: classes 0, 1 and 9; 9's neighbours are 0 and 1.
	if top[0].Index != 1 {
		t.Errorf("sizes: %v", top)
	}
	for name, change := range map[string]func(*Averaging){
		"none": func(a *Averaging) { a.Copies = nil }, "zero": func(a *Averaging) { a.Copies = []int{0} },
		"many": func(a *Averaging) { a.Copies = []int{1e6} }, "steps": func(a *Averaging) { a.To = a.From },
		"sizes": func(a *Averaging) { a.Scaled, a.Copies = true, []int{300} }, "filter": func(a *Averaging) { a.Filter = "" },
	} {
		a := DefaultAveraging()
		change(&a)
		if a.Validate() == nil {
			t.Errorf("%s: nothing is wrong", name)
		}
	}
	_ = fmt.Sprint
}
