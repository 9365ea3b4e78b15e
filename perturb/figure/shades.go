package figure

import (
	"image"
	"image/color"
	"math"
	"strconv"
)

// Row is one row of a map.
type Row struct {
	Name   string
	Values []float64 // 0…1; NaN is left grey
}

// namedRows is up to how many rows of a map are named, where there is room.
const namedRows = 30

// Map shows values 0…1, a row for each picture, as shades; scale is what the
// values are.
func Map(width float64, alt string, x Axis, yName, scale string, rows []Row) *Figure {
	n := len(rows)
	y := Axis{Name: yName, Min: 0, Max: float64(max(n, 1)), Ticks: []float64{}}
	h := min(max(float64(n)*6, 120), 420)
	if n <= namedRows && width >= 500 {
		h = max(float64(n)*15, 60)
		for i := range rows {
			y.Ticks = append(y.Ticks, float64(n-i)-0.5)
			y.Names = append(y.Names, Shorten(tickText, 140, rows[i].Name))
		}
	}
	f := New(width, h+70, alt)
	cols := 0
	for _, r := range rows {
		cols = max(cols, len(r.Values))
	}
	p := newFrame(f, x, y, 0)
	img := image.NewRGBA(image.Rect(0, 0, max(cols, 1), max(n, 1)))
	for y := range n {
		for c := range cols {
			v := math.NaN()
			if c < len(rows[y].Values) {
				v = rows[y].Values[c]
			}
			img.Set(c, y, shade(v))
		}
	}
	f.Image(img, false, p.left, p.top, p.right-p.left, p.bottom-p.top)
	f.scale(p.right, 10, scale)
	return f
}

// scale writes what shades mean, ending at the given place: name, 0, shades, 1.
func (f *Figure) scale(right, base float64, name string) {
	const shades, width = 64, 90.0
	bar := image.NewRGBA(image.Rect(0, 0, shades, 1))
	for i := range shades {
		bar.Set(i, 0, shade(float64(i)/(shades-1)))
	}
	f.Text(Dim, tickText, right, base, End, false, "1")
	x := right - 11 - width
	f.Image(bar, false, x, base-9, width, 10)
	f.Text(Dim, tickText, x-5, base, End, false, name+"  0")
}

// Matrix shows values 0…1 of names against each other, columns by the number
// that the row of the same name has.
func Matrix(width float64, alt string, names []string, values [][]float64) *Figure {
	const row, text = 22, 11.5
	f := New(width, row*float64(len(names))+24, alt)
	label := 0.0
	for _, n := range names {
		label = max(label, TextWidth(text, n)+22)
	}
	label = min(label, width*0.42)
	cell := (width - label) / float64(max(1, len(names)))
	every := int(math.Ceil(18 / cell)) // narrow columns can't all be numbered
	for i, n := range names {
		y := 22 + float64(i)*row
		num := strconv.Itoa(i + 1)
		f.Text(Dim, text, 14, y+15, End, false, num)
		f.Text(Ink, text, 20, y+15, Start, false, Shorten(text, label-24, n))
		if i%every == 0 {
			f.Text(Dim, text, label+(float64(i)+.5)*cell, 14, Middle, false, num)
		}
		for k := range names {
			f.Shade(values[i][k], label+float64(k)*cell, y, cell-1, row-1)
			if cell >= 26 {
				f.onShade(values[i][k], label+(float64(k)+.5)*cell, y+15)
			}
		}
	}
	return f
}

// Shade fills a rectangle with the shade of a value 0…1.
func (f *Figure) Shade(v, x, y, w, h float64) {
	img := image.NewRGBA(image.Rect(0, 0, 1, 1))
	img.Set(0, 0, shade(v))
	f.Image(img, false, x, y, w, h)
}

// onShade writes a percentage that can be read on its own shade.
func (f *Figure) onShade(v, x, y float64) {
	c := White
	if v > 0.6 {
		c = Black
	}
	f.Text(c, 10.5, x, y, Middle, false, strconv.Itoa(int(v*100+0.5)))
}

// shade goes from a dark blue (0) over teal to a light yellow (1), which
// stays apart on paper and on black, and for the colour-blind.
func shade(v float64) color.Color {
	if math.IsNaN(v) {
		return color.RGBA{150, 150, 150, 255}
	}
	v = min(max(v, 0), 1)
	stops := [...][3]float64{{36, 26, 74}, {42, 86, 140}, {38, 150, 140}, {140, 204, 100}, {250, 234, 120}}
	at := v * float64(len(stops)-1)
	i := min(int(at), len(stops)-2)
	part := at - float64(i)
	var c [3]uint8
	for k := range c {
		c[k] = uint8(stops[i][k] + part*(stops[i+1][k]-stops[i][k]) + 0.5)
	}
	return color.RGBA{c[0], c[1], c[2], 255}
}
