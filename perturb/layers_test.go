package perturb

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/infertest"
)

// tapped answers with logits that a function computes.
type tapped struct {
	*infertest.Fake
	means func(p frame.Picture) []float32
}

func (t *tapped) Classify(_ context.Context, f *frame.Frame, picture int, out *infer.Prediction) error {
	if out.Logits == nil {
		return errors.New("nobody asks for the logits")
	}
	out.Logits = append(out.Logits[:0], t.means(f.Pictures[picture])...)
	out.Probs = out.Probs[:0]
	return nil
}

// every is the mean of every s-th row's brightness over the whole map.
func every(p frame.Picture, s, first int) float32 {
	sum, n := 0, 0
	for y := first; y < p.Height; y += s {
		for x := range p.Width {
			sum += int(p.Pix[3*(y*p.Width+x)])
		}
		n += p.Width
	}
	return float32(float64(sum) / float64(n))
}

// TestLayersOfSubsamplers: the sum over all pixels does not know of shifts; a
// map that reads every second row of a picture with one bright row is on at
// half of the shifts, so that every sum is off the mean by all of it; one that
// reads every fourth is on at a quarter of them.
func TestLayersOfSubsamplers(t *testing.T) {
	src := &fakeSource{errs: map[int]error{1: errDamaged}}
	src.add("row", drawn(20, 20, func(_, y int) byte {
		if y == 7 {
			return 200
		}
		return 0
	}))
	src.add("damaged", frame.Picture{})
	c := &tapped{infertest.New(infertest.Config{Width: side, Height: side, Sessions: 2}), func(p frame.Picture) []float32 {
		return []float32{
			every(p, 1, 0), 0, // shiftable, and silent
			every(p, 2, 0), every(p, 1, 0), // half of the maps
			every(p, 4, 1), every(p, 4, 2), every(p, 4, 3), -5, // three that are on in turn
		}
	}}
	t.Cleanup(func() { _ = c.Close() })
	layers := []Layer{{"one", 2, side, side, 1}, {"two", 2, 32, 64, 2}, {"four", 4, 16, 64, 4}}
	s := small(DefaultTranslation(Sweep))
	s.From, s.To = -16, 15 // 32 shifts: whole periods
	out, err := Layers(t.Context(), &Lab{Classifier: c}, src, layers, s)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Records) != 1 || len(out.LeftOut) != 1 {
		t.Fatalf("%d records", len(out.Records))
	}
	got := MeasureLayers(out.Records, layers)
	for i, want := range []struct {
		off, silent float64
		copies      int
	}{{0, .5, 1}, {.5, 0, 4}, {1, .25, 16}} {
		if g := got[i]; g.Off.Value != want.off || math.Abs(g.Silent-want.silent) > 1e-12 || g.Copies != want.copies {
			t.Errorf("%s: %v off, %v silent, %d copies; want %+v", g.Name, g.Off.Value, g.Silent, g.Copies, want)
		}
	}
}

// TestOffByAFifth: the limit itself is not off.
func TestOffByAFifth(t *testing.T) {
	for _, c := range []struct {
		sums []float32
		off  int
	}{{[]float32{8, 10, 12}, 0}, {[]float32{7.9, 10, 12.1}, 2}, {[]float32{10, 10}, 0}, {[]float32{0, 0}, 0}} {
		var answers [][]float32
		for _, s := range c.sums {
			answers = append(answers, []float32{s})
		}
		if got := countOff(answers, 0, Layer{Maps: 1, Height: 1, Width: 1}); got.Off != c.off {
			t.Errorf("%v: %+v", c.sums, got)
		}
	}
}
