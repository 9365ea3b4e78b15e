package figure

import "image"

// Colour is a role; what it looks like depends on where it is shown.
type Colour string

// The roles. Series are told apart by S0…S5; Grey is for reference values
// from elsewhere.
const (
	None  Colour = ""
	Ink   Colour = "ink"
	Dim   Colour = "dim"
	Grid  Colour = "line"
	Track Colour = "track"
	Grey  Colour = "other2"
	S0    Colour = "c0"
	S1    Colour = "c1"
	S2    Colour = "c2"
	S3    Colour = "c3"
	S4    Colour = "c4"
	S5    Colour = "c5"
	Paper Colour = "card"
	// White and Black are the same everywhere: for texts on shades.
	White Colour = "white"
	Black Colour = "black"
)

// Series is the colour of the i-th series.
func Series(i int) Colour {
	return [...]Colour{S0, S1, S2, S3, S4, S5}[i%6]
}

// hex is what a role looks like in a file of its own: on white.
func (c Colour) hex() string {
	switch c {
	case Ink:
		return "#1b1d22"
	case Dim:
		return "#5d626d"
	case Grid:
		return "#e2e0d9"
	case Track:
		return "#ecebe5"
	case Grey:
		return "#9b9fa8"
	case S0:
		return "#3468b8"
	case S1:
		return "#e08a2e"
	case S2:
		return "#1f8f66"
	case S3:
		return "#b8457f"
	case S4:
		return "#38a3c7"
	case S5:
		return "#8d8a1c"
	case Black:
		return "#000000"
	}
	return "#ffffff"
}

// Point is a place in a figure.
type Point struct{ X, Y float64 }

// Anchor says which part of a text lies at its place.
type Anchor string

// The anchors.
const (
	Start  Anchor = "start"
	Middle Anchor = "middle"
	End    Anchor = "end"
)

// Figure is a list of shapes. Later ones lie above earlier ones.
type Figure struct {
	Width, Height float64
	// Alt says in words what is to be seen.
	Alt    string
	shapes []shape
}

// New makes an empty figure.
func New(width, height float64, alt string) *Figure {
	return &Figure{Width: width, Height: height, Alt: alt}
}

type kind uint8

const (
	kindLine kind = iota
	kindArea
	kindCircle
	kindText
	kindImage
)

// shape is one thing to draw; which fields count depends on the kind.
type shape struct {
	kind    kind
	points  []Point // of lines and areas; circles, texts: one; images: two corners
	colour  Colour
	size    float64 // stroke width, radius or height of the text
	dashed  bool
	opacity float64
	anchor  Anchor
	bold    bool
	text    string
	img     image.Image
	smooth  bool // images: interpolate between pixels
}

// Line draws a line through points.
func (f *Figure) Line(c Colour, width float64, dashed bool, points ...Point) {
	f.shapes = append(f.shapes, shape{kind: kindLine, points: points, colour: c, size: width, dashed: dashed, opacity: 1})
}

// Area fills the polygon through points.
func (f *Figure) Area(c Colour, opacity float64, points ...Point) {
	f.shapes = append(f.shapes, shape{kind: kindArea, points: points, colour: c, opacity: opacity})
}

// Rect fills a rectangle.
func (f *Figure) Rect(c Colour, opacity, x, y, w, h float64) {
	f.Area(c, opacity, Point{x, y}, Point{x + w, y}, Point{x + w, y + h}, Point{x, y + h})
}

// Circle fills a circle.
func (f *Figure) Circle(c Colour, opacity, x, y, radius float64) {
	f.shapes = append(f.shapes, shape{kind: kindCircle, points: []Point{{x, y}}, colour: c, size: radius, opacity: opacity})
}

// Text writes one line; y is its baseline.
func (f *Figure) Text(c Colour, size, x, y float64, a Anchor, bold bool, text string) {
	f.shapes = append(f.shapes, shape{kind: kindText, points: []Point{{x, y}}, colour: c, size: size, anchor: a, bold: bold, text: text, opacity: 1})
}

// Image shows a picture in a rectangle; smooth is for photographs, without
// it every pixel stays a rectangle.
func (f *Figure) Image(img image.Image, smooth bool, x, y, w, h float64) {
	f.shapes = append(f.shapes, shape{kind: kindImage, points: []Point{{x, y}, {x + w, y + h}}, img: img, smooth: smooth})
}

// Titled is the figure with a line above it, for files of their own.
func (f *Figure) Titled(title string) *Figure {
	const room, margin = 34, 14
	out := New(f.Width+2*margin, f.Height+room+2*margin, f.Alt)
	out.Text(Ink, 15, margin, margin+14, Start, true, Shorten(15, f.Width, title))
	for _, s := range f.shapes {
		s.points = append([]Point(nil), s.points...)
		for i := range s.points {
			s.points[i].X += margin
			s.points[i].Y += margin + room
		}
		out.shapes = append(out.shapes, s)
	}
	return out
}

// TextWidth is about how wide a text will be.
func TextWidth(size float64, text string) float64 {
	n := 0.0
	for _, r := range text {
		switch {
		case r == 'i' || r == 'l' || r == '.' || r == ',' || r == ' ' || r == 'j' || r == '|':
			n += 0.3
		case r == 'm' || r == 'w' || r >= 'A' && r <= 'Z':
			n += 0.72
		case r >= '0' && r <= '9':
			n += 0.62
		case r == '%' || r == '−':
			n += 0.9
		default:
			n += 0.56
		}
	}
	return n * size
}

// Shorten cuts a text that is wider than max, with an ellipsis.
func Shorten(size, limit float64, text string) string {
	if TextWidth(size, text) <= limit {
		return text
	}
	runes := []rune(text)
	for len(runes) > 1 && TextWidth(size, string(runes)+"…") > limit {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}
