package perturb

import (
	"context"
	"errors"
	"image"
	"testing"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer/infertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeSource holds pictures in memory; an error stands for a damaged file.
type fakeSource struct {
	names   []string
	pics    []frame.Picture
	errs    map[int]error
	classes []int32
}

func (s *fakeSource) Len() int          { return len(s.names) }
func (s *fakeSource) Name(i int) string { return s.names[i] }
func (s *fakeSource) Class(i int) int32 {
	if s.classes == nil {
		return -1
	}
	return s.classes[i]
}

func (s *fakeSource) Load(_ context.Context, i int) (frame.Picture, error) {
	if err := s.errs[i]; err != nil {
		return frame.Picture{}, err
	}
	return s.pics[i], nil
}

func (s *fakeSource) add(name string, p frame.Picture) {
	s.names, s.pics = append(s.names, name), append(s.pics, p)
}

// drawn is a picture whose pixels a function decides, all channels alike.
func drawn(w, h int, at func(x, y int) byte) frame.Picture {
	p := newPicture(w, h)
	for y := range h {
		for x := range w {
			v := at(x, y)
			copy(p.Pix[3*(y*w+x):], []byte{v, v, v})
		}
	}
	return p
}

func noise(x, y int) byte { return byte(x*x*7 + y*y*13 + x*y*5 + x ^ y*3) }

const side = 64 // of the fake models' pictures

// fakeLab has a classifier of ten classes that answers by a script.
func fakeLab(t *testing.T, sessions int, script infertest.Script) *Lab {
	t.Helper()
	c := infertest.New(infertest.Config{Width: side, Height: side, Sessions: sessions, Script: script})
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Lab{Classifier: c}
}

// sure makes class k certain, with a descending rest so that the top 5 are
// known: k and the four that follow it.
func sure(probs []float32, k int) {
	for i := range probs {
		probs[(k+i)%len(probs)] = []float32{.8, .08, .05, .03, .02, .01, .004, .003, .002, .001}[i]
	}
}

// byMean thresholds mean brightness.
func byMean(_ *frame.Frame, p frame.Picture, probs []float32) error {
	sum := 0
	for _, b := range p.Pix {
		sum += int(b)
	}
	k := 0
	if sum > 20*len(p.Pix) {
		k = 5
	}
	sure(probs, k)
	return nil
}

// byParity reads the lowest bit of the pixel in the middle.
func byParity(_ *frame.Frame, p frame.Picture, probs []float32) error {
	sure(probs, 5*int(p.Pix[3*(side/2*side+side/2)]&1))
	return nil
}

// byEvery reads every s-th pixel, in both directions.
func byEvery(s int) infertest.Script {
	return func(_ *frame.Frame, p frame.Picture, probs []float32) error {
		sum := 0
		for y := 0; y < p.Height; y += s {
			for x := 0; x < p.Width; x += s {
				sum += int(p.Pix[3*(y*p.Width+x)])
			}
		}
		sure(probs, sum%len(probs))
		return nil
	}
}

func small(t Translation) Translation {
	t.From, t.To, t.Short, t.Background, t.Filter = -20, 20, 20, Black, "pillow-nearest"
	return t
}

func chains(t *testing.T, lab *Lab, src Source, boxes func(int) []Box, s Translation) ([]Chain, *Outcome[Moved]) {
	t.Helper()
	out, err := Translate(t.Context(), lab, src, boxes, s)
	if err != nil {
		t.Fatal(err)
	}
	var all []Chain
	for _, r := range out.Records {
		all = append(all, r.Chains...)
	}
	return all, out
}

var errDamaged = errors.New("it is damaged")

func at(x, y int) image.Point { return image.Pt(x, y) }
