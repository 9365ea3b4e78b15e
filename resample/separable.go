package resample

import (
	"fmt"
	"image"
)

// Separable is a plan for one resize with a function of another library: a
// weighted sum along the rows, then along the columns. Like [Area] it is
// made once for a source size, computes the crop only, and is used by one
// goroutine.
type Separable struct {
	crop       image.Rectangle
	channels   int
	srcW, srcH int
	x, y       []span
	// fixed says that the library sums in 22-bit fixed point and rounds to
	// bytes after each direction.
	fixed bool

	top  int // first source row that is needed
	rows int // and how many
	// The source rows after the horizontal sum, and one result row in the
	// making: floats, or bytes and fixed point.
	middle      []float32
	line        []float32
	middleBytes []byte
	lineFixed   []int32
}

// span is where one result coordinate comes from: source coordinates first,
// first+1, … with their weights.
type span struct {
	first  int
	weight []float32
	fixed  []int32 // the same in units of 2⁻²²
}

// Func plans a resize of srcW×srcH pictures to dstW×dstH of which only crop
// is wanted; an empty crop wants everything.
type Func func(srcW, srcH, dstW, dstH int, crop image.Rectangle, channels int) (*Separable, error)

func newSeparable(axis func(srcN, dstN int) []span, fixed bool) Func {
	return func(srcW, srcH, dstW, dstH int, crop image.Rectangle, channels int) (*Separable, error) {
		all := image.Rect(0, 0, dstW, dstH)
		if crop.Empty() {
			crop = all
		}
		switch {
		case srcW <= 0 || srcH <= 0 || dstW <= 0 || dstH <= 0:
			return nil, fmt.Errorf("plan resize: sizes must be positive, got %dx%d to %dx%d", srcW, srcH, dstW, dstH)
		case !crop.In(all):
			return nil, fmt.Errorf("plan resize: crop %v is not inside %v", crop, all)
		case channels <= 0:
			return nil, fmt.Errorf("plan resize: channels must be positive, got %d", channels)
		}
		s := &Separable{
			crop: crop, channels: channels, srcW: srcW, srcH: srcH, fixed: fixed,
			x: axis(srcW, dstW)[crop.Min.X:crop.Max.X],
			y: axis(srcH, dstH)[crop.Min.Y:crop.Max.Y],
		}
		s.top = srcH
		bottom := 0
		for _, sp := range s.y {
			s.top = min(s.top, sp.first)
			bottom = max(bottom, sp.first+len(sp.weight))
		}
		s.rows = bottom - s.top
		n := crop.Dx() * channels
		if fixed {
			s.middleBytes, s.lineFixed = make([]byte, s.rows*n), make([]int32, n)
		} else {
			s.middle, s.line = make([]float32, s.rows*n), make([]float32, n)
		}
		return s, nil
	}
}

// Size is the size of the result in pixels: that of the crop.
func (s *Separable) Size() (width, height int) { return s.crop.Dx(), s.crop.Dy() }

// Resize writes the crop of the resized picture to dst in grey levels, rows
// without padding, channels in the source's order. TensorFlow's and
// PyTorch's functions give fractions, cubic ones also values beyond 0…255;
// Pillow's give whole grey levels. Src holds the rows of the whole source
// picture, srcStride bytes apart.
func (s *Separable) Resize(dst []float32, src []byte, srcStride int) {
	n := s.crop.Dx() * s.channels
	s.horizontal(src, srcStride)
	for y, sp := range s.y {
		row := dst[y*n : (y+1)*n]
		if !s.fixed {
			s.sumRows(row, sp)
			continue
		}
		s.sumFixedRows(sp)
		for i, v := range s.lineFixed {
			row[i] = float32(clipFixed(v))
		}
	}
}

// ResizeBytes is Resize with the values clipped to 0…255 and rounded to the
// nearest whole number, half up.
func (s *Separable) ResizeBytes(dst, src []byte, srcStride int) {
	n := s.crop.Dx() * s.channels
	s.horizontal(src, srcStride)
	for y, sp := range s.y {
		row := dst[y*n : (y+1)*n]
		if s.fixed {
			s.sumFixedRows(sp)
			for i, v := range s.lineFixed {
				row[i] = clipFixed(v)
			}
			continue
		}
		s.sumRows(s.line, sp)
		for i, v := range s.line {
			row[i] = byte(min(max(v, 0), 255) + 0.5)
		}
	}
}

// horizontal resizes the source rows that are needed along x.
func (s *Separable) horizontal(src []byte, stride int) {
	if stride < s.srcW*s.channels || len(src) < (s.srcH-1)*stride+s.srcW*s.channels {
		panic("BUG: resample: the source is smaller than the plan")
	}
	n := s.crop.Dx() * s.channels
	for r := range s.rows {
		row := src[(s.top+r)*stride:][:s.srcW*s.channels]
		switch {
		case s.fixed && s.channels == 3:
			s.fixedRow3(s.middleBytes[r*n:(r+1)*n], row)
		case s.fixed:
			s.fixedRow(s.middleBytes[r*n:(r+1)*n], row)
		case s.channels == 3:
			s.floatRow3(s.middle[r*n:(r+1)*n], row)
		default:
			s.floatRow(s.middle[r*n:(r+1)*n], row)
		}
	}
}
