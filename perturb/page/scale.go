package page

import (
	"fmt"
	"math"

	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/figure"
)

// Scale shows what becomes of the answer when pictures are made larger by a
// pixel, for one or several models.
func Scale(s perturb.Scaling, models []Moved) Section {
	sizes := fmt.Sprintf("%d and %d pixels", s.Sizes[0], s.Sizes[len(s.Sizes)-1])
	if len(s.Sizes) > 2 {
		sizes = fmt.Sprintf("%d, %d, … %d pixels", s.Sizes[0], s.Sizes[1], s.Sizes[len(s.Sizes)-1])
	}
	out := Section{ID: "scale", Title: "Enlarged by a pixel", Protocol: fmt.Sprintf(
		"Each picture is embedded with a shorter side of %s (%s), with its top left corner at the same random place (seed %d), on a background that is %s. Neighbouring sizes are pairs.",
		sizes, s.Filter, s.Seed, backgroundWords(s.Background))}
	var leads []string
	for i := range models {
		leads = append(leads, changeLead("One step of size", &models[i]))
	}
	out.Lead = sentences(nothing, leads...)
	out.Tables = []Table{measuresTable(models, nil)}
	if len(models) > 1 {
		out.Figures = append(out.Figures, changeBars(out.ID, perturb.Translation{}, models, nil))
	}
	for i := range models {
		if len(s.Sizes) > 2 && len(models[i].Chains) > 0 {
			out.Figures = append(out.Figures, trace(out.ID, &models[i], perturb.Vertical, "shorter side, pixels"))
		}
		out.Notes = append(out.Notes, leftOut(models[i].LeftOut, !models[i].Complete)...)
	}
	return out
}

func backgroundWords(b perturb.Background) string {
	switch b {
	case perturb.Mean:
		return "the colour that the model's normalisation makes zero"
	case perturb.Inpaint:
		return "inpainted from the picture's edge"
	default:
		return "black"
	}
}

// Rescaled is one model's accuracy at every size.
type Rescaled struct {
	Moved
	Accuracy []perturb.Accuracy
}

// Rescale shows accuracy against size.
func Rescale(s perturb.Scaling, models []Rescaled) Section {
	out := Section{ID: "rescale", Title: "Accuracy against size", Protocol: fmt.Sprintf(
		"Each picture is embedded in the middle with a shorter side of %d to %d pixels (%s), on a background that is %s, and its true class is looked for among the five best. Intervals are Wilson's, over pictures.",
		s.Sizes[0], s.Sizes[len(s.Sizes)-1], s.Filter, backgroundWords(s.Background))}
	t := Table{Head: []string{"shorter side, pixels"}}
	for _, m := range models {
		t.Head = append(t.Head, modelName(m.Model)+", top 5", "top 1")
		out.Notes = append(out.Notes, leftOut(m.LeftOut, !m.Complete)...)
	}
	reference := map[int]string{100: "0.46", 210: "0.855"}
	t.Head, t.Grey = append(t.Head, "InceptionResNetV2, paper, top 5"), []int{len(t.Head)}
	for i, size := range s.Sizes {
		row := []string{fmt.Sprint(size)}
		for _, m := range models {
			if i < len(m.Accuracy) {
				row = append(row, share(m.Accuracy[i].Top5), share(m.Accuracy[i].Top1))
			} else {
				row = append(row, "–", "–")
			}
		}
		t.Rows = append(t.Rows, append(row, reference[size]))
	}
	out.Tables = []Table{t}
	var leads []string
	for _, m := range models {
		if a := m.Accuracy; len(a) > 0 {
			leads = append(leads, fmt.Sprintf("%s has the true class among its five best in %s of %s at %d pixels and in %s at %d.", modelName(m.Model),
				percent(a[0].Top5.Value), count(a[0].Top5.Pictures, "picture", "pictures"), a[0].Size, percent(a[len(a)-1].Top5.Value), a[len(a)-1].Size))
		}
	}
	out.Lead = sentences("No picture with a known class could be measured.", leads...)
	if len(leads) == 0 {
		return out
	}
	out.Figures = []Figure{{
		File: "rescale", Title: "Top-5 accuracy against size",
		Caption: "Bands are 95 % intervals; grey are the paper's values for InceptionResNetV2 on ImageNet.",
		Draw:    func(width float64) *figure.Figure { return rescaleLines(width, s, models) },
	}}
	return out
}

func rescaleLines(width float64, s perturb.Scaling, models []Rescaled) *figure.Figure {
	var lines []figure.Line
	for i, m := range models {
		l := figure.Line{Name: modelName(m.Model), Colour: figure.Series(i), Dots: true}
		for _, a := range m.Accuracy {
			l.X, l.Y = append(l.X, float64(a.Size)), append(l.Y, a.Top5.Value)
			l.Low, l.High = append(l.Low, *a.Top5.Low), append(l.High, *a.Top5.High)
		}
		lines = append(lines, l)
	}
	first, last := float64(s.Sizes[0]), float64(s.Sizes[len(s.Sizes)-1])
	ref := figure.Line{Name: "InceptionResNetV2, paper", Colour: figure.Grey, Dots: true, Only: true}
	for _, p := range [][2]float64{{100, .46}, {210, .855}} {
		if p[0] >= math.Min(first, last) && p[0] <= math.Max(first, last) {
			ref.X, ref.Y = append(ref.X, p[0]), append(ref.Y, p[1])
		}
	}
	return figure.Lines(width, 300, "Top-5 accuracy against size", figure.Axis{Name: "shorter side, pixels", Min: first, Max: last},
		figure.Axis{Name: "top-5 accuracy", Max: 1}, append(lines, ref)...)
}
