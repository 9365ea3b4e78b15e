package page

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/figure"
)

// Filtered is what one model answered to all resize functions.
type Filtered struct {
	Model      *infer.ModelInfo
	Records    []perturb.Filtered
	LeftOut    []perturb.LeftOut
	Comparison perturb.FilterComparison
	Complete   bool
	// Strip is the picture on which the functions disagree most, as the model
	// sees it through each of them; nil where there is none.
	Strip []image.Image
}

// Resize compares resize functions, for one or several models.
func Resize(models []Filtered) Section {
	s := Section{ID: "resize", Title: "The same picture through another resize function", Protocol: "Each picture is prepared as the model's file says (size, crop, normalisation), once with each resize function, and classified. OpenCV's functions are its own; those of TensorFlow, PyTorch and Pillow are computed here to within a thousandth of a grey level, Pillow's exactly. Frames of a video are consecutive; a flip is a pair of neighbours whose labels differ."}
	var leads []string
	for i := range models {
		m := &models[i]
		s.Notes = append(s.Notes, leftOut(m.LeftOut, !m.Complete)...)
		if len(m.Records) == 0 {
			continue
		}
		leads = append(leads, resizeLead(m))
		s.Tables = append(s.Tables, resizeTable(m))
		s.Figures = append(s.Figures, resizeFigures(m)...)
	}
	if len(leads) == 0 {
		s.Lead = "No picture could be measured."
	} else {
		s.Lead = leads[0]
		s.Notes = append(leads[1:], s.Notes...)
	}
	return s
}

// resizeLead says what differs, and what to do about it.
func resizeLead(m *Filtered) string {
	c := &m.Comparison
	own := c.Functions[0].Name
	text := fmt.Sprintf("All %d resize functions give %s the same label on %s of %s.", len(c.Functions), m.Model.Name,
		percent(c.AllAgree.Value), count(len(m.Records), "picture", "pictures"))
	if low, high := flipRange(c); low != nil {
		text += fmt.Sprintf(" The filter alone moves the flip fraction from %.3f (%s) to %.3f (%s).", low.Flips.Value, low.Name, high.Flips.Value, high.Name)
	}
	text += " Pin the one that the model was evaluated with"
	if e := m.Model.Preprocessing.EvaluatedFilter; e != "" {
		text += fmt.Sprintf(" (its authors: %s)", e)
	}
	text += fmt.Sprintf(", or the one that your deployment uses, everywhere; the model's file says %s.", own)
	if low, _ := flipRange(c); low != nil && c.Functions[0].Flips != nil && low.Flips.Value < c.Functions[0].Flips.Value {
		text += fmt.Sprintf(" On this footage %s flips least (analyze --resize %s shows it), which does not make its labels right.", low.Name, low.Name)
	}
	return text
}

// flipRange are the functions with the least and the most flips; nil without
// consecutive frames.
func flipRange(c *perturb.FilterComparison) (low, high *perturb.FilterMeasures) {
	for i := range c.Functions {
		f := &c.Functions[i]
		if f.Flips == nil {
			return nil, nil
		}
		if low == nil || f.Flips.Value < low.Flips.Value {
			low = f
		}
		if high == nil || f.Flips.Value > high.Flips.Value {
			high = f
		}
	}
	return low, high
}

func resizeTable(m *Filtered) Table {
	t := Table{Head: []string{modelName(m.Model), "same label as the model's own", "difference of its probability"}}
	first := m.Comparison.Functions[0]
	if first.Flips != nil {
		t.Head = append(t.Head, "flip fraction")
	}
	if first.Top1 != nil {
		t.Head = append(t.Head, "top-1 accuracy")
	}
	for i, f := range m.Comparison.Functions {
		name := f.Name
		if i == 0 {
			name += " (the model's own)"
		}
		row := []string{name, share(f.Agree), share(f.Difference)}
		if i == 0 { // it agrees with itself, whatever the pictures
			row = []string{name, "–", "–"}
		}
		if first.Flips != nil {
			row = append(row, share(f.Flips))
		}
		if first.Top1 != nil {
			row = append(row, share(f.Top1))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func resizeFigures(m *Filtered) []Figure {
	var out []Figure
	functions := slices.Clone(m.Comparison.Functions)
	if functions[0].Flips != nil {
		slices.SortStableFunc(functions, func(a, b perturb.FilterMeasures) int { return cmp.Compare(a.Flips.Value, b.Flips.Value) })
		out = append(out, Figure{
			File: FileName("resize-flips", m.Model.Name), Title: "Flips by resize function, " + modelName(m.Model),
			Caption: fmt.Sprintf("The flip fraction on %d pairs of consecutive frames; lines are Wilson's intervals, which take the pairs for independent. The model's own function is in the second colour.", functions[0].Pairs),
			Draw: func(width float64) *figure.Figure {
				var bars []figure.Bar
				for _, f := range functions {
					k := 0
					if f.Name == m.Comparison.Functions[0].Name {
						k = 1
					}
					bars = append(bars, bar(f.Name, f.Flips, k))
				}
				return figure.Bars(width, "Flip fraction by resize function", 0, bars...)
			},
		})
	}
	names := make([]string, len(m.Comparison.Functions))
	for i, f := range m.Comparison.Functions {
		names[i] = f.Name
	}
	out = append(out, Figure{
		File: FileName("resize-agreement", m.Model.Name), Title: "Which functions agree, " + modelName(m.Model),
		Caption: "The share of pictures, in percent, on which two functions give the same label; the columns have the rows' numbers.",
		Draw: func(width float64) *figure.Figure {
			return figure.Matrix(width, "Agreement between resize functions", names, m.Comparison.Agree)
		},
	})
	if d := perturb.MostDisputed(m.Records); d != nil && len(m.Strip) == len(names) {
		caption := "The picture on which the functions disagree most. Framed: the label is not that of the model's own function."
		if m.Comparison.AllAgree.Value == 1 {
			caption = "The functions disagree on no picture; this is one of them."
		}
		out = append(out, Figure{
			File: FileName("resize-strip", m.Model.Name), Title: fmt.Sprintf("%s, as %s sees it", d.Picture, modelName(m.Model)),
			Caption: caption,
			Draw:    func(width float64) *figure.Figure { return resizeStrip(width, m, d, names) },
		})
	}
	return out
}

func resizeStrip(width float64, m *Filtered, d *perturb.Filtered, names []string) *figure.Figure {
	size := 110.0
	if width < 500 {
		size = math.Floor((width - 20) / 3)
	}
	var pictures []figure.Picture
	for k, img := range m.Strip {
		pictures = append(pictures, figure.Picture{
			Image: img, Mark: d.Label(k) != d.Label(0),
			Captions: []string{names[k], fmt.Sprintf("%s %.2f", m.Model.Label(d.Label(k)), d.Top[k][0].Score)},
		})
	}
	return figure.Strip(width, size, "One picture through every resize function", pictures...)
}
