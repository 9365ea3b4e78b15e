//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"fmt"
	"image"

	cv "gocv.io/x/gocv"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest/derive"
)

// interpolation are OpenCV's own filters.
var interpolation = map[frame.Filter]cv.InterpolationFlags{
	frame.FilterNearest: cv.InterpolationNearestNeighbor,
	frame.FilterLinear:  cv.InterpolationLinear,
	frame.FilterArea:    cv.InterpolationArea,
	frame.FilterCubic:   cv.InterpolationCubic,
	frame.FilterLanczos: cv.InterpolationLanczos4,
}

// original is the decoded picture that scalers work on, and its region of
// interest.
type original struct {
	mat  *cv.Mat
	rect image.Rectangle
}

// scaler resizes the original with OpenCV. The whole region is resized
// before the crop, so that the pixels are those of cv::resize.
type scaler struct {
	plan   derive.Plan
	interp cv.InterpolationFlags
	src    *original
	scaled cv.Mat
}

func newScaler(src *original) derive.NewScaler {
	return func(p derive.Plan, width, height int) (derive.Scaler, error) {
		interp, ok := interpolation[p.Want.Filter]
		if !ok {
			return nil, fmt.Errorf("unknown resize filter %q: want nearest, linear, area, cubic or lanczos, or another library's like pillow-bicubic", p.Want.Filter)
		}
		return &scaler{plan: p, interp: interp, src: src, scaled: cv.NewMat()}, nil
	}
}

// Scale writes the crop as RGB; the pixels come from the original.
func (s *scaler) Scale(rgb []byte, _ derive.Pixels) error {
	from := *s.src.mat
	if whole := image.Rect(0, 0, from.Cols(), from.Rows()); s.src.rect != whole {
		from = from.Region(s.src.rect)
		defer from.Close()
	}
	if err := cv.Resize(from, &s.scaled, s.plan.Scaled, 0, 0, s.interp); err != nil {
		return err
	}
	bgr, err := s.scaled.DataPtrUint8()
	if err != nil {
		return err
	}
	derive.CropBGRToRGB(rgb, bgr, 3*s.plan.Scaled.X, s.plan.Crop)
	return nil
}

// Close frees the resized picture.
func (s *scaler) Close() error { return s.scaled.Close() }
