//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

/*
#include <stdlib.h>
#include "camera.h"
*/
import "C"

import (
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	cv "gocv.io/x/gocv"

	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/derive"
)

// camera is what is known of a camera of this machine beside its pictures. One
// is captured from at a time in a process, see camera.h.
type camera struct {
	number int
	wish   ingest.Capture

	unwatched bool
	counted   uint64        // frames that the driver lost, up to the last one taken
	missed    int           // of those, since the last one that was chosen
	chosen    time.Duration // PTS of that
}

// openCameraLocked opens a camera and asks it for what is wished. The lock of
// opening must be held.
func openCameraLocked(cfg LiveConfig) (*liveCapture, error) {
	n, err := findDevice(cfg.Address)
	if err != nil {
		return nil, ingest.WithCause(ingest.CauseOpen, err)
	}
	C.flipmeter_camera_forget()
	patience := C.CString(strconv.Itoa(int(math.Ceil(cfg.ReadTimeout.Seconds()))))
	defer C.free(unsafe.Pointer(patience))
	C.flipmeter_camera_patience(patience)
	cam := &camera{number: n, wish: cfg.Capture}
	vc, err := cv.VideoCaptureDeviceWithAPI(n, cv.VideoCaptureV4L2)
	if err == nil {
		cam.ask(vc)
		if vc.IsOpened() {
			return &liveCapture{capture: capture{vc: vc}, camera: cam}, nil
		}
	}
	vc.Close() // it exists even so
	if err := cam.trouble(); err != nil {
		return nil, ingest.WithCause(ingest.CauseOpen, err)
	}
	return nil, ingest.WithCause(ingest.CauseOpen, fmt.Errorf("%w: the camera may not have what was asked for (capture), or gives its pictures in a form that OpenCV does not know", errNotOpened))
}

// ask asks the camera for what is wished, the format first: sizes and rates
// depend on it.
func (c *camera) ask(vc *cv.VideoCapture) {
	if w := c.wish; w.Format != "" {
		code := uint32(w.Format[0]) | uint32(w.Format[1])<<8 | uint32(w.Format[2])<<16 | uint32(w.Format[3])<<24
		vc.Set(cv.VideoCaptureFOURCC, float64(code))
	}
	if c.wish.Width > 0 {
		vc.Set(cv.VideoCaptureFrameWidth, float64(c.wish.Width))
		vc.Set(cv.VideoCaptureFrameHeight, float64(c.wish.Height))
	}
	// The rate that the first format allowed is kept otherwise, low as it may be.
	const usual = 30
	if c.wish.FPS > 0 {
		vc.Set(cv.VideoCaptureFPS, c.wish.FPS)
	} else if c.wish != (ingest.Capture{}) {
		vc.Set(cv.VideoCaptureFPS, usual)
	}
}

// compare says in the log where the camera gives something else.
func (c *camera) compare(info ingest.Info, log *slog.Logger) {
	w := c.wish
	if w.Width > 0 && (w.Width != info.Width || w.Height != info.Height) || w.Format != "" && !strings.EqualFold(w.Format, info.Codec) ||
		w.FPS > 0 && math.Abs(w.FPS-info.FPS) > 0.5 {
		log.Warn("the camera gives something else than it was asked for: v4l2-ctl --list-formats-ext says what it has",
			"size", fmt.Sprintf("%dx%d", info.Width, info.Height), "fps", info.FPS, "format", info.Codec)
	}
}

// take moves to the next frame, false where none comes. Its picture is in m at
// once where OpenCV does not let itself be watched: then nothing else tells
// whether there is one.
func (c *camera) take(capt *capture, m *cv.Mat) bool {
	if c.unwatched {
		return capt.vc.Read(m) && !m.Empty()
	}
	before := C.flipmeter_camera_state().taken
	if err := capt.vc.Grab(1); err != nil {
		return false
	}
	c.count()
	s := C.flipmeter_camera_state()
	if c.unwatched = s.heeded == 0; c.unwatched {
		return c.take(capt, m)
	}
	return s.taken != before
}

// picture converts the frame that take moved to.
func (c *camera) picture(capt *capture, m *cv.Mat) bool {
	return c.unwatched || C.flipmeter_camera_state().damaged == 0 && capt.retrieve(m)
}

// gap is how many frames are missing before the one that take moved to, which
// the sampler chose: those that the driver lost because nobody took them in
// time. What it lost between two that were chosen doesn't matter where they are
// as far apart as they should be.
func (c *camera) gap(pts time.Duration, stride int, fps float64) int {
	missed := c.missed
	apart := pts - c.chosen
	c.missed, c.chosen = 0, pts
	const late = 1.5 // steps
	switch {
	case missed == 0, fps > 0 && apart.Seconds() <= late/fps:
		return 0
	case fps > 0 || stride > 1: // how many of them would have been chosen is not known
		return 1
	}
	return missed
}

// count notes what the driver lost before the frame that take moved to.
func (c *camera) count() {
	lost := uint64(C.flipmeter_camera_state().lost)
	c.missed += int(lost - c.counted)
	c.counted = lost
}

// capturedAt is when the last frame was captured, by the driver's clock if it
// is the machine's; else now.
func (c *camera) capturedAt(now time.Time) time.Time {
	const believed = time.Minute // age of a frame
	s := C.flipmeter_camera_state()
	age := time.Duration(float64(C.flipmeter_monotonic()-s.captured) * float64(time.Second))
	if s.heeded == 0 || s.monotonic == 0 || age < 0 || age > believed {
		return now
	}
	return now.Add(-age)
}

// coding is the matrix that the driver says its pictures are coded with.
func (c *camera) coding() (_ derive.ColorMatrix, why string) {
	switch C.flipmeter_camera_state().encoding {
	case 2, 4: // V4L2_YCBCR_ENC_709, V4L2_YCBCR_ENC_XV709
		return derive.BT709, "tag"
	case 1, 3: // V4L2_YCBCR_ENC_601, V4L2_YCBCR_ENC_XV601
		return derive.BT601, "tag"
	}
	return derive.BT601, "camera" // as V4L2 takes it where nothing is said
}

// trouble is what keeps pictures from coming, nil if nothing is known.
func (c *camera) trouble() error {
	path := C.CString("/dev/video" + strconv.Itoa(c.number))
	defer C.free(unsafe.Pointer(path))
	failed := syscall.Errno(C.flipmeter_camera_state().error)
	return cameraTrouble(c.number, int(C.flipmeter_camera_try(path)), failed, "/dev")
}
