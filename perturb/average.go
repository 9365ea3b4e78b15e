package perturb

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"slices"
	"sync"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
)

// Offsets are the n shifts that are nearest to none, which is the first; rows
// decide among equals.
func Offsets(n int) []image.Point {
	r := 0
	for (2*r+1)*(2*r+1) < n {
		r++
	}
	r += r/2 + 1 // the nearest n fill a disc, not a square
	var all []image.Point
	for y := -r; y <= r; y++ {
		for x := -r; x <= r; x++ {
			all = append(all, image.Pt(x, y))
		}
	}
	slices.SortStableFunc(all, func(a, b image.Point) int { return cmp.Compare(a.X*a.X+a.Y*a.Y, b.X*b.X+b.Y*b.Y) })
	return all[:n]
}

// MaxCopies bounds a mistyped number of copies: the paper's own bound for
// InceptionResNetV2 is 45².
const MaxCopies = 2025

// Averaged is a classifier that answers with the mean probabilities over n
// shifted copies of a picture (test-time augmentation). What a shift uncovers
// repeats the picture's edge. It costs n times as much as the classifier that
// it asks, which it closes with itself.
type Averaged struct {
	infer.Classifier
	shifts []image.Point
	spare  sync.Pool // of *copies

	mu    sync.Mutex
	inner *infer.ModelInfo // what info was made of
	info  *infer.ModelInfo
}

// copies is what one call needs.
type copies struct {
	frame frame.Frame
	got   infer.Prediction
	sum   []float64
}

// NewAveraged wraps a classifier; n is 1…MaxCopies.
func NewAveraged(c infer.Classifier, n int) (*Averaged, error) {
	if n < 1 || n > MaxCopies {
		return nil, fmt.Errorf("the number of copies to average must be between 1 and %d, got %d", MaxCopies, n)
	}
	return &Averaged{Classifier: c, shifts: Offsets(n)}, nil
}

// Model names the number of copies, so that results with different ones are
// not taken for comparable.
func (a *Averaged) Model() *infer.ModelInfo {
	m := a.Classifier.Model()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.inner != m {
		info := *m
		info.Name = fmt.Sprintf("%s, mean of %d shifted copies", m.Name, len(a.shifts))
		a.inner, a.info = m, &info
	}
	return a.info
}

// Stats are those of the classifier within, in whole pictures.
func (a *Averaged) Stats() infer.Stats {
	s, ok := a.Classifier.(interface{ Stats() infer.Stats })
	if !ok {
		return infer.Stats{}
	}
	st := s.Stats()
	st.Frames /= int64(len(a.shifts))
	return st
}

// Classify implements infer.Classifier. Logits are not kept: means of logits
// mean nothing.
func (a *Averaged) Classify(ctx context.Context, f *frame.Frame, picture int, out *infer.Prediction) error {
	p, err := infer.PictureFor(f, picture, a.Classifier.Model().Want())
	if err != nil {
		return err
	}
	c, _ := a.spare.Get().(*copies)
	if c == nil {
		c = &copies{frame: frame.Frame{Pictures: []frame.Picture{newPicture(p.Width, p.Height)}}}
	}
	defer a.spare.Put(c)
	c.frame.Stream, c.frame.Seq = f.Stream, f.Seq
	clear(c.sum)
	for i, by := range a.shifts {
		shiftRepeating(c.frame.Pictures[0], p, by)
		if err := a.Classifier.Classify(ctx, &c.frame, 0, &c.got); err != nil {
			return err
		}
		if i == 0 {
			c.sum = append(c.sum[:0], make([]float64, len(c.got.Probs))...)
		}
		for k, v := range c.got.Probs {
			c.sum[k] += float64(v)
		}
	}
	out.Probs = out.Probs[:0]
	for _, v := range c.sum {
		out.Probs = append(out.Probs, float32(v/float64(len(a.shifts))))
	}
	if out.Logits != nil {
		out.Logits = out.Logits[:0]
	}
	return nil
}

// shiftRepeating writes p shifted into dst of the same size; what is
// uncovered repeats the edge.
func shiftRepeating(dst, p frame.Picture, by image.Point) {
	w, h := p.Width, p.Height
	from, to := max(0, by.X), min(w, w+by.X) // columns of dst that p covers
	for y := range h {
		src := p.Pix[3*w*min(max(y-by.Y, 0), h-1):][:3*w]
		row := dst.Pix[3*w*y:][:3*w]
		if from < to {
			copy(row[3*from:3*to], src[3*(from-by.X):])
		}
		for x := 0; x < min(from, w); x++ {
			copy(row[3*x:3*x+3], src[:3])
		}
		for x := max(to, 0); x < w; x++ {
			copy(row[3*x:3*x+3], src[3*(w-1):])
		}
	}
}
