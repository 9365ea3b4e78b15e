//go:build !cgo || !gocv_specific_modules || !gocv_videoio

package gocv

import (
	"context"
	"errors"
	"fmt"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/images"
)

// Available says whether this build can decode video.
const Available = false

var errUnavailable = errors.New("this flipmeter was built without OpenCV and can't decode video: rebuild it with CGO_ENABLED=1 and -tags gocv_specific_modules,gocv_videoio")

// Open would open a video file; this build has no OpenCV and says so.
func Open(context.Context, Config) (ingest.Source, error) {
	return nil, errUnavailable
}

// OpenLive would open a stream or camera; this build has no OpenCV and says
// so.
func OpenLive(context.Context, LiveConfig) (ingest.Source, error) {
	return nil, fmt.Errorf("%w: %w", errUnavailable, ingest.ErrPermanent)
}

// Pictures would be OpenCV's way to read picture files; images.PureGo does
// without.
func Pictures() (images.Codec, error) { return images.Codec{}, errUnavailable }

// EncodeJPEG would be OpenCV's encoder; this build has no OpenCV.
func EncodeJPEG(frame.Picture, int) ([]byte, error) { return nil, errUnavailable }

// Loaded is empty: this build has no OpenCV.
func Loaded() Libraries { return Libraries{} }
