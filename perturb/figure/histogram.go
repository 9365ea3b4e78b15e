package figure

import "math"

// Histogram is counts in equal parts of 0…1.
type Histogram struct {
	Name   string // what is counted
	Counts []int
}

// Histograms draws them side by side, or one below another where there is no
// room, on one scale; the line in grey is where all bars would end if all
// parts held equally many.
func Histograms(width float64, alt string, all ...Histogram) *Figure {
	const height, gap, least = 150.0, 26.0, 180.0
	columns := max(1, min(len(all), int((width+gap)/(least+gap))))
	rows := (len(all) + columns - 1) / columns
	f := New(width, float64(rows)*(height+16), alt)
	most := 1
	for _, h := range all {
		for _, c := range h.Counts {
			most = max(most, c)
		}
	}
	each := (width - gap*float64(columns-1)) / float64(columns)
	for i, h := range all {
		f.histogram(h, float64(i%columns)*(each+gap), float64(i/columns)*(height+16), each, height, most)
	}
	return f
}

// histogram draws one of them into the rectangle at (x, y).
func (f *Figure) histogram(h Histogram, x, y, width, height float64, most int) {
	axis := Axis{Max: float64(most)}.rounded(3)
	left := x
	for _, v := range axis.ticks(3) {
		left = max(left, x+TextWidth(tickText, axis.text(v))+10)
	}
	right, top, bottom := x+width, y+8, y+height-36
	at := func(v float64) float64 { return bottom - v/axis.Max*(bottom-top) }
	for _, v := range axis.ticks(3) {
		if v != math.Trunc(v) {
			continue // there are no halves of boxes
		}
		f.Line(Grid, 1, false, Point{left, at(v)}, Point{right, at(v)})
		f.Text(Dim, tickText, left-6, at(v)+4, End, false, axis.text(v))
	}
	sum := 0
	cell := (right - left) / float64(max(1, len(h.Counts)))
	for i, c := range h.Counts {
		sum += c
		f.Rect(S0, 1, left+float64(i)*cell+1, at(float64(c)), cell-2, bottom-at(float64(c)))
	}
	if len(h.Counts) > 0 {
		even := at(float64(sum) / float64(len(h.Counts)))
		f.Line(Grey, 1.6, true, Point{left, even}, Point{right, even})
	}
	f.Line(Dim, 1, false, Point{left, bottom}, Point{right, bottom})
	for _, v := range []float64{0, .5, 1} {
		f.Text(Dim, tickText, left+v*(right-left), bottom+16, Middle, false, trim(v))
	}
	f.Text(Dim, labelText, (left+right)/2, bottom+32, Middle, false, Shorten(labelText, width, h.Name))
}
