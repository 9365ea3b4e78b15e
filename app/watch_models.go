package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/web/metrics"
)

// OpenModel opens a classifier. Whoever called it closes it.
type OpenModel func(ctx context.Context, m configs.Model) (infer.Classifier, error)

// openModel is the OpenModel for ONNX files.
func openModel(home string, log *slog.Logger) OpenModel {
	return func(ctx context.Context, m configs.Model) (infer.Classifier, error) {
		path, why, err := findModel(home, m.Name)
		if err != nil {
			return nil, err
		}
		if why != "" {
			log.Info("model chosen", "why", why)
		}
		o := &AnalyzeOptions{Home: home}
		o.useModel(&m)
		c := &closingClassifier{}
		c.Classifier, err = openClassifier(ctx, o, path, &c.clean, log)
		if errors.Is(err, infer.ErrUnstated) {
			err = fmt.Errorf("%w (here, these options are the keys preprocess, input_size, layout, emits and labels of model)", err)
		}
		if err != nil {
			return nil, errors.Join(err, c.clean.run())
		}
		for _, note := range modelNotes(c.Model()) {
			log.Warn("the model leaves something open", "note", note)
		}
		return c, nil
	}
}

// closingClassifier closes all that was opened for it.
type closingClassifier struct {
	infer.Classifier
	clean cleanups
}

func (c *closingClassifier) Close() error { return c.clean.run() }

func (c *closingClassifier) Stats() infer.Stats {
	if s, ok := c.Classifier.(interface{ Stats() infer.Stats }); ok {
		return s.Stats()
	}
	return infer.Stats{}
}

// modelTimeout bounds the opening of a model: TensorRT may build an engine
// first, which takes minutes.
const modelTimeout = 15 * time.Minute

// models shares classifiers between cameras: one for each way to run a
// model. The last camera that lets go of one closes it.
type models struct {
	open    OpenModel
	now     func() time.Time
	metrics *metrics.Metrics
	log     *slog.Logger
	opening sync.WaitGroup

	mu   sync.Mutex // not held while a model opens or closes, which takes long
	used map[configs.Model]*sharedModel
	gone infer.Stats // of those that were closed
}

// sharedModel is a classifier that several cameras use, once it is open.
type sharedModel struct {
	infer.Classifier
	key     configs.Model
	now     func() time.Time
	users   int
	metrics *metrics.Metrics
	opened  chan struct{} // closed when it is open, or can't be
	err     error         // why not; to be read after that
}

// acquire shares a model, which it begins to open unless that has happened:
// wait for opened. It must be released, even if it can't be opened.
func (p *models) acquire(ctx context.Context, key configs.Model) *sharedModel {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.used[key]
	if m == nil {
		m = &sharedModel{key: key, now: p.now, metrics: p.metrics, opened: make(chan struct{})}
		p.used[key] = m
		p.opening.Go(func() { p.begin(ctx, m) })
	}
	m.users++
	return m
}

// begin opens a model.
func (p *models) begin(ctx context.Context, m *sharedModel) {
	c, err := p.open(ctx, m.key)
	p.mu.Lock()
	defer p.mu.Unlock()
	defer close(m.opened)
	switch {
	case err != nil:
		m.err = err
		if p.used[m.key] == m { // the next camera tries anew
			delete(p.used, m.key)
		}
	case m.users == 0: // nobody waited so long
		if err := c.Close(); err != nil {
			p.log.Warn("close a model that was opened too late", "error", err)
		}
	default:
		m.Classifier = c
		p.tell(m, true)
	}
}

// release lets go of a model.
func (p *models) release(m *sharedModel) error {
	p.mu.Lock()
	m.users--
	if m.users > 0 || m.Classifier == nil {
		if m.users == 0 && p.used[m.key] == m { // begin closes it
			delete(p.used, m.key)
		}
		p.mu.Unlock()
		return nil
	}
	delete(p.used, m.key)
	p.tell(m, false)
	addStats(&p.gone, m.stats())
	p.mu.Unlock()
	if err := m.Close(); err != nil {
		return fmt.Errorf("close the model %s: %w", m.Model().Name, err)
	}
	return nil
}

// wait waits for models that nobody wants any more and that are still being
// opened.
func (p *models) wait() error {
	p.opening.Wait()
	return nil
}

func (p *models) tell(m *sharedModel, loaded bool) {
	info := m.Model()
	p.metrics.Model(info.Name, info.SHA256, info.Provider, info.Precision, info.Runtime, loaded)
}

// inference sums what all models did.
func (p *models) inference() metrics.Inference {
	p.mu.Lock()
	defer p.mu.Unlock()
	sum := p.gone
	for _, m := range p.used {
		addStats(&sum, m.stats())
	}
	return metrics.Inference{Batches: sum.Batches, Frames: sum.Frames, Busy: sum.Busy}
}

// stats is what the classifier did, with a run for each frame where it does not
// say otherwise. It is nothing before it is open.
func (m *sharedModel) stats() infer.Stats {
	s, ok := m.Classifier.(interface{ Stats() infer.Stats })
	if !ok {
		return infer.Stats{}
	}
	st := s.Stats()
	if st.Batches == 0 {
		st.Batches = st.Frames
	}
	return st
}

func addStats(sum *infer.Stats, st infer.Stats) {
	sum.Frames += st.Frames
	sum.Batches += st.Batches
	sum.Busy += st.Busy
}

// Classify measures how long a frame waited for it, and how long it took.
func (m *sharedModel) Classify(ctx context.Context, f *frame.Frame, picture int, out *infer.Prediction) error {
	start := m.now()
	if !f.CapturedAt.IsZero() {
		m.metrics.Stage("wait", max(start.Sub(f.CapturedAt), 0))
	}
	err := m.Classifier.Classify(ctx, f, picture, out)
	m.metrics.Stage("classify", m.now().Sub(start))
	return err
}
