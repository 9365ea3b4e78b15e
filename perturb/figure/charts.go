package figure

import (
	"image"
	"math"
)

// Line is one series of a line chart. NaN interrupts it.
type Line struct {
	Name   string
	X, Y   []float64
	Colour Colour
	Dashed bool
	Dots   bool
	Only   bool // dots without a line
	// Low and High, where given, are drawn as a band.
	Low, High []float64
}

// Lines draws a line chart.
func Lines(width, height float64, alt string, x, y Axis, lines ...Line) *Figure {
	f := New(width, height, alt)
	var names []string
	var colours []Colour
	for _, l := range lines {
		names, colours = append(names, l.Name), append(colours, l.Colour)
	}
	p := newFrame(f, x, y, legend(f, names, colours))
	for _, l := range lines {
		if l.Low != nil {
			var band []Point
			for i := range l.X {
				if !math.IsNaN(l.High[i]) {
					band = append(band, p.at(l.X[i], l.High[i]))
				}
			}
			for i := len(l.X) - 1; i >= 0; i-- {
				if !math.IsNaN(l.Low[i]) {
					band = append(band, p.at(l.X[i], l.Low[i]))
				}
			}
			if len(band) > 2 {
				f.Area(l.Colour, 0.18, band...)
			}
		}
		var run []Point
		flush := func() {
			if len(run) > 1 && !l.Only {
				f.Line(l.Colour, 1.8, l.Dashed, run...)
			}
			run = nil
		}
		for i := range l.X {
			if math.IsNaN(l.Y[i]) {
				flush()
				continue
			}
			q := p.at(l.X[i], l.Y[i])
			run = append(run, q)
			if l.Dots {
				f.Circle(l.Colour, 1, q.X, q.Y, 3)
			}
		}
		flush()
	}
	return f
}

// Bar is one row of a bar chart.
type Bar struct {
	Name, Value string
	Size        float64
	// Low and High are the interval; NaN draws none.
	Low, High float64
	Colour    Colour // Grey for figures from elsewhere
}

const barRow = 40

// Bars draws rows of a name, a value and a bar below them, on a scale from 0
// to limit (0: the largest that is shown).
func Bars(width float64, alt string, limit float64, bars ...Bar) *Figure {
	f := New(width, float64(len(bars))*barRow+4, alt)
	if limit <= 0 {
		limit = largest(bars)
	}
	for i, b := range bars {
		y := float64(i) * barRow
		ink := Ink
		if b.Colour == Grey {
			ink = Dim
		}
		valueWidth := TextWidth(13, b.Value) + 8
		f.Text(ink, 13, 0, y+14, Start, false, Shorten(13, width-valueWidth, b.Name))
		f.Text(ink, 13, width, y+14, End, true, b.Value)
		f.Rect(Track, 1, 0, y+20, width, 12)
		f.Rect(b.Colour, 1, 0, y+20, width*min(1, b.Size/limit), 12)
		if !math.IsNaN(b.Low) && !math.IsNaN(b.High) && b.High > b.Low {
			lo, hi := width*max(0, b.Low/limit), width*min(1, b.High/limit)
			f.Line(Ink, 1.6, false, Point{lo, y + 26}, Point{hi, y + 26})
			f.Line(Ink, 1.6, false, Point{lo, y + 22}, Point{lo, y + 30})
			f.Line(Ink, 1.6, false, Point{hi, y + 22}, Point{hi, y + 30})
		}
	}
	return f
}

// largest is the greatest number that bars show, 1 where all are 0.
func largest(bars []Bar) float64 {
	most := 0.0
	for _, b := range bars {
		most = max(most, b.Size)
		if !math.IsNaN(b.High) {
			most = max(most, b.High)
		}
	}
	if most == 0 {
		return 1
	}
	return most
}

// Dots is one series of a scatter plot.
type Dots struct {
	Name   string
	X, Y   []float64
	Colour Colour
	Radius float64
	Labels []string // written beside the dots, where given
	// Low and High, where given, are the dots' intervals.
	Low, High []float64
}

// Scatter draws dots.
func Scatter(width, height float64, alt string, x, y Axis, series ...Dots) *Figure {
	f := New(width, height, alt)
	var names []string
	var colours []Colour
	for _, s := range series {
		names, colours = append(names, s.Name), append(colours, s.Colour)
	}
	p := newFrame(f, x, y, legend(f, names, colours))
	for _, s := range series {
		for i := range s.X {
			q := p.at(s.X[i], s.Y[i])
			if i < len(s.Low) && s.High[i] > s.Low[i] {
				f.Line(s.Colour, 1.4, false, p.at(s.X[i], s.Low[i]), p.at(s.X[i], s.High[i]))
			}
			f.Circle(s.Colour, 0.75, q.X, q.Y, s.Radius)
			if i < len(s.Labels) && s.Labels[i] != "" {
				a, dx := Start, 7.0
				if q.X > (p.left+p.right)/2 {
					a, dx = End, -7.0
				}
				f.Text(Ink, tickText, q.X+dx, q.Y+4, a, false, s.Labels[i])
			}
		}
	}
	return f
}

// Picture is one picture of a strip.
type Picture struct {
	Image    image.Image
	Captions []string
	Mark     bool // framed in the second series' colour
}

// Strip shows pictures side by side, in as many rows as they need.
func Strip(width, size float64, alt string, pictures ...Picture) *Figure {
	const gap, line = 10, 15
	per := max(1, int((width+gap)/(size+gap)))
	lines := 0
	for _, p := range pictures {
		lines = max(lines, len(p.Captions))
	}
	row := size + float64(lines*line) + 14
	f := New(width, row*math.Ceil(float64(len(pictures))/float64(per)), alt)
	for i, p := range pictures {
		x, y := float64(i%per)*(size+gap), float64(i/per)*row
		if p.Mark {
			f.Rect(S1, 1, x, y, size, size)
			f.Image(p.Image, true, x+3, y+3, size-6, size-6)
		} else {
			f.Image(p.Image, true, x, y, size, size)
		}
		for k, c := range p.Captions {
			ink := Dim
			if k == 0 {
				ink = Ink
			}
			f.Text(ink, tickText, x, y+size+float64((k+1)*line), Start, false, Shorten(tickText, size+gap-2, c))
		}
	}
	return f
}
