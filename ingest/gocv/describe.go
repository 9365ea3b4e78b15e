//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/container"
	"github.com/flipmeter/flipmeter/ingest/derive"
)

// hdLines is the number of lines from which untagged video counts as high
// definition.
const hdLines = 720

// prepare finds out what is to know about the file once its first frame is
// decoded, decides on colours and fields, and plans the pictures.
func (s *Source) prepare(ctx context.Context, abs string, mask *ingest.Mask) error {
	m := &s.mats[s.cur]
	s.info = ingest.Info{
		Name: filepath.Base(s.cfg.Path), Kind: "file",
		Width: m.Cols(), Height: m.Rows(), FPS: s.cap.fps(), Frames: s.expectedFrames(),
		Codec: s.cap.fourcc(), Decoder: decoderName(),
		Region: s.cfg.Region.String(), Masked: mask != nil,
	}
	if s.info.Codec == "" {
		s.info.Codec = s.facts.Codec
	}
	s.decideFields(ctx, abs)
	correct, err := s.decideColours()
	if err != nil {
		return err
	}
	s.view = derive.NewView(derive.ViewConfig{
		Wants: s.cfg.Wants, Region: s.cfg.Region, Mask: mask, Deinterlace: s.info.Deinterlaced,
		Correct: correct, BGR: true, Other: newScaler(&s.source),
	})
	_, _, err = s.treat()
	return err
}

func (s *Source) note(sentence string) {
	s.info.Notes = append(s.info.Notes, sentence)
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

// decideFields says whether the footage is interlaced: by its tags, or by
// its looks where those leave it open.
func (s *Source) decideFields(ctx context.Context, abs string) {
	switch s.facts.Interlaced {
	case container.Yes, container.No:
		s.info.Interlaced = string(s.facts.Interlaced)
	default:
		s.info.Interlaced = looksInterlaced(ctx, abs)
	}
	s.info.Deinterlaced = s.cfg.Deinterlace == DeinterlaceOn ||
		s.cfg.Deinterlace == DeinterlaceAuto && s.info.Interlaced == "yes"
	switch {
	case s.info.Deinterlaced:
		s.note("Deinterlaced: the top field was kept, the lines between were filled in.")
	case s.info.Interlaced == "yes":
		s.note("The footage is interlaced: the comb pattern at moving edges flickers and may cause flips. Deinterlacing removes it.")
	}
}

// decideColours chooses the matrix of the colours, and how the colours that
// OpenCV delivers become right.
func (s *Source) decideColours() (*derive.Correction, error) {
	matrix, why := s.chooseMatrix()
	s.info.ColorMatrix, s.info.ColorMatrixWhy = string(matrix), why
	if matrix == derive.RGBMatrix {
		return nil, nil
	}
	full := s.facts.FullRange == container.Yes
	decoded := derive.Coding{Matrix: derive.BT601, FullRange: full && s.honoursRange()}
	if full && !decoded.FullRange {
		s.note("The video is tagged as full range, which OpenCV does not respect for this codec: brightness and contrast were put right afterwards, but the darkest and brightest parts were cut off.")
	}
	if matrix == derive.BT2020 {
		s.note("The colours are BT.2020: its matrix was applied; gamut and transfer function (HDR) were not.")
	}
	return derive.NewCorrection(decoded, derive.Coding{Matrix: matrix, FullRange: full})
}

// honoursRange says whether OpenCV converts this stream by its range: it
// does where FFmpeg puts the range into the pixel format, which the decoders
// of JPEG, H.264 and H.265 do for 8 bits.
func (s *Source) honoursRange() bool {
	switch strings.ToLower(s.info.Codec) {
	case "avc1", "avc3", "h264", "x264", "hev1", "hvc1", "hevc", "h265", "x265", "mjpg", "jpeg":
		return s.cap.eightBitYUV()
	}
	return false
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
	case s.facts.Matrix != container.MatrixUnknown && s.facts.Matrix != container.RGB:
		return derive.ColorMatrix(s.facts.Matrix), "tag"
	case strings.EqualFold(s.info.Codec, "MJPG"), strings.EqualFold(s.info.Codec, "jpeg"):
		return derive.BT601, "codec" // as JPEG pictures are
	case lines >= hdLines:
		return derive.BT709, "height"
	}
	return derive.BT601, "height"
}
