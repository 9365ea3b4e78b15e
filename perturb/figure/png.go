package figure

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"strconv"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// pngScale is the number of PNG pixels to a CSS pixel.
const pngScale = 2

// WritePNG writes the figure on white, two pixels to a CSS pixel.
func (f *Figure) WritePNG(w io.Writer) error {
	p := &painter{img: image.NewRGBA(image.Rect(0, 0, max(1, int(math.Ceil(f.Width*pngScale))), max(1, int(math.Ceil(f.Height*pngScale)))))}
	draw.Draw(p.img, p.img.Bounds(), image.White, image.Point{}, draw.Src)
	var err error
	if p.regular, err = opentype.Parse(goregular.TTF); err != nil {
		return fmt.Errorf("draw figure: %w", err)
	}
	if p.bold, err = opentype.Parse(gobold.TTF); err != nil {
		return fmt.Errorf("draw figure: %w", err)
	}
	for i := range f.shapes {
		if err := p.draw(&f.shapes[i]); err != nil {
			return fmt.Errorf("draw figure: %w", err)
		}
	}
	return png.Encode(w, p.img)
}

// painter draws shapes into an image.
type painter struct {
	img           *image.RGBA
	regular, bold *opentype.Font
}

func (p *painter) draw(s *shape) error {
	at := s.points[0]
	switch s.kind {
	case kindLine:
		p.stroke(s)
	case kindArea:
		p.fill(s, s.points)
	case kindCircle:
		const corners = 32
		var round []Point
		for i := range corners {
			sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
			round = append(round, Point{at.X + s.size*cos, at.Y + s.size*sin})
		}
		p.fill(s, round)
	case kindText:
		return p.text(s)
	case kindImage:
		to := image.Rect(int(at.X*pngScale), int(at.Y*pngScale), int(s.points[1].X*pngScale), int(s.points[1].Y*pngScale))
		var how draw.Scaler = draw.NearestNeighbor
		if s.smooth {
			how = draw.CatmullRom
		}
		how.Scale(p.img, to, s.img, s.img.Bounds(), draw.Src, nil)
	}
	return nil
}

// box is the PNG pixels that a shape can touch.
func (s *shape) box() image.Rectangle {
	lo, hi := s.points[0], s.points[0]
	for _, q := range s.points {
		lo.X, lo.Y = min(lo.X, q.X), min(lo.Y, q.Y)
		hi.X, hi.Y = max(hi.X, q.X), max(hi.Y, q.Y)
	}
	return image.Rect(int(math.Floor((lo.X-s.size)*pngScale)), int(math.Floor((lo.Y-s.size)*pngScale)),
		int(math.Ceil((hi.X+s.size)*pngScale)), int(math.Ceil((hi.Y+s.size)*pngScale)))
}

// fill fills a polygon.
func (p *painter) fill(s *shape, points []Point) {
	b := s.box().Intersect(p.img.Bounds())
	if b.Empty() {
		return
	}
	r := vector.NewRasterizer(b.Dx(), b.Dy())
	inside := make([]Point, len(points))
	for i, q := range points {
		inside[i] = Point{q.X - float64(b.Min.X)/pngScale, q.Y - float64(b.Min.Y)/pngScale}
	}
	polygon(r, inside)
	r.Draw(p.img, b, image.NewUniform(rgba(s.colour, s.opacity)), image.Point{})
}

func polygon(r *vector.Rasterizer, points []Point) {
	for i, q := range points {
		x, y := float32(q.X*pngScale), float32(q.Y*pngScale)
		if i == 0 {
			r.MoveTo(x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
}

// stroke draws each part of a line as a rectangle that is longer by half its
// width at both ends, which closes the joints of lines this thin.
func (p *painter) stroke(s *shape) {
	b := s.box().Intersect(p.img.Bounds())
	if b.Empty() {
		return
	}
	mask := image.NewAlpha(b)
	for i := 1; i < len(s.points); i++ {
		for _, part := range dashes(s.points[i-1], s.points[i], s.dashed) {
			from, to := part[0], part[1]
			dx, dy := to.X-from.X, to.Y-from.Y
			n := math.Hypot(dx, dy)
			if n == 0 {
				continue
			}
			ux, uy := dx/n*s.size/2, dy/n*s.size/2
			box := image.Rect(int((min(from.X, to.X)-s.size)*pngScale), int((min(from.Y, to.Y)-s.size)*pngScale),
				int((max(from.X, to.X)+s.size)*pngScale)+1, int((max(from.Y, to.Y)+s.size)*pngScale)+1).Intersect(b)
			if box.Empty() {
				continue
			}
			r := vector.NewRasterizer(box.Dx(), box.Dy())
			ox, oy := float64(box.Min.X)/pngScale, float64(box.Min.Y)/pngScale
			polygon(r, []Point{
				{from.X - ux - uy - ox, from.Y - uy + ux - oy}, {from.X - ux + uy - ox, from.Y - uy - ux - oy},
				{to.X + ux + uy - ox, to.Y + uy - ux - oy}, {to.X + ux - uy - ox, to.Y + uy + ux - oy},
			})
			r.Draw(mask, box, image.Opaque, image.Point{})
		}
	}
	draw.DrawMask(p.img, b, image.NewUniform(rgba(s.colour, 1)), image.Point{}, mask, b.Min, draw.Over)
}

// dashes are the parts of a line that are drawn.
func dashes(from, to Point, dashed bool) [][2]Point {
	if !dashed {
		return [][2]Point{{from, to}}
	}
	const on, period = 4.0, 8.0
	n := math.Hypot(to.X-from.X, to.Y-from.Y)
	along := func(d float64) Point {
		return Point{from.X + (to.X-from.X)*d/n, from.Y + (to.Y-from.Y)*d/n}
	}
	var parts [][2]Point
	for d := 0.0; d < n; d += period {
		parts = append(parts, [2]Point{along(d), along(min(d+on, n))})
	}
	return parts
}

func (p *painter) text(s *shape) error {
	f := p.regular
	if s.bold {
		f = p.bold
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: s.size * pngScale, DPI: 72})
	if err != nil {
		return err
	}
	defer face.Close()
	d := font.Drawer{Dst: p.img, Src: image.NewUniform(rgba(s.colour, 1)), Face: face}
	x := fixed.Int26_6(s.points[0].X * pngScale * 64)
	switch s.anchor {
	case Middle:
		x -= d.MeasureString(s.text) / 2
	case End:
		x -= d.MeasureString(s.text)
	}
	d.Dot = fixed.Point26_6{X: x, Y: fixed.Int26_6(s.points[0].Y * pngScale * 64)}
	d.DrawString(s.text)
	return nil
}

func rgba(c Colour, alpha float64) color.Color {
	v, err := strconv.ParseUint(c.hex()[1:], 16, 32)
	if err != nil {
		panic("BUG: figure: " + c.hex() + " is no colour")
	}
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: uint8(min(max(alpha, 0), 1)*255 + 0.5)}
}
