package perturb

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
)

// bySize answers with the number of bright pixels in the first bright row.
func bySize(_ *frame.Frame, p frame.Picture, probs []float32) error {
	n := 0
	for i := 0; i < len(p.Pix); i += 3 {
		if p.Pix[i] > 100 {
			n++
		}
	}
	k := 0
	for k*k < n {
		k++
	}
	sure(probs, k%10)
	return nil
}

// TestScaleShowsEachSize: a classifier that measures the picture's side sees
// every size exactly.
func TestScaleShowsEachSize(t *testing.T) {
	src := &fakeSource{}
	src.add("white", drawn(50, 50, func(int, int) byte { return 200 }))
	lab := fakeLab(t, 2, bySize)
	for _, centred := range []bool{false, true} {
		for _, filter := range []string{FilterArea, "pillow-bicubic", "tf1-bilinear"} {
			s := Scaling{Sizes: Range(20, 60, 1), Centred: centred, Background: Black, Filter: filter, Seed: 3}
			out, err := Scale(t.Context(), lab, src, s)
			if err != nil {
				t.Fatal(err)
			}
			c := out.Records[0].Chains[0]
			for i, step := range c.Steps {
				if step.At != at(20+i, 20+i) || step.Label() != int32((20+i)%10) {
					t.Errorf("%s: step %d at %v sees %d", filter, i, step.At, step.Label())
				}
			}
			if m := Measure([]Chain{c}); m.Changes != 40 || m.Change.Value != 1 {
				t.Errorf("%d changes", m.Changes)
			}
		}
	}
	s := DefaultScale() // 100 pixels in a model of 64
	if _, err := Scale(t.Context(), lab, src, s); err == nil || !strings.Contains(err.Error(), "does not fit") {
		t.Errorf("too large: %v", err)
	}
	for name, s := range map[string]Scaling{
		"one size":   {Sizes: []int{5}, Background: Black, Filter: FilterArea},
		"none":       {Sizes: []int{0, 5}, Background: Black, Filter: FilterArea},
		"background": {Sizes: []int{4, 5}, Background: "red", Filter: FilterArea},
		"filter":     {Sizes: []int{4, 5}, Background: Black},
	} {
		if s.Validate() == nil {
			t.Errorf("%s: nothing is wrong", name)
		}
	}
	if got := Range(60, 210, 50); !slices.Equal(got, []int{60, 110, 160, 210}) || Range(1, 2, 0) != nil {
		t.Errorf("range: %v", got)
	}
}

// TestAccuracyBySize: a network that knows a class from 40 pixels on.
func TestAccuracyBySize(t *testing.T) {
	src := &fakeSource{classes: []int32{7, 7, 7, -1}}
	for i := range 4 {
		src.add(fmt.Sprint(i), drawn(50, 50, func(int, int) byte { return 200 }))
	}
	lab := fakeLab(t, 1, func(_ *frame.Frame, p frame.Picture, probs []float32) error {
		n := 0
		for i := 0; i < len(p.Pix); i += 3 {
			if p.Pix[i] > 100 {
				n++
			}
		}
		switch {
		case n >= 40*40:
			sure(probs, 7)
		case n >= 30*30:
			sure(probs, 5) // 7 is the third
		default:
			sure(probs, 0)
		}
		return nil
	})
	out, err := Scale(t.Context(), lab, src, Scaling{Sizes: []int{50, 40, 30, 20}, Background: Black, Filter: FilterArea})
	if err != nil {
		t.Fatal(err)
	}
	var all []Chain
	for _, r := range out.Records {
		all = append(all, r.Chains...)
	}
	got := AccuracyBySize(all)
	want := []struct {
		size       int
		top1, top5 float64
	}{{20, 0, 0}, {30, 0, 1}, {40, 1, 1}, {50, 1, 1}}
	if len(got) != len(want) {
		t.Fatalf("%d sizes", len(got))
	}
	for i, w := range want {
		if g := got[i]; g.Size != w.size || g.Top1.Value != w.top1 || g.Top5.Value != w.top5 || g.Top1.Pictures != 3 {
			t.Errorf("%+v, want %+v", g, w)
		}
	}
	if AccuracyBySize(all[3:]) != nil {
		t.Error("an accuracy without a class")
	}
}
