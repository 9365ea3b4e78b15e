package ingest

import (
	"fmt"
	"image"
	"strconv"
	"strings"
)

// Region is the part of a picture that is looked at, in pixels of the
// decoded picture (after rotation), from its top left corner. The zero
// value is the whole picture.
type Region struct {
	X, Y, Width, Height int
}

// ParseRegion reads "x,y,w,h"; "" is the whole picture.
func ParseRegion(s string) (Region, error) {
	if s == "" {
		return Region{}, nil
	}
	parts := strings.Split(s, ",")
	if len(parts) != 4 {
		return Region{}, fmt.Errorf("region %q: want four numbers x,y,width,height in pixels, like 0,100,640,480", s)
	}
	var n [4]int
	for i, p := range parts {
		v, err := strconv.ParseInt(strings.TrimSpace(p), 10, 32)
		if err != nil {
			return Region{}, fmt.Errorf("region %q: %q is not a whole number of pixels", s, p)
		}
		n[i] = int(v)
	}
	r := Region{X: n[0], Y: n[1], Width: n[2], Height: n[3]}
	if r.Whole() {
		return Region{}, fmt.Errorf("region %s: width and height must be at least 1", s)
	}
	if err := r.Validate(); err != nil {
		return Region{}, err
	}
	return r, nil
}

// Validate says what is wrong with the region whatever the picture's size.
func (r Region) Validate() error {
	switch {
	case r == Region{}:
		return nil
	case r.X < 0 || r.Y < 0:
		return fmt.Errorf("region %v: x and y must not be negative", r)
	case r.Width < 1 || r.Height < 1:
		return fmt.Errorf("region %v: width and height must be at least 1", r)
	}
	return nil
}

// Whole says that the region leaves nothing out.
func (r Region) Whole() bool { return r == Region{} }

// In is the region's rectangle in a picture of the given size, or an error
// where it does not lie inside.
func (r Region) In(width, height int) (image.Rectangle, error) {
	whole := image.Rect(0, 0, width, height)
	if r.Whole() {
		return whole, nil
	}
	rect := image.Rect(r.X, r.Y, r.X+r.Width, r.Y+r.Height)
	if !rect.In(whole) {
		return image.Rectangle{}, fmt.Errorf("region %v reaches beyond the picture of %dx%d pixels: choose one inside", r, width, height)
	}
	return rect, nil
}

// String is the form that ParseRegion reads.
func (r Region) String() string {
	if r.Whole() {
		return ""
	}
	return fmt.Sprintf("%d,%d,%d,%d", r.X, r.Y, r.Width, r.Height)
}
