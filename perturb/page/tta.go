package page

import (
	"fmt"

	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/figure"
)

// Averaged is what one model answered as the mean over copies.
type Averaged struct {
	Moved
	Copies []perturb.AveragingMeasures
}

// Average shows what averaging over copies brings, for one or several models.
func Average(a perturb.Averaging, models []Averaged) Section {
	what := "the n nearest shifts by whole pixels"
	if a.Scaled {
		what = fmt.Sprintf("n sizes around %d pixels (%d, %d, %d, …)", a.Short, a.Short, a.Short+1, a.Short-1)
	}
	s := Section{ID: "tta", Title: "Averaged over copies", Protocol: fmt.Sprintf(
		"Each picture is embedded in the middle with a shorter side of %d pixels (%s), on a background that is %s, and moved vertically from %s to %s, one pixel a step. At every step the probabilities are averaged over %s, and the changes of that mean's label are counted. The cost of n copies is n runs of the network. flipmeter analyze --tta n measures the same on footage.",
		a.Short, a.Filter, backgroundWords(a.Background), signed(a.From), signed(a.To), what)}
	var leads []string
	for i := range models {
		m := &models[i]
		leads = append(leads, averageLead(m))
		s.Notes = append(s.Notes, leftOut(m.LeftOut, !m.Complete)...)
		t := Table{Head: []string{modelName(m.Model) + ", copies", "P(top-1 change)", "mean absolute change", "top-5 changes a chain", "consistency"}}
		for _, c := range m.Copies {
			x := &c.Measures
			t.Rows = append(t.Rows, []string{fmt.Sprint(c.Copies), share(x.Change), share(x.MAC), estimate(x.Jaggedness, 2), share(x.Consistency)})
		}
		s.Tables = append(s.Tables, t)
	}
	if s.Lead = sentences(nothing, leads...); s.Lead == nothing {
		return s
	}
	s.Figures = []Figure{{
		File: "tta", Title: "Jaggedness against copies",
		Caption: "How often the label of the mean changes with one pixel, against the number of copies and so of runs; bands are 95 % intervals. The paper's bound for full coverage, stride squared, is 2,025 copies for InceptionResNetV2 (45²); the product of its real strides, 32, gives 1,024.",
		Draw: func(width float64) *figure.Figure {
			var lines []figure.Line
			top, most := 0.0, 1
			for i, m := range models {
				l := figure.Line{Name: modelName(m.Model), Colour: figure.Series(i), Dots: true}
				for _, c := range m.Copies {
					e := c.Measures.Change
					if e == nil {
						continue
					}
					low, high := ends(e)
					l.X, l.Y = append(l.X, float64(c.Copies)), append(l.Y, e.Value)
					l.Low, l.High = append(l.Low, low), append(l.High, high)
					top, most = max(top, high), max(most, c.Copies)
				}
				lines = append(lines, l)
			}
			return figure.Lines(width, 280, "P(top-1 change) against the number of copies",
				figure.Axis{Name: "copies averaged", Min: 0, Max: float64(most)}, figure.Axis{Name: "P(top-1 change)", Max: max(top, 0.01)}, lines...)
		},
	}}
	return s
}

// averageLead says what the most copies bring, and what they cost.
func averageLead(m *Averaged) string {
	first, last := m.Copies[0], m.Copies[len(m.Copies)-1]
	if first.Measures.Change == nil {
		return ""
	}
	text := fmt.Sprintf("The mean of %s over %s changes its label in %s of the steps", modelName(m.Model), count(last.Copies, "copy", "copies"), percent(last.Measures.Change.Value))
	if last.Copies > first.Copies {
		text += fmt.Sprintf(", at %d times the cost; over %s in %s", last.Copies, count(first.Copies, "copy", "copies"), percent(first.Measures.Change.Value))
	}
	return text + "."
}
