package ingest

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Capture is what a camera of this machine is asked for: a zero leaves it to
// OpenCV, which asks for 640×480 at 30 frames a second in the first of its
// formats that the camera has, uncompressed ones first. A camera gives what
// comes closest; Info says what that is.
type Capture struct {
	Width  int     `json:"width,omitempty"` // pixels
	Height int     `json:"height,omitempty"`
	FPS    float64 `json:"fps,omitempty"`
	Format string  `json:"format,omitempty"` // fourcc, as "MJPG" or "YUYV"
}

var fourCC = regexp.MustCompile(`^[A-Za-z0-9 ]{4}$`)

// Bounds of what a camera can be asked for.
const (
	maxCaptureSide = 1 << 14
	maxCaptureFPS  = 1000
)

// ParseCapture reads what a camera is asked for: a size as 1280x720, a rate and
// a format; an empty string or 0 for none.
func ParseCapture(size string, fps float64, format string) (Capture, error) {
	c := Capture{FPS: fps, Format: format}
	if size != "" {
		w, h, ok := strings.Cut(size, "x")
		width, errW := strconv.Atoi(w)
		height, errH := strconv.Atoi(h)
		if !ok || errW != nil || errH != nil || width < 1 || height < 1 {
			return Capture{}, fmt.Errorf("size: must be as 1280x720, got %q", size)
		}
		c.Width, c.Height = width, height
	}
	return c, c.Validate()
}

// Validate says what a camera can't be asked for.
func (c Capture) Validate() error {
	switch {
	case (c.Width == 0) != (c.Height == 0), c.Width < 0, c.Height < 0, c.Width > maxCaptureSide, c.Height > maxCaptureSide:
		return fmt.Errorf("size: a camera can't be asked for %dx%d pixels", c.Width, c.Height)
	case !(c.FPS >= 0 && c.FPS <= maxCaptureFPS):
		return errors.New("fps: a camera can be asked for 0 to 1000 frames a second")
	case c.Format != "" && !fourCC.MatchString(c.Format):
		return fmt.Errorf("format: must be four characters, as MJPG, got %q", c.Format)
	}
	return nil
}

// IsCamera says whether an address is that of a camera of this machine, by its
// number, its device or a link to it.
func IsCamera(address string) bool {
	if _, ok := CameraNumber(address); ok {
		return true
	}
	return strings.HasPrefix(address, "/dev/v4l/")
}

// CameraNumber is N of camera:N and of /dev/videoN.
func CameraNumber(address string) (int, bool) {
	for _, prefix := range []string{"camera:", "/dev/video"} {
		if rest, ok := strings.CutPrefix(address, prefix); ok {
			n, err := strconv.ParseUint(rest, 10, 16)
			return int(n), err == nil
		}
	}
	return 0, false
}
