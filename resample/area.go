package resample

import (
	"fmt"
	"image"
	"math"
)

// Area is a plan for one resize with OpenCV's INTER_AREA: every pixel of the
// result is the mean of the source rectangle that it covers. The result
// equals cv::resize(src, dst, Size(dstW, dstH), 0, 0, INTER_AREA) followed
// by the crop, bit by bit (OpenCV 4.6 on x86-64), at the cost of the crop
// only.
//
// A plan is made once for a source size and used for every frame. It owns
// scratch memory, so that a resize allocates nothing; one goroutine uses it.
//
// # How it is fast and still exact
//
// Scales are fractions, so the true mean is one too: the sums run in
// integers, several samples in one machine word, and are exact. OpenCV's own
// float32 sum differs from the true mean by less than a bound that the plan
// knows. Only where the true mean lies within that bound of half a grey
// level could OpenCV have rounded the other way; those few samples are
// computed again in OpenCV's order of operations.
type Area struct {
	crop     image.Rectangle // of the resized picture, pixels
	channels int
	srcW     int
	srcH     int
	x, y     axis
	// whole says that both scales are whole numbers: OpenCV then sums
	// integers and divides once.
	whole bool
	// narrow says that a crop's row is shorter than a word; then every
	// sample is computed in OpenCV's order.
	narrow bool
	// wide says that a pixel's sum takes more than 32 bits.
	wide bool

	// from and width are the bytes of a source row that the crop covers.
	from, width int
	// column is, for each result pixel, the place of its first tap in
	// blended; share has x.most shares for each, the missing ones zero.
	column []int
	share  []uint64
	// blended is one result row before the horizontal sum: a uint32 a
	// sample, little endian, in units of 1/y.unit.
	blended []byte
	carry   []uint64 // the same in the making, see blend.go

	round rounder
}

// NewArea plans the resize of srcW×srcH pictures to dstW×dstH of which only
// crop is wanted; an empty crop wants everything. Channels are 1 or 3. The
// result may not be larger than the source along either axis: INTER_AREA is
// another function there.
func NewArea(srcW, srcH, dstW, dstH int, crop image.Rectangle, channels int) (*Area, error) {
	all := image.Rect(0, 0, dstW, dstH)
	if crop.Empty() {
		crop = all
	}
	switch {
	case srcW <= 0 || srcH <= 0 || dstW <= 0 || dstH <= 0:
		return nil, fmt.Errorf("plan area resize: sizes must be positive, got %dx%d to %dx%d", srcW, srcH, dstW, dstH)
	case dstW > srcW || dstH > srcH:
		return nil, fmt.Errorf("plan area resize: %dx%d to %dx%d enlarges, only reductions are averages", srcW, srcH, dstW, dstH)
	case !crop.In(all):
		return nil, fmt.Errorf("plan area resize: crop %v is not inside %v", crop, all)
	case channels != 1 && channels != 3:
		return nil, fmt.Errorf("plan area resize: 1 or 3 channels, got %d", channels)
	}
	a := &Area{
		crop: crop, channels: channels, srcW: srcW, srcH: srcH,
		x:     newAxis(srcW, dstW, crop.Min.X, crop.Max.X),
		y:     newAxis(srcH, dstH, crop.Min.Y, crop.Max.Y),
		whole: srcW%dstW == 0 && srcH%dstH == 0,
	}
	first, last := a.x.taps[0].src, a.x.taps[len(a.x.taps)-1].src
	a.from, a.width = first*channels, (last+1-first)*channels
	if a.narrow = a.width < 8; a.narrow {
		return a, nil
	}
	a.wide = 255*a.x.unit*a.y.unit > math.MaxUint32
	for i := range crop.Dx() {
		taps := a.x.of(i)
		a.column = append(a.column, 4*channels*(taps[0].src-first))
		for k := range a.x.most {
			var share uint64
			if k < len(taps) {
				share = taps[k].share
			}
			a.share = append(a.share, share)
		}
	}
	// Zero shares and the last word of a pixel read past the last sample.
	a.blended = make([]byte, 4*(a.width+channels*a.x.most+4))
	a.carry = make([]uint64, 4*(a.width/8+1))
	a.round = newRounder(a.x.unit*a.y.unit, a.bound())
	return a, nil
}

// bound is how far, in grey levels, OpenCV's float sum can be from the true
// mean: the drift of its shares, and half an ulp for each operation. The
// whole scale 2×2 is rounded half up in integers and needs no bound.
func (a *Area) bound() float64 {
	if a.whole && a.x.unit == 2 && a.y.unit == 2 {
		return 0
	}
	dx, dy := a.x.drift, a.y.drift
	operations := float64(2*a.x.most + 2*a.y.most + 4)
	return 255 * (dx + dy + dx*dy + operations*0x1p-24)
}

// Size is the size of the result in pixels: that of the crop.
func (a *Area) Size() (width, height int) { return a.crop.Dx(), a.crop.Dy() }

// Resize writes the crop of the resized picture to dst, rows without
// padding, channels in the source's order. Src holds the rows of the whole
// source picture, srcStride bytes apart. Dst must hold width×height×channels
// bytes of [Area.Size], src all rows of the planned size; else it panics.
func (a *Area) Resize(dst, src []byte, srcStride int) {
	a.resize(dst, src, srcStride, asIs)
}

// ResizeBGRToRGB is Resize with the first and third channel exchanged. The
// plan must have three channels.
func (a *Area) ResizeBGRToRGB(dst, src []byte, srcStride int) {
	a.mustBeColour()
	a.resize(dst, src, srcStride, swapped)
}

// ResizeBGRToLuma is ResizeBGRToRGB followed by [Luma]: one byte a pixel.
// The plan must have three channels.
func (a *Area) ResizeBGRToLuma(dst, src []byte, srcStride int) {
	a.mustBeColour()
	a.resize(dst, src, srcStride, asLuma)
}

func (a *Area) mustBeColour() {
	if a.channels != 3 {
		panic("BUG: resample: colour conversion asked of a plan with one channel")
	}
}
