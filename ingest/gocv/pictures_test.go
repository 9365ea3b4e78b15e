//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"bytes"
	"image"
	"testing"

	cv "gocv.io/x/gocv"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/resample"
)

// TestPicturesAreThoseOfOpenCV: what comes out is cv::resize of the whole
// region, then the crop, bit by bit, whatever way it was computed.
func TestPicturesAreThoseOfOpenCV(t *testing.T) {
	filters := []frame.Filter{frame.FilterNearest, frame.FilterLinear, frame.FilterArea, frame.FilterCubic, frame.FilterLanczos}
	type place struct {
		clip   string
		region ingest.Region
	}
	for _, p := range []place{
		{clip: "vtest.avi"},
		{clip: "vtest.avi", region: ingest.Region{X: 101, Y: 7, Width: 403, Height: 333}},
		{clip: "carphone_pristine.mp4"}, // enlarged
		{clip: "Megamind.avi"},
	} {
		var wants []frame.Want
		for _, f := range filters {
			wants = append(wants,
				frame.Want{Width: 224, Height: 224, ShortSide: 256, Fit: frame.FitCrop, Filter: f},
				frame.Want{Width: 224, Height: 224, Fit: frame.FitSquash, Filter: f},
				frame.Want{Width: 100, Height: 90, Fit: frame.FitLetterbox, Filter: f, Pad: [3]byte{1, 2, 3}},
				frame.Want{Width: 224, Height: 224, ShortSide: 256, Fit: frame.FitCrop, Filter: f, Format: frame.Luma},
				frame.Want{Width: 96, Height: 64, Fit: frame.FitCrop, Filter: f, Format: frame.Luma},
			)
		}
		pool := new(frame.Pool)
		path := footage(t, p.clip)
		src, err := Open(t.Context(), Config{Path: path, Pool: pool, Wants: wants, Region: p.region, ColorMatrix: ColorMatrixBT601})
		if err != nil {
			t.Fatal(err)
		}
		vc, err := cv.VideoCaptureFileWithAPI(path, cv.VideoCaptureFFmpeg)
		if err != nil {
			t.Fatal(err)
		}
		m := cv.NewMat()
		var f frame.Frame
		for range 2 {
			if err := src.Read(t.Context(), &f); err != nil {
				t.Fatal(err)
			}
			if !vc.Read(&m) {
				t.Fatal("the reference has no such frame")
			}
			rect, err := p.region.In(m.Cols(), m.Rows())
			if err != nil {
				t.Fatal(err)
			}
			region := m.Region(rect)
			for i, w := range wants {
				if want := reference(t, region, w); !bytes.Equal(f.Pictures[i].Pix, want) {
					t.Errorf("%s %v frame %d: %+v is not OpenCV's picture", p.clip, p.region, f.Seq, w)
				}
			}
			region.Close()
		}
		f.Release()
		m.Close()
		vc.Close()
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

// reference makes a wanted picture the slow, obvious way.
func reference(t *testing.T, src cv.Mat, w frame.Want) []byte {
	t.Helper()
	iw, ih := src.Cols(), src.Rows()
	round := func(n, num, den int) int { return int(float64(n)*float64(num)/float64(den) + 0.5) }
	var sw, sh int
	short := w.ShortSide
	switch {
	case w.Fit == frame.FitSquash:
		sw, sh = w.Width, w.Height
	case w.Fit == frame.FitLetterbox && float64(w.Width)/float64(iw) <= float64(w.Height)/float64(ih):
		sw, sh = w.Width, round(ih, w.Width, iw)
	case w.Fit == frame.FitLetterbox:
		sw, sh = round(iw, w.Height, ih), w.Height
	case short > 0 && iw <= ih:
		sw, sh = short, round(ih, short, iw)
	case short > 0:
		sw, sh = round(iw, short, ih), short
	case float64(w.Width)/float64(iw) >= float64(w.Height)/float64(ih):
		sw, sh = w.Width, round(ih, w.Width, iw)
	default:
		sw, sh = round(iw, w.Height, ih), w.Height
	}
	dst := cv.NewMat()
	defer dst.Close()
	flags := map[frame.Filter]cv.InterpolationFlags{"nearest": cv.InterpolationNearestNeighbor, "linear": cv.InterpolationLinear,
		"area": cv.InterpolationArea, "cubic": cv.InterpolationCubic, "lanczos": cv.InterpolationLanczos4}
	if err := cv.Resize(src, &dst, image.Pt(sw, sh), 0, 0, flags[w.Filter]); err != nil {
		t.Fatal(err)
	}
	bgr, err := dst.DataPtrUint8()
	if err != nil {
		t.Fatal(err)
	}
	rgb := make([]byte, 0, 3*w.Width*w.Height)
	for y := range w.Height {
		for x := range w.Width {
			// Floors of half the difference either way.
			sx, sy := x+(sw-w.Width)/2, y+(sh-w.Height)/2
			if w.Fit == frame.FitLetterbox {
				sx, sy = x-(w.Width-sw)/2, y-(w.Height-sh)/2
			}
			if sx < 0 || sy < 0 || sx >= sw || sy >= sh {
				rgb = append(rgb, w.Pad[:]...)
				continue
			}
			v := bgr[3*(sy*sw+sx):]
			rgb = append(rgb, v[2], v[1], v[0])
		}
	}
	if w.Format == frame.RGB {
		return rgb
	}
	y := make([]byte, len(rgb)/3)
	resample.Luma(y, rgb)
	return y
}

func TestUnknownFilter(t *testing.T) {
	wantOpenError(t, Config{Path: footage(t, "vtest.avi"),
		Wants: []frame.Want{{Width: 8, Height: 8, Fit: frame.FitSquash, Filter: "sharp"}}}, `unknown resize filter "sharp": want nearest`)
	wantOpenError(t, Config{Path: footage(t, "vtest.avi"),
		Wants: []frame.Want{{Width: 300, Height: 300, ShortSide: 256, Fit: frame.FitCrop, Filter: "area"}}}, "raise the short side")
}
