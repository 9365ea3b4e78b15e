// Package infertest has a scripted classifier for tests that want labels and
// no network, and the suite that every classifier passes.
package infertest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
)

// Script says how sure the classifier is of what: it fills probs, which is
// all zero, for picture p of a frame. Several goroutines may call it at once.
type Script func(f *frame.Frame, p frame.Picture, probs []float32) error

// Config describes a scripted classifier. Zero fields take their defaults.
type Config struct {
	Labels   []string // default: class 0, class 1, … class 9
	Width    int      // of the wanted picture, in pixels; default 8
	Height   int      // default 8
	Sessions int      // default 1
	Script   Script   // default ByBrightness
	// Delay is how long a frame takes; nil is no time at all.
	Delay func(f *frame.Frame) time.Duration
}

// Fake is a classifier that answers as its script says. Make it with New.
type Fake struct {
	script Script
	delay  func(f *frame.Frame) time.Duration
	model  infer.ModelInfo
	turns  chan struct{} // holds one for each frame that runs
	closed chan struct{}

	mu     sync.Mutex
	gone   bool
	active sync.WaitGroup
}

// New makes a scripted classifier.
func New(cfg Config) *Fake {
	if len(cfg.Labels) == 0 {
		for i := range 10 {
			cfg.Labels = append(cfg.Labels, "class "+strconv.Itoa(i))
		}
	}
	if cfg.Script == nil {
		cfg.Script = ByBrightness
	}
	return &Fake{
		script: cfg.Script, delay: cfg.Delay,
		turns: make(chan struct{}, orElse(cfg.Sessions, 1)), closed: make(chan struct{}),
		model: infer.ModelInfo{
			Name: "scripted", SHA256: strings.Repeat("0", 64), Labels: cfg.Labels,
			Output: infer.OutputProbabilities, Provider: "none", Precision: "fp32", Runtime: "scripted",
			Preprocessing: infer.Preprocessing{
				Width: orElse(cfg.Width, 8), Height: orElse(cfg.Height, 8), Fit: frame.FitSquash,
				Filter: frame.FilterArea, Order: "RGB", Scale: [3]float32{1, 1, 1},
			},
		},
	}
}

// Model implements [infer.Classifier].
func (c *Fake) Model() *infer.ModelInfo { return &c.model }

// Parallel implements [infer.Classifier].
func (c *Fake) Parallel() int { return cap(c.turns) }

// Classify implements [infer.Classifier].
func (c *Fake) Classify(ctx context.Context, f *frame.Frame, picture int, out *infer.Prediction) error {
	p, err := infer.PictureFor(f, picture, c.model.Want())
	if err != nil {
		return err
	}
	if err := c.enter(ctx); err != nil {
		return err
	}
	defer c.active.Done()
	select {
	case c.turns <- struct{}{}:
		defer func() { <-c.turns }()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.closed:
		return infer.ErrClosed
	}
	if c.delay != nil {
		time.Sleep(c.delay(f))
	}
	out.Probs = append(out.Probs[:0], make([]float32, len(c.model.Labels))...)
	if out.Logits != nil {
		out.Logits = out.Logits[:0]
	}
	if err := c.script(f, p, out.Probs); err != nil {
		return fmt.Errorf("classify frame %d: %w", f.Seq, err)
	}
	return nil
}

func (c *Fake) enter(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return infer.ErrClosed
	}
	c.active.Add(1)
	return nil
}

// Close implements [infer.Classifier].
func (c *Fake) Close() error {
	c.mu.Lock()
	if !c.gone {
		c.gone = true
		close(c.closed)
	}
	c.mu.Unlock()
	c.active.Wait()
	return nil
}

func orElse(v, other int) int {
	if v == 0 {
		return other
	}
	return v
}
