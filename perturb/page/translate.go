package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/figure"
)

// Moved is what one model answered to one translation experiment.
type Moved struct {
	Model    *infer.ModelInfo
	Chains   []perturb.Chain
	LeftOut  []perturb.LeftOut
	Measures perturb.Measures
	Complete bool
}

// Translate shows a translation experiment for one or several models.
func Translate(t perturb.Translation, models []Moved) Section {
	s := Section{
		ID: TranslateID(t), Title: translateTitle(t), Protocol: TranslateProtocol(t),
	}
	s.Lead = translateLead(t, models)
	s.Tables = []Table{measuresTable(models, paperRows(t))}
	if len(models) > 1 || len(paperRows(t)) > 0 {
		s.Figures = append(s.Figures, changeBars(s.ID, t, models, paperRows(t)))
	}
	for i := range models {
		m := &models[i]
		if t.Protocol == perturb.Sweep && len(m.Chains) > 0 {
			s.Figures = append(s.Figures, trace(s.ID, m, t.Direction, "shift, pixels"))
			if len(m.Chains) > 1 {
				s.Figures = append(s.Figures, shiftMap(s.ID, m, t))
			}
		}
		s.Notes = append(s.Notes, leftOut(m.LeftOut, !m.Complete)...)
	}
	return s
}

// TranslateID names a translation experiment: "translate-sweep". A background
// that is not the protocol's own is part of it.
func TranslateID(t perturb.Translation) string {
	id := "translate-" + string(t.Protocol)
	if own := perturb.DefaultTranslation(t.Protocol); t.Background != own.Background {
		id += "-" + string(t.Background)
	}
	return id
}

func translateTitle(t perturb.Translation) string {
	switch t.Protocol {
	case perturb.Sweep:
		return "Moved across the canvas, one pixel a step"
	case perturb.Embed:
		return "Embedded on " + map[perturb.Background]string{perturb.Black: "black", perturb.Mean: "the mean colour", perturb.Inpaint: "its diffused edge"}[t.Background] + " and moved by one pixel"
	case perturb.Crop:
		return "Cropped one pixel further"
	default:
		return "A window over the original pixels, one pixel a step"
	}
}

// TranslateProtocol says in words what was done.
func TranslateProtocol(t perturb.Translation) string {
	bg := map[perturb.Background]string{
		perturb.Black: "black", perturb.Mean: "in the colour that the model's normalisation makes zero",
		perturb.Inpaint: "inpainted by diffusing the picture's edge (a binomial kernel of 12 taps, at most 80 times)",
	}[t.Background]
	if t.Faithful {
		bg += ", anew at every shift"
	} else if t.Background == perturb.Inpaint {
		bg += ", once, on a canvas large enough for all shifts"
	}
	switch t.Protocol {
	case perturb.Sweep:
		return fmt.Sprintf("Each picture is scaled to a shorter side of %d pixels (%s) and placed in the middle of the model's input; what would not fit at every shift is cut off at both ends. The rest is %s. Then it is moved %s from %s to %s, one pixel a step.",
			t.Short, t.Filter, bg, adverb(t.Direction), signed(t.From), signed(t.To))
	case perturb.Embed:
		return fmt.Sprintf("Each picture is scaled to a shorter side of %d pixels (%s) and placed at random in the model's input (%s a picture, seed %d). The rest is %s. Then it is moved %s by one pixel.",
			t.Short, t.Filter, count(t.Repeats, "place", "places"), t.Seed, bg, adverb(t.Direction))
	case perturb.Crop:
		return fmt.Sprintf("A random part of each picture (%.0f %% of its area, aspect ratio 3:4 to 4:3, seed %d) is scaled to ten pixels more than the model's input (%s). Nine crops of it follow one another %s, one pixel a step: eight pairs. Nothing is embedded.",
			t.Area*100, t.Seed, t.Filter, adverb(t.Direction))
	default:
		return fmt.Sprintf("A window of the model's size is centred on each annotated object and moved %s from %s to %s over the original pixels, as far as it stays inside of the picture. Nothing is scaled, nothing is painted.",
			adverb(t.Direction), signed(t.From), signed(t.To))
	}
}

func adverb(d perturb.Direction) string {
	switch d {
	case perturb.Horizontal:
		return "horizontally"
	case perturb.Diagonal:
		return "diagonally"
	case perturb.Random:
		return "in one of the eight directions, drawn for each pair,"
	default:
		return "vertically"
	}
}

