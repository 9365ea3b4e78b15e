package perturb

import (
	"image"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
)

// Background is what surrounds an embedded picture.
type Background string

// Black is 0; Mean the colour that the model's normalisation makes 0, which
// is what embedding in zeros after normalisation amounts to; Inpaint the
// paper's diffusion of the picture's edge.
const (
	Black   Background = "black"
	Mean    Background = "mean"
	Inpaint Background = "inpaint"
)

// meanColour is the model's mean as RGB bytes.
func meanColour(p *infer.Preprocessing) (rgb [3]byte) {
	for c := range rgb {
		at := c
		if p.Order == "BGR" {
			at = 2 - c
		}
		rgb[c] = byte(min(max(p.Mean[at], 0), 255) + 0.5)
	}
	return rgb
}

// stage is a picture larger than the model's, of which shots are windows.
type stage struct {
	canvas frame.Picture
	origin image.Point // of the window at shift (0, 0)
	w, h   int         // of a window
}

// render writes the window that shows the content shifted by (dx, dy).
func (s *stage) render(dst []byte, by image.Point) {
	window(dst, s.canvas, s.origin.X-by.X, s.origin.Y-by.Y, s.w, s.h)
}

// reach is the rectangle that windows of w×h cover over all shifts, with the
// window at shift (0, 0) at the origin.
func reach(w, h int, shifts []image.Point) image.Rectangle {
	var r image.Rectangle
	for _, s := range shifts {
		r = r.Union(image.Rect(-s.X, -s.Y, w-s.X, h-s.Y))
	}
	return r
}

// newStage places an object at `at` of the window at shift (0, 0) and paints
// the rest of what all windows show.
func newStage(object frame.Picture, at image.Point, w, h int, shifts []image.Point, bg Background, m *infer.ModelInfo) *stage {
	r := reach(w, h, shifts)
	s := &stage{canvas: newPicture(r.Dx(), r.Dy()), origin: image.Point{}.Sub(r.Min), w: w, h: h}
	if bg == Mean {
		fill(s.canvas, meanColour(&m.Preprocessing))
	}
	at = at.Add(s.origin)
	paste(s.canvas, object, at.X, at.Y)
	if bg == Inpaint {
		inpaint(s.canvas, whole(object).Add(at))
	}
	return s
}

// faithful renders each shift as the paper does: the object is embedded in a
// canvas of the model's size, and that is inpainted anew.
func faithful(object frame.Picture, at image.Point, w, h int) func(dst []byte, by image.Point) {
	return func(dst []byte, by image.Point) {
		p := frame.Picture{Width: w, Height: h, Channels: 3, Pix: dst}
		fill(p, [3]byte{})
		to := at.Add(by)
		paste(p, object, to.X, to.Y)
		inpaint(p, whole(object).Add(to))
	}
}
