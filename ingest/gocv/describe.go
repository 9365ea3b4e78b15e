//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"path/filepath"

	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/derive"
)

// hdLines is the number of lines from which untagged video counts as high
// definition.
const hdLines = 720

// describe fills in what is known of the file once its first frame is
// decoded.
func (s *Source) describe() {
	m := &s.mats[s.cur]
	s.info = ingest.Info{
		Name: filepath.Base(s.cfg.Path), Kind: "file",
		Width: m.Cols(), Height: m.Rows(), FPS: s.cap.fps(),
		Codec: s.cap.fourcc(), Decoder: decoderName(),
		Region: s.cfg.Region.String(), Masked: s.cfg.Mask != "",
	}
	s.info.Frames = s.expectedFrames()
}

// expectedFrames estimates how many frames will be delivered.
func (s *Source) expectedFrames() int64 {
	n, fps := s.cap.frameCount(), s.cap.fps()
	if s.cfg.End > 0 && fps > 0 {
		upTo := int64(s.cfg.End.Seconds()*fps + 0.5)
		if n == 0 || upTo < n {
			n = upTo
		}
	}
	if n -= s.decoded - 1; n <= 0 {
		return 0
	}
	stride := int64(s.cfg.Stride)
	return (n + stride - 1) / stride
}

// prepare decides on colours and fields, and plans the pictures.
func (s *Source) prepare(mask *ingest.Mask) error {
	matrix, why := s.chooseMatrix()
	s.info.ColorMatrix, s.info.ColorMatrixWhy = string(matrix), why
	var correct *derive.Correction
	if matrix != derive.RGBMatrix {
		var err error
		if correct, err = derive.NewCorrection(derive.BT601, matrix); err != nil {
			return err
		}
	}
	s.info.Deinterlaced = s.cfg.Deinterlace == DeinterlaceOn
	s.view = derive.NewView(derive.ViewConfig{
		Wants: s.cfg.Wants, Region: s.cfg.Region, Mask: mask, Deinterlace: s.info.Deinterlaced,
		Correct: correct, BGR: true, Other: newScaler(&s.source),
	})
	_, _, err := s.treat()
	return err
}

func (s *Source) chooseMatrix() (matrix derive.ColorMatrix, why string) {
	lines := s.info.Height
	if s.cap.sideways() {
		lines = s.info.Width
	}
	switch {
	case s.cap.rgb():
		return derive.RGBMatrix, "codec"
	case s.cfg.ColorMatrix != ColorMatrixAuto:
		return derive.ColorMatrix(s.cfg.ColorMatrix), "given"
	case lines >= hdLines:
		return derive.BT709, "height"
	}
	return derive.BT601, "height"
}