func translateLead(t perturb.Translation, models []Moved) string {
	var all []string
	for _, m := range models {
		text := changeLead("One pixel", &m)
		if j := m.Measures.Jaggedness; t.Protocol == perturb.Sweep && j != nil {
			text += fmt.Sprintf(" Along a sweep, the reference class entered or left the five best %.1f times a picture.", j.Value)
		}
		all = append(all, text)
	}
	return sentences(nothing, all...)
}

// changeLead says how often something changed one model's answer.
func changeLead(what string, m *Moved) string {
	if m.Measures.Change == nil {
		return ""
	}
	return fmt.Sprintf("%s changed the answer of %s in %s of %s (%s).", what, modelName(m.Model),
		percent(m.Measures.Change.Value), count(m.Measures.Pairs, "pair", "pairs"), count(m.Measures.Pictures, "picture", "pictures"))
}

// paper is a row of the paper's Table 1 (PyTorch weights), or of the figures
// of its first version.
type paper struct {
	name        string
	change, mac float64
	jaggedness  float64 // a picture
}

// paperRows are the reference values that a protocol can be held against.
func paperRows(t perturb.Translation) []paper {
	nan := math.NaN()
	switch {
	case t.Protocol == perturb.Crop:
		return []paper{{"VGG16, paper", .062, .038, nan}, {"ResNet50, paper", .061, .04, nan}}
	case t.Protocol == perturb.Embed && t.Background == perturb.Mean: // zeros after normalisation
		return []paper{{"VGG16, paper", .18, .06, nan}, {"ResNet50, paper", .20, .086, nan}}
	case t.Protocol == perturb.Sweep:
		return []paper{{"VGG16, paper", nan, nan, 345. / 200}, {"ResNet50, paper", nan, nan, 837. / 200}, {"InceptionResNetV2, paper", nan, nan, 848. / 200}}
	case t.Protocol == perturb.BBox:
		return []paper{{"VGG16, paper", nan, nan, 352. / 200}, {"ResNet50, paper", nan, nan, 527. / 200}, {"InceptionResNetV2, paper", nan, nan, 460. / 200}}
	}
	return nil
}

