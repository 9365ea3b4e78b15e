package derive

import (
	"image"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
)

func crop(w, h, short int) frame.Want {
	return frame.Want{Width: w, Height: h, ShortSide: short, Fit: frame.FitCrop, Filter: frame.FilterArea}
}

func TestPlanKnown(t *testing.T) {
	for _, c := range []struct {
		w             frame.Want
		width, height int
		scaled        image.Point
		crop          image.Rectangle
		at            image.Point
	}{
		{crop(224, 224, 256), 768, 576, image.Pt(341, 256), image.Rect(58, 16, 282, 240), image.Point{}},
		{crop(224, 224, 256), 1280, 720, image.Pt(455, 256), image.Rect(115, 16, 339, 240), image.Point{}},
		{crop(224, 224, 256), 144, 176, image.Pt(256, 313), image.Rect(16, 44, 240, 268), image.Point{}},
		{crop(299, 299, 333), 640, 272, image.Pt(784, 333), image.Rect(242, 17, 541, 316), image.Point{}},
		{crop(224, 224, 0), 640, 272, image.Pt(527, 224), image.Rect(151, 0, 375, 224), image.Point{}},
		{crop(100, 300, 0), 200, 200, image.Pt(300, 300), image.Rect(100, 0, 200, 300), image.Point{}},
		{frame.Want{Width: 256, Fit: frame.FitSquash, Filter: "linear"}, 768, 576, image.Pt(256, 192), image.Rect(0, 0, 256, 192), image.Point{}},
		{frame.Want{Width: 100, Height: 100, Fit: frame.FitLetterbox, Filter: "linear"}, 768, 576, image.Pt(100, 75), image.Rect(0, 0, 100, 75), image.Pt(0, 12)},
		{frame.Want{Width: 100, Height: 100, Fit: frame.FitLetterbox, Filter: "linear"}, 576, 768, image.Pt(75, 100), image.Rect(0, 0, 75, 100), image.Pt(12, 0)},
	} {
		p, err := NewPlan(c.w, c.width, c.height)
		if err != nil {
			t.Errorf("%+v: %v", c.w, err)
			continue
		}
		if p.Scaled != c.scaled || p.Crop != c.crop || p.At != c.at {
			t.Errorf("%+v of %dx%d: scaled %v, crop %v, at %v; want %v, %v, %v", c.w, c.width, c.height, p.Scaled, p.Crop, p.At, c.scaled, c.crop, c.at)
		}
	}
	if _, err := NewPlan(crop(300, 200, 256), 256, 512); err == nil || !strings.Contains(err.Error(), "raise the short side") {
		t.Errorf("crop beyond the picture: %v", err)
	}
	if _, err := NewPlan(crop(300, 200, 256), 0, 512); err == nil {
		t.Error("a picture without width was planned")
	}
	for _, w := range []frame.Want{crop(224, 224, 256), {Width: 256, Fit: frame.FitSquash, Filter: "linear"}} {
		if _, err := NewPlan(w, 1, 30000); err == nil || !strings.Contains(err.Error(), "1x30000 are too narrow a strip") {
			t.Errorf("a strip: %v", err)
		}
	}
}

// TestPlanProperties: whatever the sizes, the crop lies within the scaled
// picture, in its middle, the result has the wanted size, and the aspect
// ratio is kept to half a pixel.
func TestPlanProperties(t *testing.T) {
	for range 20000 {
		w, h := 1+rand.IntN(4000), 1+rand.IntN(4000)
		want := frame.Want{Width: 1 + rand.IntN(400), Height: 1 + rand.IntN(400), Filter: frame.FilterArea,
			Fit: []frame.Fit{frame.FitCrop, frame.FitSquash, frame.FitLetterbox}[rand.IntN(3)]}
		if want.Fit == frame.FitCrop && rand.IntN(2) == 0 {
			want.ShortSide = max(want.Width, want.Height) + rand.IntN(50)
		}
		p, err := NewPlan(want, w, h)
		if err != nil && strings.Contains(err.Error(), "too narrow") {
			if side := max(w, h) * max(want.Width, want.Height, want.ShortSide) / min(w, h); side < maxSide/2 {
				t.Fatalf("%+v of %dx%d: %v", want, w, h, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%+v of %dx%d: %v", want, w, h, err)
		}
		if p.Width != want.Width || p.Height != want.Height {
			t.Fatalf("%+v of %dx%d: result of %dx%d", want, w, h, p.Width, p.Height)
		}
		if !p.Crop.In(image.Rectangle{Max: p.Scaled}) || p.Crop.Empty() {
			t.Fatalf("%+v of %dx%d: crop %v of %v", want, w, h, p.Crop, p.Scaled)
		}
		left, right := p.Crop.Min.X, p.Scaled.X-p.Crop.Max.X
		top, bottom := p.Crop.Min.Y, p.Scaled.Y-p.Crop.Max.Y
		if right-left < 0 || right-left > 1 || bottom-top < 0 || bottom-top > 1 {
			t.Fatalf("%+v of %dx%d: crop %v of %v is not in the middle", want, w, h, p.Crop, p.Scaled)
		}
		if p.At.X+p.Crop.Dx() > p.Width || p.At.Y+p.Crop.Dy() > p.Height {
			t.Fatalf("%+v of %dx%d: %v does not hold %v at %v", want, w, h, want, p.Crop, p.At)
		}
		if want.Fit != frame.FitSquash {
			x, y := float64(p.Scaled.X)/float64(w), float64(p.Scaled.Y)/float64(h)
			if s := math.Max(x, y); math.Abs(s*float64(w)-float64(p.Scaled.X)) > 0.5*math.Max(1, s)+1 && math.Abs(s*float64(h)-float64(p.Scaled.Y)) > 0.5*math.Max(1, s)+1 {
				t.Fatalf("%+v of %dx%d: scaled to %v", want, w, h, p.Scaled)
			}
		}
	}
}
