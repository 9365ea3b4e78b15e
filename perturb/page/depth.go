package page

import (
	"fmt"

	"github.com/flipmeter/flipmeter/perturb/figure"
)

// Depth draws jaggedness against depth, for several models that were swept:
// the paper found that deeper networks are more jagged. depths are the models'
// numbers of layers with weights, in their order; nil where nothing can be
// drawn.
func Depth(models []Moved, depths []int) *Figure {
	if len(models) < 2 || len(models) != len(depths) {
		return nil
	}
	return &Figure{
		File: "translate-sweep-depth", Title: "Depth against jaggedness",
		Caption: "How often the reference class enters or leaves the top 5 along a sweep, against the number of layers with weights on the longest way through the network; lines are 95 % intervals. Grey: the paper's VGG16 and ResNet50 (16 and 50 layers, by their names).",
		Draw: func(width float64) *figure.Figure {
			var series []figure.Dots
			deep, most := 50, 837./200
			for i, m := range models {
				e := m.Measures.Jaggedness
				if e == nil {
					continue
				}
				low, high := ends(e)
				series = append(series, figure.Dots{
					Low: []float64{low}, High: []float64{high},
					Name: fmt.Sprintf("%s, %d layers", modelName(m.Model), depths[i]), Colour: figure.Series(i), Radius: 5,
					X: []float64{float64(depths[i])}, Y: []float64{e.Value},
				})
				deep, most = max(deep, depths[i]), max(most, high)
			}
			series = append(series, figure.Dots{
				Name: "paper", Colour: figure.Grey, Radius: 5, X: []float64{16, 50}, Y: []float64{345. / 200, 837. / 200}, Labels: []string{"VGG16", "ResNet50"},
			})
			return figure.Scatter(width, 320, "Jaggedness against depth", figure.Axis{Name: "layers with weights", Max: float64(deep) * 1.1},
				figure.Axis{Name: "top-5 changes a sweep", Max: most}, series...)
		},
	}
}