// measuresTable has a row for each measure, so that several models stand side
// by side.
func measuresTable(models []Moved, refs []paper) Table {
	t := Table{Head: []string{""}}
	for _, m := range models {
		t.Head = append(t.Head, modelName(m.Model))
	}
	for _, p := range refs {
		t.Head, t.Grey = append(t.Head, p.name), append(t.Grey, len(t.Head))
	}
	row := func(name string, of func(*perturb.Measures) string, ref func(p paper) float64) {
		cells := []string{name}
		for i := range models {
			cells = append(cells, of(&models[i].Measures))
		}
		for _, p := range refs {
			if v := ref(p); math.IsNaN(v) {
				cells = append(cells, "")
			} else {
				cells = append(cells, fmt.Sprintf("%.3g", v))
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	none := func(paper) float64 { return math.NaN() }
	row("P(top-1 change)", func(m *perturb.Measures) string { return share(m.Change) }, func(p paper) float64 { return p.change })
	row("mean absolute change", func(m *perturb.Measures) string { return share(m.MAC) }, func(p paper) float64 { return p.mac })
	row("top-5 changes a chain", func(m *perturb.Measures) string { return estimate(m.Jaggedness, 2) }, func(p paper) float64 { return p.jaggedness })
	row("top-5 loss a step", func(m *perturb.Measures) string { return share(m.Top5Loss) }, none)
	row("consistency", func(m *perturb.Measures) string { return share(m.Consistency) }, none)
	row("top-5 distance", func(m *perturb.Measures) string { return estimate(m.T5D, 2) }, none)
	row("pictures, pairs", func(m *perturb.Measures) string { return fmt.Sprintf("%d, %d", m.Pictures, m.Pairs) }, none)
	row("with a known class", func(m *perturb.Measures) string { return fmt.Sprint(m.Truth) }, none)
	return t
}

// modelName marks networks that know nothing.
func modelName(m *infer.ModelInfo) string {
	if m.RandomWeights != "" {
		return m.Name + " (random weights)"
	}
	return m.Name
}

// changeBars compares models, with the paper's in grey.
func changeBars(id string, t perturb.Translation, models []Moved, refs []paper) Figure {
	jagged := len(refs) > 0 && !math.IsNaN(refs[0].jaggedness)
	f := Figure{File: FileName(id, "models"), Title: "P(top-1 change)", Caption: "How often the label changes with one pixel; lines are 95 % intervals, grey bars are the paper's."}
	if jagged {
		f.Title, f.Caption = "Changes of the top 5 along a sweep", "How often the reference class enters or leaves the top 5, a picture; lines are 95 % intervals, grey bars are the paper's (200 pictures, 100 steps)."
		if t.Protocol == perturb.BBox {
			f.Title, f.Caption = "Changes of the top 5 along a window's way", "How often the reference class enters or leaves the top 5, an object; lines are 95 % intervals, grey bars are the paper's (200 pictures, shifts from −88 to 87). Here a window ends at the picture's edge, which may make its way shorter."
		}
		if unknownTruth(models) {
			f.Caption += " The paper followed the true class. Where that is not known, as here, it is the label that most steps have, which leaves the top 5 less often: these counts are too low to be held against the grey ones."
		}
	}
	f.Draw = func(width float64) *figure.Figure {
		var bars []figure.Bar
		for i, m := range models {
			e := m.Measures.Change
			if jagged {
				e = m.Measures.Jaggedness
			}
			bars = append(bars, bar(modelName(m.Model), e, i))
		}
		for _, p := range refs {
			v := p.change
			if jagged {
				v = p.jaggedness
			}
			bars = append(bars, greyBar(p.name, math.Round(v*1000)/1000))
		}
		return figure.Bars(width, f.Title, 0, bars...)
	}
	return f
}

// unknownTruth says that the class of some picture is not known.
func unknownTruth(models []Moved) bool {
	return slices.ContainsFunc(models, func(m Moved) bool { return m.Measures.Truth < m.Measures.Pictures })
}

// trace is one picture's probability along the sweep: of the picture with the
// median number of top-1 changes, so that it is neither the worst nor the
// best that could be shown.
func trace(id string, m *Moved, d perturb.Direction, name string) Figure {
	order := make([]int, len(m.Chains))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(m.Chains[a].Changes(), m.Chains[b].Changes()) })
	c := &m.Chains[order[len(order)/2]]
	x, y := make([]float64, len(c.Steps)), make([]float64, len(c.Steps))
	var marks, at []float64
	for i := range c.Steps {
		x[i], y[i] = float64(along(d, c.Steps[i].At.X, c.Steps[i].At.Y)), float64(c.Steps[i].Reference)
		if i > 0 && c.Steps[i].Label() != c.Steps[i-1].Label() {
			marks, at = append(marks, x[i]), append(at, y[i])
		}
	}
	alt := fmt.Sprintf("Probability of %q in steps of %s", m.Model.Label(c.Reference), c.Picture)
	return Figure{
		File: FileName(id, "trace", m.Model.Name), Title: "One picture, " + modelName(m.Model),
		Caption: fmt.Sprintf("The probability of “%s” while %s is changed step by step: the picture with the median number of label changes (%d in %d steps). Dots mark where the label changed.",
			m.Model.Label(c.Reference), c.Picture, c.Changes(), c.Pairs()),
		Draw: func(width float64) *figure.Figure {
			f := figure.Lines(width, 260, alt, figure.Axis{Name: name, Min: x[0], Max: x[len(x)-1]},
				figure.Axis{Name: "probability", Min: 0, Max: 1},
				figure.Line{X: x, Y: y, Colour: figure.S0}, figure.Line{X: marks, Y: at, Colour: figure.S1, Dots: true, Only: true})
			return f
		},
	}
}

func along(d perturb.Direction, x, y int) int {
	if d == perturb.Horizontal {
		return x
	}
	return y
}

// shiftMap has a row a picture, sorted by the reference class's mean
// probability, and a column a shift.
func shiftMap(id string, m *Moved, t perturb.Translation) Figure {
	type row struct {
		name   string
		mean   float64
		values []float64
	}
	rows := make([]row, len(m.Chains))
	for i := range m.Chains {
		c := &m.Chains[i]
		r := row{name: c.Picture, values: make([]float64, len(c.Steps))}
		for k := range c.Steps {
			r.values[k] = float64(c.Steps[k].Reference)
			r.mean += r.values[k] / float64(len(c.Steps))
		}
		rows[i] = r
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(b.mean, a.mean) })
	values := make([]figure.Row, len(rows))
	for i, r := range rows {
		values[i] = figure.Row{Name: r.name, Values: r.values}
	}
	alt := fmt.Sprintf("Map of %d pictures by shift", len(rows))
	return Figure{
		File: FileName(id, "map", m.Model.Name), Title: "All pictures, " + modelName(m.Model),
		Caption: "A row is a picture, a column a shift; light is a high probability of the picture's reference class, dark a low one. Sorted by the row's mean. A network that did not mind shifts would show rows of one shade.",
		Draw: func(width float64) *figure.Figure {
			return figure.Map(width, alt, figure.Axis{Name: "shift, pixels", Min: float64(t.From) - 0.5, Max: float64(t.To) + 0.5}, "pictures", "probability", values)
		},
	}
}
