package frame

import "fmt"

// Fit says how a picture of one shape becomes a picture of another.
type Fit string

// The ways to fit. Crop scales the shorter side to Want.ShortSide and keeps
// the centre; Squash ignores the aspect ratio; Letterbox scales the longer
// side and pads with Want.Pad.
const (
	FitCrop      Fit = "crop"
	FitSquash    Fit = "squash"
	FitLetterbox Fit = "letterbox"
)

// Filter names a resize function. OpenCV's own have no prefix; a source that
// does not know a filter refuses it when it is opened.
type Filter string

// OpenCV's filters. Area is the default of the built-in models, because it
// anti-aliases.
const (
	FilterNearest Filter = "nearest"
	FilterLinear  Filter = "linear"
	FilterArea    Filter = "area"
	FilterCubic   Filter = "cubic"
	FilterLanczos Filter = "lanczos"
)

// Format is the pixel layout of a derived picture.
type Format uint8

// RGB is three interleaved bytes a pixel; Luma is one byte, by BT.601
// weights of the RGB values (0.299, 0.587, 0.114).
const (
	RGB Format = iota
	Luma
)

// Channels is the number of bytes a pixel takes.
func (f Format) Channels() int {
	if f == Luma {
		return 1
	}
	return 3
}

// Want asks a source for one derived picture of every frame. The zero value
// is not usable.
type Want struct {
	// Width and Height of the result, in pixels. Height 0 keeps the frame's
	// aspect ratio (Fit must then be FitSquash).
	Width, Height int
	// ShortSide is what the frame's shorter side is scaled to before the
	// centre crop, for FitCrop; 0 means just enough to cover Width×Height.
	ShortSide int
	Fit       Fit
	Filter    Filter
	Format    Format
	Pad       [3]byte // RGB of letterbox bars
}

// Validate says what is wrong with the want, or nil.
func (w Want) Validate() error {
	switch {
	case w.Width <= 0:
		return fmt.Errorf("wanted picture: width must be positive, got %d", w.Width)
	case w.Height < 0 || w.Height == 0 && w.Fit != FitSquash:
		return fmt.Errorf("wanted picture: height must be positive, got %d", w.Height)
	case w.Fit != FitCrop && w.Fit != FitSquash && w.Fit != FitLetterbox:
		return fmt.Errorf("wanted picture: unknown fit %q (crop, squash or letterbox)", w.Fit)
	case w.Filter == "":
		return fmt.Errorf("wanted picture: no resize filter named")
	}
	return nil
}

// Dims is the size of the result for frames of the given size.
func (w Want) Dims(frameWidth, frameHeight int) (width, height, channels int) {
	height = w.Height
	if height == 0 {
		height = max(1, (w.Width*frameHeight+frameWidth/2)/frameWidth)
	}
	return w.Width, height, w.Format.Channels()
}
