package resample

import (
	"fmt"
	"image"
)

// Area is a plan for one resize with OpenCV's INTER_AREA: every pixel of the
// result is the mean of the source rectangle that it covers. The result
// equals cv::resize(src, dst, Size(dstW, dstH), 0, 0, INTER_AREA) followed
// by the crop, bit by bit (OpenCV 4.6, x86-64; the arithmetic has not
// changed up to 4.10), at the cost of the crop only.
//
// A plan is made once for a source size and used for every frame. It owns
// scratch memory, so that a resize allocates nothing; one goroutine uses it.
type Area struct {
	crop     image.Rectangle // of the resized picture, pixels
	channels int
	srcW     int
	srcH     int
	x, y     axis
	// fast says that both scales are whole numbers: OpenCV then sums
	// integers and divides once.
	fast bool

	row []float32 // one source row, resized horizontally
	sum []float32 // one result row
}

// NewArea plans the resize of srcW×srcH pictures to dstW×dstH of which only
// crop is wanted; an empty crop wants everything. Channels are 1 or 3. The
// result may not be larger than the source along either axis: INTER_AREA is
// another function there.
func NewArea(srcW, srcH, dstW, dstH int, crop image.Rectangle, channels int) (*Area, error) {
	whole := image.Rect(0, 0, dstW, dstH)
	if crop.Empty() {
		crop = whole
	}
	switch {
	case srcW <= 0 || srcH <= 0 || dstW <= 0 || dstH <= 0:
		return nil, fmt.Errorf("plan area resize: sizes must be positive, got %dx%d to %dx%d", srcW, srcH, dstW, dstH)
	case dstW > srcW || dstH > srcH:
		return nil, fmt.Errorf("plan area resize: %dx%d to %dx%d enlarges, only reductions are averages", srcW, srcH, dstW, dstH)
	case !crop.In(whole):
		return nil, fmt.Errorf("plan area resize: crop %v is not inside %v", crop, whole)
	case channels != 1 && channels != 3:
		return nil, fmt.Errorf("plan area resize: 1 or 3 channels, got %d", channels)
	}
	n := crop.Dx() * channels
	return &Area{
		crop: crop, channels: channels, srcW: srcW, srcH: srcH,
		x:    newAxis(srcW, dstW, crop.Min.X, crop.Max.X),
		y:    newAxis(srcH, dstH, crop.Min.Y, crop.Max.Y),
		fast: srcW%dstW == 0 && srcH%dstH == 0,
		row:  make([]float32, n), sum: make([]float32, n),
	}, nil
}

// Size is the size of the result in pixels: that of the crop.
func (a *Area) Size() (width, height int) { return a.crop.Dx(), a.crop.Dy() }

// Resize writes the crop of the resized picture to dst, rows without
// padding, channels in the source's order. Src holds the rows of the whole
// source picture, srcStride bytes apart. Dst must hold width×height×channels
// bytes of [Area.Size], src all rows of the planned size; else it panics.
func (a *Area) Resize(dst, src []byte, srcStride int) {
	a.resize(dst, src, srcStride, identity)
}

// ResizeBGRToRGB is Resize with the first and third channel exchanged. The
// plan must have three channels.
func (a *Area) ResizeBGRToRGB(dst, src []byte, srcStride int) {
	a.resize(dst, src, srcStride, swapped)
}

// ResizeBGRToLuma is ResizeBGRToRGB followed by [Luma]: one byte a pixel.
// The plan must have three channels.
func (a *Area) ResizeBGRToLuma(dst, src []byte, srcStride int) {
	a.resize(dst, src, srcStride, toLuma)
}
