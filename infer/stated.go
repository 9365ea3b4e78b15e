package infer

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/flipmeter/flipmeter/frame"
)

// Stated is what somebody says about how pictures are prepared for a model
// that does not say it itself: a preset, parts that go before the preset's,
// or both. Empty parts are not stated.
type Stated struct {
	Preset        string // see Presets
	Width, Height int    // of the input, in pixels; needed only where the network takes any
	// ShortSide is what the shorter side is scaled to before the centre
	// crop; −1 is none. 0: by the preset.
	ShortSide   int
	Fit         frame.Fit    // empty: crop
	Filter      frame.Filter // empty: area, which anti-aliases
	Order       string       // RGB or BGR
	Mean, Scale *[3]float32  // value = (byte − Mean) / Scale, in Order
}

// preset is a family of networks that were trained with the same arithmetic.
type preset struct {
	order       string
	mean, scale [3]float32
	about       string
	shortSide   func(size int) int
}

// presets are the arithmetics that nearly all published classifiers use. The
// short side is that of the usual evaluation: the crop keeps 0.875 of it.
var presets = map[string]preset{
	"imagenet":  {"RGB", [3]float32{123.675, 116.28, 103.53}, [3]float32{58.395, 57.12, 57.375}, "torchvision and most of timm: ImageNet's mean and deviation", eighths},
	"inception": {"RGB", [3]float32{127.5, 127.5, 127.5}, [3]float32{127.5, 127.5, 127.5}, "TensorFlow's slim and Keras' Inception, Xception, MobileNet: −1 to 1", eighths},
	"caffe":     {"BGR", [3]float32{103.939, 116.779, 123.68}, [3]float32{1, 1, 1}, "Caffe and Keras' VGG and ResNet: BGR, the mean taken away", eighths},
	"lite":      {"RGB", [3]float32{127, 127, 127}, [3]float32{128, 128, 128}, "EfficientNet-Lite", func(size int) int { return size + 32 }},
	"unit":      {"RGB", [3]float32{}, [3]float32{255, 255, 255}, "0 to 1", eighths},
	"bytes":     {"RGB", [3]float32{}, [3]float32{1, 1, 1}, "0 to 255: the network does its arithmetic itself", eighths},
}

func eighths(size int) int { return size * 8 / 7 }

// Presets are the names that Stated.Preset may have, each with a few words of
// what it is for.
func Presets() map[string]string {
	out := make(map[string]string, len(presets))
	for name, p := range presets {
		out[name] = p.about
	}
	return out
}

// PresetNames lists them in order.
func PresetNames() []string { return slices.Sorted(maps.Keys(presets)) }

// Nothing says that nothing is stated.
func (s Stated) Nothing() bool { return s == Stated{} }

// Over puts what s states over what base does. A preset replaces all the
// arithmetic of the base.
func (s Stated) Over(base Stated) Stated {
	if s.Preset != "" {
		base.Preset, base.Order, base.Mean, base.Scale, base.ShortSide = s.Preset, "", nil, nil, 0
	}
	base.Width, base.Height = cmp.Or(s.Width, base.Width), cmp.Or(s.Height, base.Height)
	base.ShortSide = cmp.Or(s.ShortSide, base.ShortSide)
	base.Fit, base.Filter, base.Order = cmp.Or(s.Fit, base.Fit), cmp.Or(s.Filter, base.Filter), cmp.Or(s.Order, base.Order)
	base.Mean, base.Scale = cmp.Or(s.Mean, base.Mean), cmp.Or(s.Scale, base.Scale)
	return base
}

// ErrUnstated marks errors that ask for what neither a model nor anybody says.
var ErrUnstated = errors.New("not known")

// Unstated makes an error that asks for something; it is ErrUnstated.
func Unstated(format string, args ...any) error {
	return unstatedError{fmt.Errorf(format, args...)}
}

type unstatedError struct{ error }

func (unstatedError) Is(target error) bool { return target == ErrUnstated }

// Resolve makes the preprocessing for a network whose input has the given
// width and height, 0 where it takes any, and takes bytes or floating-point
// numbers. The error names everything that is missing.
func (s Stated) Resolve(width, height int, bytes bool) (Preprocessing, error) {
	p := Preprocessing{Fit: s.Fit, Filter: s.Filter, Order: s.Order, Width: s.Width, Height: s.Height}
	if p.Fit == "" {
		p.Fit = frame.FitCrop
	}
	if p.Filter == "" {
		p.Filter = frame.FilterArea
	}
	if p.Width == 0 {
		p.Width = width
	}
	if p.Height == 0 {
		p.Height = height
	}
	shortSide := func(int) int { return 0 }
	if s.Preset != "" {
		known, ok := presets[s.Preset]
		if !ok {
			return p, fmt.Errorf("preprocessing: no preset %.40q: there are %s", s.Preset, strings.Join(PresetNames(), ", "))
		}
		if p.Order == "" {
			p.Order = known.order
		}
		p.Mean, p.Scale = inOrder(known.mean, known.order, p.Order), inOrder(known.scale, known.order, p.Order)
		shortSide = known.shortSide
	}
	if s.Mean != nil {
		p.Mean = *s.Mean
	}
	if s.Scale != nil {
		p.Scale = *s.Scale
	}
	if err := s.missing(p, bytes); err != nil {
		return p, err
	}
	if bytes && s.Mean == nil && s.Scale == nil && s.Preset == "" {
		p.Scale = [3]float32{1, 1, 1}
	}
	switch {
	case p.Fit != frame.FitCrop, s.ShortSide < 0:
	case s.ShortSide > 0:
		p.ShortSide = s.ShortSide
	default:
		p.ShortSide = shortSide(min(p.Width, p.Height))
	}
	if p.ShortSide > 0 && p.ShortSide < min(p.Width, p.Height) {
		return p, fmt.Errorf("preprocessing: a short side of %d does not cover an input of %d×%d", p.ShortSide, p.Width, p.Height)
	}
	return p, p.Validate()
}

// missing asks for all that neither the network nor anybody says.
func (s Stated) missing(p Preprocessing, bytes bool) error {
	var lacks []string
	if s.Preset == "" && !bytes {
		if s.Mean == nil {
			lacks = append(lacks, "mean")
		}
		if s.Scale == nil {
			lacks = append(lacks, "scale")
		}
	}
	if p.Order == "" {
		lacks = append(lacks, "channel order")
	}
	var ask []string
	if len(lacks) > 0 {
		which := strings.Join(PresetNames(), ", ")
		if bytes {
			which = "bytes, or order: RGB or BGR in the sidecar file"
		}
		ask = append(ask, fmt.Sprintf("%s (--preprocess %s)", strings.Join(lacks, ", "), which))
	}
	if p.Width == 0 || p.Height == 0 {
		ask = append(ask, "the size of its input, which may be any (--input-size 224, or WIDTHxHEIGHT)")
	}
	if len(ask) == 0 {
		return nil
	}
	return Unstated("preprocessing: not known: %s", strings.Join(ask, "; "))
}

// inOrder turns channel values from one order to another.
func inOrder(v [3]float32, from, to string) [3]float32 {
	if from == to {
		return v
	}
	return [3]float32{v[2], v[1], v[0]}
}
