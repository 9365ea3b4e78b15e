package page

import (
	"fmt"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/figure"
)

// Layered is what one model's layers did.
type Layered struct {
	Model    *infer.ModelInfo
	Layers   []perturb.LayerMeasures
	Pictures int
	LeftOut  []perturb.LeftOut
	Complete bool
}

// Layers shows how much of each layer commutes with shifts.
func Layers(t perturb.Translation, models []Layered) Section {
	s := Section{ID: "layers", Title: "Which layers mind a shift", Protocol: TranslateProtocol(t) +
		" For every map of every tapped layer, the sum over space is taken at each shift. A layer that commuted with shifts would keep it; a map and shift count as not shiftable where the sum is off its mean over all shifts by more than a fifth. Maps whose mean sum is below a millionth (or negative) are silent and left out. The subsampling factor is the product of the strides before the layer, read from the model's graph; its square is the number of shifted copies that would cover all shifts."}
	for i := range models {
		m := &models[i]
		s.Notes = append(s.Notes, leftOut(m.LeftOut, !m.Complete)...)
		if m.Pictures == 0 {
			continue
		}
		table := Table{Head: []string{modelName(m.Model), "maps", "subsampling factor", "not shiftable", "silent", "copies for full coverage"}}
		for _, l := range m.Layers {
			table.Rows = append(table.Rows, []string{l.Name, fmt.Sprintf("%d\u00a0×\u00a0%d×%d", l.Maps, l.Width, l.Height), fmt.Sprint(l.Factor), share(l.Off), percent(l.Silent), fmt.Sprint(l.Copies)})
		}
		s.Tables = append(s.Tables, table)
	}
	var leads []string
	for i := range models {
		if last := lastLayer(&models[i]); last != nil {
			leads = append(leads, fmt.Sprintf("In the last tapped layer of %s, %s, %s of maps and shifts are off their mean by more than a fifth; full coverage of its shifts would take %s.",
				modelName(models[i].Model), last.Name, percent(last.Off.Value), count(last.Copies, "copy", "copies")))
		}
	}
	if s.Lead = sentences(nothing, leads...); len(leads) == 0 {
		return s
	}
	s.Figures = []Figure{{
		File: "layers", Title: "Not shiftable, against the subsampling factor",
		Caption: "A dot is a layer: the share of its maps and shifts whose sum is off the mean by more than a fifth; lines are 95 % intervals. Grey: the paper's (its Fig. 8).",
		Draw: func(width float64) *figure.Figure {
			var dots []figure.Dots
			most, top := 45, 0.45
			for i, m := range models {
				d := figure.Dots{Name: modelName(m.Model), Colour: figure.Series(i), Radius: 4}
				for _, l := range m.Layers {
					if l.Off == nil {
						continue
					}
					d.X, d.Y = append(d.X, float64(l.Factor)), append(d.Y, l.Off.Value)
					low, high := ends(l.Off)
					d.Low, d.High = append(d.Low, low), append(d.High, high)
					most, top = max(most, l.Factor), max(top, high)
				}
				dots = append(dots, d)
			}
			dots = append(dots, figure.Dots{
				Name: "paper", Colour: figure.Grey, Radius: 4, X: []float64{16, 32, 16, 44}, Y: []float64{.25, .275, .007, .39},
				Labels: []string{"VGG16", "ResNet50", "ResNet50", "InceptionResNetV2"},
			})
			return figure.Scatter(width, 320, "Share of maps that are not shiftable against the subsampling factor",
				figure.Axis{Name: "subsampling factor", Max: float64(most) + 2}, figure.Axis{Name: "not shiftable", Max: top, Percent: true}, dots...)
		},
	}}
	return s
}

// lastLayer is the deepest layer that has a share.
func lastLayer(m *Layered) *perturb.LayerMeasures {
	for i := len(m.Layers) - 1; i >= 0; i-- {
		if l := &m.Layers[i]; l.Off != nil {
			return l
		}
	}
	return nil
}
