package gocv

import (
	"errors"
	"fmt"
	"regexp"
)

// Capture is what a camera of this machine is asked for: a zero leaves it to
// OpenCV, which asks for 640×480 at 30 frames a second in the first of its
// formats that the camera has, uncompressed ones first. A camera gives what
// comes closest; Info says what that is.
type Capture struct {
	Width, Height int
	FPS           float64
	Format        string // fourcc, as "MJPG" or "YUYV"
}

var fourCC = regexp.MustCompile(`^[A-Za-z0-9 ]{4}$`)

const maxCaptureSide = 1 << 14

func (c Capture) validate() error {
	switch {
	case (c.Width == 0) != (c.Height == 0), c.Width < 0, c.Height < 0, c.Width > maxCaptureSide, c.Height > maxCaptureSide:
		return fmt.Errorf("a camera can't be asked for %dx%d pixels", c.Width, c.Height)
	case c.FPS < 0 || c.FPS > 1000 || c.FPS != c.FPS:
		return errors.New("a camera can be asked for 0 to 1000 frames a second")
	case c.Format != "" && !fourCC.MatchString(c.Format):
		return fmt.Errorf("%q is no format: want four characters, as MJPG", c.Format)
	}
	return nil
}
