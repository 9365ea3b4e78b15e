package gocv

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/derive"
)

// Config says what to open, and what to make of its frames. Path, Wants and
// Pool are required.
type Config struct {
	Path   string // of a video file
	Stream string // name of the stream in log lines; "" for none

	Wants []frame.Want
	Pool  *frame.Pool

	ColorMatrix ColorMatrix // "" is auto
	Deinterlace Deinterlace // "" is off
	Region      ingest.Region
	// Mask is a picture file: black is blacked out, white is kept. ""
	// for none. See ingest.Mask.
	Mask string

	// Start and End bound the PTS of the frames delivered: Start ≤ PTS <
	// End. An End of 0 is the end of the file.
	Start, End time.Duration
	// Stride delivers every n-th frame from the first; 0 and 1 deliver all.
	// Frames left out are not lost: they make no break.
	Stride int

	Logger *slog.Logger // nil discards
}

// ColorMatrix says how the colours of a file are coded.
type ColorMatrix string

// Auto takes the stream's tag where it can be read, else BT.709 from 720
// lines up. The others overrule the tag.
const (
	ColorMatrixAuto  ColorMatrix = "auto"
	ColorMatrixBT601             = ColorMatrix(derive.BT601)
	ColorMatrixBT709             = ColorMatrix(derive.BT709)
)

// Deinterlace says what to do about pictures that are woven of two fields.
type Deinterlace string

// Auto treats footage that is interlaced by its tags or its looks; On treats
// all. The treatment keeps the top field and fills in the lines between.
const (
	DeinterlaceOff  Deinterlace = "off"
	DeinterlaceAuto Deinterlace = "auto"
	DeinterlaceOn   Deinterlace = "on"
)

func (c *Config) validate() error {
	if c.ColorMatrix == "" {
		c.ColorMatrix = ColorMatrixAuto
	}
	if c.Deinterlace == "" {
		c.Deinterlace = DeinterlaceOff
	}
	c.Stride = max(c.Stride, 1)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	switch {
	case c.Path == "":
		return errors.New("no video file named")
	case c.Pool == nil:
		return errors.New("BUG: no frame.Pool given")
	case c.ColorMatrix != ColorMatrixAuto && c.ColorMatrix != ColorMatrixBT601 && c.ColorMatrix != ColorMatrixBT709:
		return fmt.Errorf("unknown colour matrix %q: want auto, bt601 or bt709", c.ColorMatrix)
	case c.Deinterlace != DeinterlaceOff && c.Deinterlace != DeinterlaceAuto && c.Deinterlace != DeinterlaceOn:
		return fmt.Errorf("unknown way to deinterlace %q: want off, auto or on", c.Deinterlace)
	case c.Start < 0 || c.End < 0:
		return errors.New("start and end must not be negative")
	case c.End > 0 && c.End <= c.Start:
		return fmt.Errorf("end %v is not after start %v", c.End, c.Start)
	}
	for _, w := range c.Wants {
		if err := w.Validate(); err != nil {
			return err
		}
	}
	return c.Region.Validate()
}
