//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"errors"
	"fmt"

	cv "gocv.io/x/gocv"

	"github.com/flipmeter/flipmeter/ingest/derive"
	"github.com/flipmeter/flipmeter/ingest/images"
)

// Pictures is OpenCV's way to read picture files, for package images.
func Pictures() (images.Codec, error) {
	opening.Lock()
	defer opening.Unlock()
	prepareLocked()
	return images.Codec{Name: "OpenCV " + cv.OpenCVVersion(), Decode: decodePicture, BGR: true, Scaler: newCopyingScaler}, nil
}

var errNoPicture = errors.New("OpenCV can't read it: it is damaged, or no picture")

// decodePicture decodes a file's content into BGR, turned as its EXIF
// orientation says, 8 bits a channel, without transparency.
func decodePicture(content []byte, into *images.Bitmap) error {
	m := cv.NewMat()
	defer m.Close()
	if err := cv.IMDecodeIntoMat(content, cv.IMReadColor, &m); err != nil || m.Empty() || m.Type() != cv.MatTypeCV8UC3 {
		return errNoPicture
	}
	bgr, err := m.DataPtrUint8()
	if err != nil {
		return fmt.Errorf("read picture: %w", err)
	}
	into.Pix = append(into.Pix[:0], bgr...)
	into.Width, into.Height = m.Cols(), m.Rows()
	return nil
}

// copyingScaler is a scaler for pictures in Go's memory, which OpenCV must
// not keep: they are copied.
type copyingScaler struct {
	*scaler
	mat cv.Mat
}

func newCopyingScaler(p derive.Plan, width, height int) (derive.Scaler, error) {
	src := &original{}
	s, err := newScaler(src)(p, width, height)
	if err != nil {
		return nil, err
	}
	c := &copyingScaler{scaler: s.(*scaler), mat: cv.NewMatWithSize(height, width, cv.MatTypeCV8UC3)}
	src.mat = &c.mat
	src.rect.Max.X, src.rect.Max.Y = width, height
	return c, nil
}

// Scale writes the crop as RGB.
func (c *copyingScaler) Scale(rgb []byte, src derive.Pixels) error {
	to, err := c.mat.DataPtrUint8()
	if err != nil {
		return err
	}
	n := 3 * c.mat.Cols()
	for y := range c.mat.Rows() {
		copy(to[y*n:(y+1)*n], src.Pix[y*src.Stride:])
	}
	if err := c.scaler.Scale(rgb, src); err != nil || src.BGR {
		return err
	}
	for i := 0; i+3 <= len(rgb); i += 3 { // the scaler has taken it for BGR
		rgb[i], rgb[i+2] = rgb[i+2], rgb[i]
	}
	return nil
}

// Close frees the copy and the resized picture.
func (c *copyingScaler) Close() error {
	return errors.Join(c.mat.Close(), c.scaler.Close())
}
