package infer

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
)

// The presets against the arithmetic as their libraries state it, at the ends
// of the range and in the channel order of the network.
func TestPresets(t *testing.T) {
	type ends [3][2]float64 // of bytes 0 and 255, by the network's channel
	for name, c := range map[string]struct {
		order     string
		want      ends
		shortSide int // for 224
	}{
		// torchvision: x/255, minus (.485 .456 .406), by (.229 .224 .225).
		"imagenet": {"RGB", ends{{-0.485 / 0.229, (1 - 0.485) / 0.229}, {-0.456 / 0.224, (1 - 0.456) / 0.224}, {-0.406 / 0.225, (1 - 0.406) / 0.225}}, 256},
		// Keras, mode "tf": x/127.5 − 1.
		"inception": {"RGB", ends{{-1, 1}, {-1, 1}, {-1, 1}}, 256},
		// Keras, mode "caffe": BGR, minus (103.939 116.779 123.68).
		"caffe": {"BGR", ends{{-103.939, 255 - 103.939}, {-116.779, 255 - 116.779}, {-123.68, 255 - 123.68}}, 256},
		"lite":  {"RGB", ends{{-127. / 128, 1}, {-127. / 128, 1}, {-127. / 128, 1}}, 256},
		"unit":  {"RGB", ends{{0, 1}, {0, 1}, {0, 1}}, 256},
		"bytes": {"RGB", ends{{0, 255}, {0, 255}, {0, 255}}, 256},
	} {
		p, err := Stated{Preset: name}.Resolve(224, 224, false)
		if err != nil || p.Order != c.order || p.ShortSide != c.shortSide || p.Fit != frame.FitCrop || p.Filter != frame.FilterArea {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		for ch := range 3 {
			for i, b := range []float64{0, 255} {
				if got := (b - float64(p.Mean[ch])) / float64(p.Scale[ch]); math.Abs(got-c.want[ch][i]) > 1e-4 {
					t.Errorf("%s, channel %d: byte %g becomes %g, want %g", name, ch, b, got, c.want[ch][i])
				}
			}
		}
	}
	if len(Presets()) != 6 {
		t.Errorf("%v", Presets())
	}
}

func TestResolve(t *testing.T) {
	mean, scale := &[3]float32{1, 2, 3}, &[3]float32{4, 5, 6}
	f := func(s Stated, w, h int, bytes bool, want Preprocessing) {
		t.Helper()
		if got, err := s.Resolve(w, h, bytes); err != nil || got != want {
			t.Errorf("%+v: %+v, %v", s, got, err)
		}
	}
	whole := Preprocessing{Width: 8, Height: 6, Fit: frame.FitCrop, Filter: frame.FilterArea, Order: "BGR", Mean: *mean, Scale: *scale}
	f(Stated{Order: "BGR", Mean: mean, Scale: scale}, 8, 6, false, whole)
	f(Stated{Order: "BGR", Mean: mean, Scale: scale, Width: 8, Height: 6}, 0, 0, false, whole)
	short := whole
	short.ShortSide = 7
	f(Stated{Order: "BGR", Mean: mean, Scale: scale, ShortSide: 7}, 8, 6, false, short)
	squashed := whole
	squashed.Fit, squashed.Filter = frame.FitSquash, frame.FilterCubic
	f(Stated{Order: "BGR", Mean: mean, Scale: scale, ShortSide: 7, Fit: frame.FitSquash, Filter: frame.FilterCubic}, 8, 6, false, squashed)
	f(Stated{Order: "RGB"}, 8, 6, true, Preprocessing{Width: 8, Height: 6, Fit: frame.FitCrop, Filter: frame.FilterArea, Order: "RGB", Scale: [3]float32{1, 1, 1}})

	bad := func(s Stated, w, h int, bytes bool, want string, unstated bool) {
		t.Helper()
		_, err := s.Resolve(w, h, bytes)
		if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, ErrUnstated) != unstated {
			t.Errorf("%+v: %v", s, err)
		}
	}
	bad(Stated{}, 8, 6, false, "mean, scale, channel order", true)
	bad(Stated{}, 8, 6, true, "channel order", true)
	bad(Stated{Preset: "unit"}, 0, 6, false, "--input-size", true)
	bad(Stated{Mean: mean, Scale: scale}, 8, 6, false, "channel order", true)
	bad(Stated{Preset: "vgg"}, 8, 6, false, "there are bytes, caffe", false)
	bad(Stated{Preset: "unit", ShortSide: 5}, 8, 6, false, "does not cover", false)
	bad(Stated{Preset: "unit", Fit: "tile"}, 8, 6, false, `unknown fit "tile"`, false)
	bad(Stated{Preset: "unit", Order: "GBR"}, 8, 6, false, "must be RGB or BGR", false)
}

func TestStatedOver(t *testing.T) {
	mean := &[3]float32{1, 2, 3}
	base := Stated{Preset: "caffe", Order: "RGB", Mean: mean, ShortSide: 9, Width: 8, Height: 8, Fit: frame.FitSquash}
	if got, want := (Stated{Preset: "unit", Width: 4, Height: 4}).Over(base), (Stated{Preset: "unit", Width: 4, Height: 4, Fit: frame.FitSquash}); got != want {
		t.Errorf("%+v", got)
	}
	if got := (Stated{}).Over(base); got != base {
		t.Errorf("%+v", got)
	}
	if got := (Stated{Order: "BGR"}).Over(base); got.Order != "BGR" || got.Mean != mean {
		t.Errorf("%+v", got)
	}
}
