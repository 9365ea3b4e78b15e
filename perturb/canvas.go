package perturb

import (
	"fmt"
	"image"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/resample"
)

// newPicture makes a black RGB picture.
func newPicture(w, h int) frame.Picture {
	return frame.Picture{Width: w, Height: h, Channels: 3, Pix: make([]byte, 3*w*h)}
}

// fill paints everything in one colour.
func fill(p frame.Picture, rgb [3]byte) {
	for i := 0; i+3 <= len(p.Pix); i += 3 {
		copy(p.Pix[i:i+3], rgb[:])
	}
}

// paste puts src with its top left corner at (x, y) of dst; what sticks out
// is cut off.
func paste(dst, src frame.Picture, x, y int) {
	r := image.Rect(x, y, x+src.Width, y+src.Height).Intersect(image.Rect(0, 0, dst.Width, dst.Height))
	for row := r.Min.Y; row < r.Max.Y; row++ {
		from := src.Pix[3*((row-y)*src.Width+r.Min.X-x):][:3*r.Dx()]
		copy(dst.Pix[3*(row*dst.Width+r.Min.X):], from)
	}
}

// window copies the w×h window at (x, y) of p, which must lie inside.
func window(dst []byte, p frame.Picture, x, y, w, h int) {
	for row := range h {
		copy(dst[3*row*w:3*(row+1)*w], p.Pix[3*((y+row)*p.Width+x):])
	}
}

// cutOut is a copy of a part of p, which must lie inside.
func cutOut(p frame.Picture, r image.Rectangle) frame.Picture {
	out := newPicture(r.Dx(), r.Dy())
	window(out.Pix, p, r.Min.X, r.Min.Y, r.Dx(), r.Dy())
	return out
}

// FilterArea is the mean of the covered rectangle, for pictures that become
// smaller; one that becomes larger is interpolated between neighbours then.
const FilterArea = "area"

// Filters are the names of the resize functions that experiments may use.
func Filters() []string { return append([]string{FilterArea}, resample.Names()...) }

// resize scales a part of p to w×h with a resize function by name.
func resize(p frame.Picture, part image.Rectangle, w, h int, filter string) (frame.Picture, error) {
	out := newPicture(w, h)
	src := p.Pix[3*(part.Min.Y*p.Width+part.Min.X):]
	if part.Dx() == w && part.Dy() == h {
		window(out.Pix, p, part.Min.X, part.Min.Y, w, h)
		return out, nil
	}
	if filter == FilterArea {
		if w <= part.Dx() && h <= part.Dy() {
			a, err := resample.NewArea(part.Dx(), part.Dy(), w, h, image.Rectangle{}, 3)
			if err != nil {
				return out, err
			}
			a.Resize(out.Pix, src, 3*p.Width)
			return out, nil
		}
		filter = "tf2-bilinear"
	}
	plan, ok := resample.Lookup(filter)
	if !ok {
		return out, fmt.Errorf("unknown resize filter %q: want one of %v", filter, Filters())
	}
	s, err := plan(part.Dx(), part.Dy(), w, h, image.Rectangle{}, 3)
	if err != nil {
		return out, err
	}
	s.ResizeBytes(out.Pix, src, 3*p.Width)
	return out, nil
}

// whole is the rectangle of all of p.
func whole(p frame.Picture) image.Rectangle { return image.Rect(0, 0, p.Width, p.Height) }
