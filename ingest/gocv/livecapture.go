//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"fmt"
	"runtime"
	"time"

	cv "gocv.io/x/gocv"

	"github.com/flipmeter/flipmeter/ingest"
)

// Properties of VideoCapture that gocv does not name, to be given at open.
const (
	propHardware    = cv.VideoCaptureProperties(50)
	propOpenTimeout = cv.VideoCaptureProperties(53) // ms
	propReadTimeout = cv.VideoCaptureProperties(54) // ms

	anyHardware = cv.VideoCaptureProperties(1) // a value of propHardware
)

var errNoKeyframes = fmt.Errorf("this build of OpenCV does not let itself be asked for keyframes only: leave out keyframes: %w", ingest.ErrPermanent)

// liveCapture is a capture of a stream, or of a camera of this machine.
type liveCapture struct {
	capture
	camera *camera // nil: a stream
	held   int     // frames that are in the decoder at once, for all that is known
	// decoder is nil where FFmpeg's decoder is out of reach.
	decoder decoderRef
}

// mostThreads is how many frames FFmpeg decodes at once, at most, where it is
// not kept from it.
const mostThreads = 16

func openLiveCapture(cfg LiveConfig) (*liveCapture, error) {
	opening.Lock()
	defer opening.Unlock()
	prepareLocked()
	var params []cv.VideoCaptureProperties
	if cfg.Hardware {
		params = append(params, propHardware, anyHardware)
	}
	if ingest.IsCamera(cfg.Address) {
		return openCameraLocked(cfg)
	}
	setCaptureOptionsLocked(cfg.options())
	params = append(params, propOpenTimeout, milliseconds(cfg.OpenTimeout), propReadTimeout, milliseconds(cfg.ReadTimeout))
	var vc *cv.VideoCapture
	var err error
	open := func() { vc, err = cv.VideoCaptureFileWithAPIParams(cfg.Address, cv.VideoCaptureFFmpeg, params) }
	decoder := promptlyLocked(cfg.Keyframes, open)
	if err != nil {
		vc.Close()
		return nil, errNotOpened
	}
	if cfg.Keyframes && decoder == nil {
		vc.Close()
		return nil, errNoKeyframes
	}
	listenLocked()
	c := &liveCapture{capture: capture{vc: vc}, held: min(runtime.NumCPU(), mostThreads), decoder: decoder}
	if decoder != nil {
		c.held = 1
	}
	return c, nil
}

func milliseconds(d time.Duration) cv.VideoCaptureProperties {
	return cv.VideoCaptureProperties(max(d.Milliseconds(), 1))
}

// next decodes the next frame, false where there is none. That of a camera may
// be in m already.
func (c *liveCapture) next(m *cv.Mat) bool {
	if c.camera != nil {
		return c.camera.take(&c.capture, m)
	}
	return c.grab()
}

// skip leaves out what comes before the next keyframe; false where it can't.
func (c *liveCapture) skip(patience time.Duration) bool {
	return c.decoder != nil && skipToKeyframe(c.decoder, patience)
}

// convert makes the picture of the frame that next moved to.
func (c *liveCapture) convert(m *cv.Mat) bool {
	if c.camera != nil {
		return c.camera.picture(&c.capture, m)
	}
	return c.retrieve(m)
}
