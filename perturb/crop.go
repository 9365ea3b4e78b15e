package perturb

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"

	"github.com/flipmeter/flipmeter/frame"
)

// cropMargin is how much larger than the model's input the picture is that
// crops are taken of: 234 for 224. cropSteps crops of it go from (0, 0) to
// (8, 8): eight pairs.
const (
	cropMargin = 10
	cropSteps  = 9
)

// crop takes a random part of the picture, as training does, and diagonal
// neighbours among its crops.
func (t *translation) crop(p frame.Picture, rng *rand.Rand) error {
	for i := range t.Repeats {
		part := randomPart(p.Width, p.Height, t.Area, rng)
		big, err := resize(p, part, t.w+cropMargin, t.h+cropMargin, t.Filter)
		if err != nil {
			return err
		}
		s := &stage{canvas: big, w: t.w, h: t.h}
		u := t.Direction.unit()
		list := make([]image.Point, cropSteps)
		for c := range list {
			list[c] = u.Mul(-c) // a crop further right moves the content left
		}
		name := ""
		if t.Repeats > 1 {
			name = fmt.Sprint(i + 1)
		}
		t.add(name, list, s.render)
	}
	return nil
}

// randomPart is what RandomResizedCrop takes (Szegedy et al. 2015, as
// torchvision has it): a rectangle of the given share of the picture's area,
// its aspect ratio between 3/4 and 4/3 and uniform in the logarithm, at a
// random place. Where ten tries don't fit, it is the largest rectangle in
// the middle whose aspect ratio is allowed.
func randomPart(w, h int, share float64, rng *rand.Rand) image.Rectangle {
	const tries, narrow, wide = 10, 3.0 / 4, 4.0 / 3
	for range tries {
		ratio := math.Exp(math.Log(narrow) + rng.Float64()*(math.Log(wide)-math.Log(narrow)))
		area := float64(w) * float64(h) * share
		pw, ph := int(math.Round(math.Sqrt(area*ratio))), int(math.Round(math.Sqrt(area/ratio)))
		if pw < 1 || ph < 1 || pw > w || ph > h {
			continue
		}
		x, y := rng.IntN(w-pw+1), rng.IntN(h-ph+1)
		return image.Rect(x, y, x+pw, y+ph)
	}
	pw, ph := w, h
	switch ratio := float64(w) / float64(h); {
	case ratio < narrow:
		ph = int(math.Round(float64(w) / narrow))
	case ratio > wide:
		pw = int(math.Round(float64(h) * wide))
	}
	return middle(image.Rect(0, 0, w, h), pw, ph)
}

// bbox moves a window of the model's size over the original pixels, centred
// on each annotated object. Shifts that would show what lies outside of the
// picture are left out; a box with fewer than two left is left out whole.
func (t *translation) bbox(p frame.Picture, boxes []Box) error {
	if len(boxes) == 0 {
		return skip("no boxes are annotated")
	}
	if p.Width < t.w || p.Height < t.h {
		return skip("%d×%d pixels are less than the model's %d×%d, and nothing is enlarged here", p.Width, p.Height, t.w, t.h)
	}
	p = cutOut(p, whole(p)) // the source reuses its pixels
	for i, b := range boxes {
		name := fmt.Sprintf("%s %d", b.Class, i+1)
		drop := func(format string, args ...any) {
			t.leftOut = append(t.leftOut, LeftOut{t.picture + ": box " + name, fmt.Sprintf(format, args...)})
		}
		r := b.Rect.Intersect(whole(p))
		switch {
		case b.Width > 0 && (b.Width != p.Width || b.Height != p.Height):
			drop("the annotations are for %d×%d pixels, the picture has %d×%d", b.Width, b.Height, p.Width, p.Height)
			continue
		case r.Empty():
			drop("it lies outside of the picture")
			continue
		}
		corner := image.Pt((r.Min.X+r.Max.X-t.w)/2, (r.Min.Y+r.Max.Y-t.h)/2)
		var inside []image.Point
		for _, s := range shifts(t.Direction, t.From, t.To) {
			at := corner.Sub(s)
			if image.Rect(at.X, at.Y, at.X+t.w, at.Y+t.h).In(whole(p)) {
				inside = append(inside, s)
			}
		}
		if len(inside) < 2 {
			drop("a window of %d×%d around it can't be moved inside of the picture", t.w, t.h)
			continue
		}
		s := &stage{canvas: p, origin: corner, w: t.w, h: t.h}
		t.add(name, inside, s.render)
	}
	if len(t.plans) == 0 {
		if len(boxes) == 1 {
			return skip("its box can't be used: %s", t.leftOut[0].Why)
		}
		return skip("none of its %d boxes can be used; the first: %s", len(boxes), t.leftOut[0].Why)
	}
	return nil
}
