package derive

import (
	"fmt"
	"image"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/resample"
)

// Plan is the geometry of one wanted picture for pictures of one size, in
// pixels: the source is scaled to Scaled, Crop of that is kept and placed
// at At in a result of Width×Height, whose rest is padding.
type Plan struct {
	Want          frame.Want
	Scaled        image.Point
	Crop          image.Rectangle // inside Scaled
	At            image.Point
	Width, Height int
}

// maxSide bounds what a picture is scaled to, in pixels: a strip of 1×30000
// whose short side is to become 256 would take gigabytes.
const maxSide = 1 << 15

// NewPlan plans a want for pictures of width×height pixels. Shapes so narrow
// that a side would come to more than maxSide pixels are refused.
func NewPlan(w frame.Want, width, height int) (Plan, error) {
	if err := w.Validate(); err != nil {
		return Plan{}, err
	}
	if width < 1 || height < 1 {
		return Plan{}, fmt.Errorf("plan picture: source of %dx%d pixels", width, height)
	}
	p, err := plan(w, width, height)
	if err != nil {
		return Plan{}, err
	}
	if side := max(p.Scaled.X, p.Scaled.Y, p.Width, p.Height); side > maxSide {
		return Plan{}, fmt.Errorf("pictures of %dx%d are too narrow a strip (scaled, the long side would have %d pixels): cut them with --roi", width, height, side)
	}
	return p, nil
}

func plan(w frame.Want, width, height int) (Plan, error) {
	p := Plan{Want: w}
	p.Width, p.Height, _ = w.Dims(width, height)
	switch w.Fit {
	case frame.FitSquash:
		p.Scaled = image.Pt(p.Width, p.Height)
		p.Crop = image.Rectangle{Max: p.Scaled}
	case frame.FitCrop:
		p.Scaled = cover(w, width, height)
		if p.Scaled.X < p.Width || p.Scaled.Y < p.Height {
			return Plan{}, fmt.Errorf("wanted picture: a crop of %dx%d does not fit into %dx%d, the size that a short side of %d gives: raise the short side",
				p.Width, p.Height, p.Scaled.X, p.Scaled.Y, w.ShortSide)
		}
		p.Crop = resample.CentreCrop(p.Scaled.X, p.Scaled.Y, p.Width, p.Height)
	case frame.FitLetterbox:
		p.Scaled = inside(p.Width, p.Height, width, height)
		p.Crop = image.Rectangle{Max: p.Scaled}
		p.At = image.Pt((p.Width-p.Scaled.X)/2, (p.Height-p.Scaled.Y)/2)
	}
	return p, nil
}

// cover is the size to which the picture is scaled before a crop.
func cover(w frame.Want, width, height int) image.Point {
	if w.ShortSide > 0 {
		x, y := resample.ShortSideSize(width, height, w.ShortSide)
		return image.Pt(x, y)
	}
	if w.Width*height >= w.Height*width { // the width decides
		return image.Pt(w.Width, max(w.Height, scaled(height, w.Width, width)))
	}
	return image.Pt(max(w.Width, scaled(width, w.Height, height)), w.Height)
}

// inside is the largest size of the source's aspect ratio within w×h.
func inside(w, h, width, height int) image.Point {
	if w*height <= h*width {
		return image.Pt(w, min(h, scaled(height, w, width)))
	}
	return image.Pt(min(w, scaled(width, h, height)), h)
}

// scaled is n·num/den rounded to the nearest whole number, half up, and at
// least 1.
func scaled(n, num, den int) int { return max(1, (2*n*num+den)/(2*den)) }

// Padded says that the result has bars around the picture.
func (p Plan) Padded() bool {
	return p.Crop.Dx() != p.Width || p.Crop.Dy() != p.Height
}

// Whole says that nothing of the scaled picture is cut off.
func (p Plan) Whole() bool { return p.Crop == image.Rectangle{Max: p.Scaled} }

// SameGeometry says that two plans keep the same part at the same size, with
// the same filter: one picture can then be made of the other.
func (p Plan) SameGeometry(q Plan) bool {
	return p.Scaled == q.Scaled && p.Crop == q.Crop && p.At == q.At &&
		p.Width == q.Width && p.Height == q.Height &&
		p.Want.Filter == q.Want.Filter && (!p.Padded() || p.Want.Pad == q.Want.Pad)
}
