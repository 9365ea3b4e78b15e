package figure

import (
	"math"
	"strconv"
)

// Axis is a range of values with ticks.
type Axis struct {
	Name     string
	Min, Max float64
	// Ticks, nil: some round values.
	Ticks []float64
	// Percent writes 0.25 as 25 %.
	Percent bool
	// Names are written at the ticks in place of their values.
	Names []string
}

// ticks are the axis's own, or about n round values within it.
func (a Axis) ticks(n int) []float64 {
	if a.Ticks != nil {
		return a.Ticks
	}
	if !(a.Max > a.Min) {
		return []float64{a.Min}
	}
	step := a.step(n)
	var out []float64
	for i := math.Ceil(a.Min/step - 1e-9); i*step <= a.Max+step*1e-9; i++ {
		out = append(out, i*step)
	}
	return out
}

// step is a round distance of about n ticks.
func (a Axis) step(n int) float64 {
	raw := (a.Max - a.Min) / float64(max(n, 1))
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if step*m >= raw {
			return step * m
		}
	}
	return step * 10
}

// rounded is the axis with its end at a tick, so that the highest mark can be
// read off.
func (a Axis) rounded(n int) Axis {
	if a.Ticks == nil && a.Max > a.Min {
		step := a.step(n)
		a.Max = a.Min + step*math.Ceil((a.Max-a.Min)/step-1e-9)
	}
	return a
}

// name is what is written at tick i.
func (a Axis) name(i int, v float64) string {
	if a.Names != nil {
		return a.Names[i]
	}
	return a.text(v)
}

func (a Axis) text(v float64) string {
	if a.Percent {
		return trim(v*100) + " %"
	}
	return trim(v)
}

// trim writes a number with as many decimals as it needs, six at the most.
func trim(v float64) string {
	v = math.Round(v*1e6) / 1e6
	if v == 0 {
		return "0"
	}
	text := strconv.FormatFloat(v, 'f', -1, 64)
	if text[0] == '-' {
		return "−" + text[1:]
	}
	return text
}

// frame is the part of a figure that data is drawn in.
type frame struct {
	fig                      *Figure
	x, y                     Axis
	left, top, right, bottom float64
}

const (
	tickText  = 11.5
	labelText = 12.5
)

func (p *frame) at(x, y float64) Point {
	return Point{
		p.left + (x-p.x.Min)/(p.x.Max-p.x.Min)*(p.right-p.left),
		p.bottom - (y-p.y.Min)/(p.y.Max-p.y.Min)*(p.bottom-p.top),
	}
}

// newFrame draws axes: names above the vertical and below the horizontal one,
// so that nothing has to be read sideways.
func newFrame(f *Figure, x, y Axis, top float64) *frame {
	if !(x.Max > x.Min) {
		x.Min, x.Max = x.Min-0.5, x.Min+0.5
	}
	if !(y.Max > y.Min) {
		y.Max = y.Min + 1
	}
	widest := 0.0
	y = y.rounded(5)
	ys := y.ticks(5)
	for i, v := range ys {
		widest = max(widest, TextWidth(tickText, y.name(i, v)))
	}
	p := &frame{fig: f, x: x, y: y, left: widest + 10, top: top + 22, right: f.Width - 10, bottom: f.Height - 40}
	f.Text(Dim, labelText, 0, top+10, Start, false, y.Name)
	for i, v := range ys {
		q := p.at(x.Min, v)
		f.Line(Grid, 1, false, q, Point{p.right, q.Y})
		f.Text(Dim, tickText, p.left-6, q.Y+4, End, false, y.name(i, v))
	}
	room := (p.right - p.left) / 56
	for _, v := range x.ticks(int(room)) {
		q := p.at(v, y.Min)
		f.Line(Grid, 1, false, Point{q.X, p.bottom}, Point{q.X, p.bottom + 4})
		f.Text(Dim, tickText, q.X, p.bottom+17, Middle, false, x.text(v))
	}
	f.Line(Dim, 1, false, Point{p.left, p.bottom}, Point{p.right, p.bottom})
	f.Text(Dim, labelText, (p.left+p.right)/2, f.Height-6, Middle, false, x.Name)
	return p
}

// legend writes the names of series with their colours in rows from the top
// left; it returns where the rest of the figure may begin.
func legend(f *Figure, names []string, colours []Colour) float64 {
	x, y := 0.0, 14.0
	n := 0
	for i, name := range names {
		if name == "" {
			continue
		}
		n++
		name = Shorten(labelText, f.Width-20, name)
		w := TextWidth(labelText, name) + 34
		if x > 0 && x+w > f.Width {
			x, y = 0, y+19
		}
		f.Rect(colours[i], 1, x, y-9, 11, 11)
		f.Text(Ink, labelText, x+17, y, Start, false, name)
		x += w
	}
	if n == 0 {
		return 0
	}
	return y + 12
}
