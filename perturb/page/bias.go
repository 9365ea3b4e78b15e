package page

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/figure"
)

// biasShown is the number of classes that get a scatter plot; biasRows that
// of rows in the table. All are in probe.json.
const (
	biasShown = 6
	biasRows  = 40
)

// Bias shows where the boxes of each class lie.
func Bias(classes []perturb.ClassBias, placed []perturb.Placed, left []perturb.LeftOut) Section {
	s := Section{ID: "bias", Title: "Where photographers put things", Protocol: fmt.Sprintf(
		"For each class, the centres of its boxes along both axes and their heights, as shares of the picture, are counted in ten bins. χ² tests them against equal bins (9 degrees of freedom), Holm's correction is over all tests on this page, and Cramér's V says how large the deviation is: 0 is uniform, 1 is everything in one bin. Classes with fewer than %d boxes are not tested.", perturb.MinBoxes)}
	s.Notes = leftOut(left, false)
	if len(classes) == 0 {
		s.Lead = "No box could be used."
		return s
	}
	tested, biased, few := 0, 0, 0
	for i := range classes {
		c := &classes[i]
		if !c.Tested() {
			few++
			continue
		}
		for _, u := range []perturb.Uniformity{c.X, c.Y, c.Height} {
			tested++
			if *u.Corrected < 0.05 {
				biased++
			}
		}
	}
	if tested == 0 {
		s.Lead = fmt.Sprintf("None of %s has the %d boxes that a test needs.", count(len(classes), "class", "classes"), perturb.MinBoxes)
	} else {
		s.Lead = fmt.Sprintf("Of %s (horizontal, vertical, height; %s), %d are not uniform after correction. A network trained on such pictures has no need to be indifferent to shifts.",
			count(tested, "distribution", "distributions"), count(len(classes)-few, "class", "classes"), biased)
	}
	if few > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("Not tested, because they have fewer than %d boxes: %s.", perturb.MinBoxes, count(few, "class", "classes")))
	}
	t := Table{Head: []string{"class", "boxes", "V, horizontal", "p", "V, vertical", "p", "V, height", "p"}}
	for i := range classes {
		if i == biasRows {
			s.Notes = append(s.Notes, fmt.Sprintf("The table shows the %d classes with the most boxes of %d; all are in probe.json.", biasRows, len(classes)))
			break
		}
		c := &classes[i]
		row := []string{c.Class, fmt.Sprint(c.Boxes)}
		for _, u := range []perturb.Uniformity{c.X, c.Y, c.Height} {
			v := "–" // of one box it would be 1
			if c.Tested() {
				v = strconv.FormatFloat(u.V, 'f', 2, 64)
			}
			row = append(row, v, pValue(u.Corrected))
		}
		t.Rows = append(t.Rows, row)
	}
	s.Tables = []Table{t}
	for i := range min(biasShown, len(classes)) {
		s.Figures = append(s.Figures, biasScatter(i, &classes[i], placed), biasHistograms(i, &classes[i]))
	}
	return s
}

func pValue(p *float64) string {
	switch {
	case p == nil:
		return "–"
	case *p < 0.001:
		return "< 0.001"
	}
	return strconv.FormatFloat(*p, 'f', 3, 64)
}

// biasHistograms shows what is tested: how one class's centres and heights are
// distributed.
func biasHistograms(i int, c *perturb.ClassBias) Figure {
	return Figure{
		File: FileName("bias", strconv.Itoa(i+1), c.Class, "bins"), Title: "Where “" + c.Class + "” lies, and how high it is",
		Caption: "Boxes by the place of their centre and by their height, as shares of the picture. Dashed: where all bars would end if no place, and no height, were preferred.",
		Draw: func(width float64) *figure.Figure {
			vertical := c.Y.Counts
			slices.Reverse(vertical[:]) // from bottom to top, as in the plot of centres
			return figure.Histograms(width, "Places and heights of boxes", figure.Histogram{Name: "left to right", Counts: c.X.Counts[:]},
				figure.Histogram{Name: "bottom to top", Counts: vertical[:]}, figure.Histogram{Name: "height of the box", Counts: c.Height.Counts[:]})
		},
	}
}

// biasScatter shows the centres of one class.
func biasScatter(i int, c *perturb.ClassBias, placed []perturb.Placed) Figure {
	const mostDots = 1500 // more hide one another
	var x, y []float64
	step := max(1, (c.Boxes+mostDots-1)/mostDots)
	n := 0
	for _, p := range placed {
		if p.Class != c.Class {
			continue
		}
		if n%step == 0 {
			x, y = append(x, p.X), append(y, 1-p.Y)
		}
		n++
	}
	caption := fmt.Sprintf("Each dot is the centre of a box in its picture, %s.", count(c.Boxes, "box", "boxes"))
	if step > 1 {
		caption += fmt.Sprintf(" One in %d is drawn.", step)
	}
	return Figure{
		File: FileName("bias", strconv.Itoa(i+1), c.Class), Title: "Centres of “" + c.Class + "”", Caption: caption,
		Draw: func(width float64) *figure.Figure {
			side := math.Min(width, 420)
			return figure.Scatter(side, side, "Centres of boxes", figure.Axis{Name: "share of the width, from left to right", Max: 1, Ticks: []float64{0, .5, 1}},
				figure.Axis{Name: "share of the height, from bottom to top", Max: 1, Ticks: []float64{0, .5, 1}}, figure.Dots{X: x, Y: y, Colour: figure.S0, Radius: 2.5})
		},
	}
}
