//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"errors"
	"fmt"
	"slices"

	cv "gocv.io/x/gocv"

	"github.com/flipmeter/flipmeter/frame"
)

// EncodeJPEG makes a JPEG file of an RGB picture, for frame.Pool. Quality is
// from 1 to 100. Any goroutine may call it.
func EncodeJPEG(p frame.Picture, quality int) (_ []byte, err error) {
	if p.Channels != 3 || p.Width <= 0 || p.Height <= 0 || len(p.Pix) != p.Width*p.Height*3 {
		return nil, fmt.Errorf("encode picture of %d×%d×%d: it has %d bytes", p.Width, p.Height, p.Channels, len(p.Pix))
	}
	// A copy: OpenCV must not keep Go's memory, and wants blue first.
	m := cv.NewMatWithSize(p.Height, p.Width, cv.MatTypeCV8UC3)
	defer func() { err = errors.Join(err, m.Close()) }()
	bgr, err := m.DataPtrUint8()
	if err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	for i := 0; i+2 < len(p.Pix) && i+2 < len(bgr); i += 3 {
		bgr[i], bgr[i+1], bgr[i+2] = p.Pix[i+2], p.Pix[i+1], p.Pix[i]
	}
	b, err := cv.IMEncodeWithParams(cv.JPEGFileExt, m, []int{cv.IMWriteJpegQuality, quality})
	if err != nil {
		if b != nil {
			b.Close()
		}
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	defer b.Close()
	return slices.Clone(b.GetBytes()), nil
}
