package labelmap

import (
	"context"
	"sync"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
)

// Classifier answers in the labels of a map. It is as safe for concurrent
// use as what it wraps, which it owns.
type Classifier struct {
	inner infer.Classifier
	bound *Bound
	pool  sync.Pool // of predictions of the inner classifier
}

// Wrap makes a classifier that answers in the labels of m.
func Wrap(c infer.Classifier, m *Map) (*Classifier, error) {
	bound, err := m.Bind(c.Model().Labels, c.Model().WNIDs)
	if err != nil {
		return nil, err
	}
	w := &Classifier{inner: c, bound: bound}
	w.pool.New = func() any { return new(infer.Prediction) }
	return w, nil
}

// Classify is as infer.Classifier says. Logits are not given: a group has
// none.
func (w *Classifier) Classify(ctx context.Context, f *frame.Frame, picture int, out *infer.Prediction) error {
	p := w.pool.Get().(*infer.Prediction)
	defer w.pool.Put(p)
	if err := w.inner.Classify(ctx, f, picture, p); err != nil {
		return err
	}
	n := len(w.bound.Names)
	if cap(out.Probs) < n {
		out.Probs = make([]float32, n)
	}
	out.Probs = out.Probs[:n]
	w.bound.Apply(p.Probs, out.Probs)
	out.Logits = out.Logits[:0]
	return nil
}

// Model is the inner model's, with the map's labels.
func (w *Classifier) Model() *infer.ModelInfo {
	m := *w.inner.Model() // the first frame may have told what its output is
	m.Labels, m.WNIDs = w.bound.Names, w.bound.WNIDs
	return &m
}

// Parallel is the inner classifier's.
func (w *Classifier) Parallel() int { return w.inner.Parallel() }

// Stats are the inner classifier's, zero where it keeps none.
func (w *Classifier) Stats() infer.Stats {
	if s, ok := w.inner.(interface{ Stats() infer.Stats }); ok {
		return s.Stats()
	}
	return infer.Stats{}
}

// Close closes the inner classifier.
func (w *Classifier) Close() error { return w.inner.Close() }
