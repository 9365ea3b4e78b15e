package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

// fineWindows is how many windowed measures of a stream of labels are told
// before their step doubles: its length isn't known beforehand, and what
// tells of it has no more room anyway.
const fineWindows = 2048

// Labels moves one stream of observations that were made elsewhere to
// recorders and listeners, as Stream does with its own. One goroutine uses
// it.
type Labels struct {
	follow  *follower
	began   time.Time
	timed   bool // began is known
	start   time.Time
	prev    [stability.TopK]stability.Ranked // of the last picture
	prevN   int
	windows int
	flips   int64
}

// NewLabels prepares a stream. The caller closes the recorders. Where
// cfg.Began is zero, events carry no wall clock.
func NewLabels(cfg Config, recorders []event.Recorder, listeners []event.Listener) (*Labels, error) {
	if err := cfg.Tracker.Validate(); err != nil {
		return nil, fmt.Errorf("stream %s: %w", cfg.Stream, err)
	}
	return &Labels{follow: newFollower(cfg, recorders, listeners), began: cfg.Began, timed: !cfg.Began.IsZero(), start: time.Now()}, nil
}

// Observe takes the stream's next observation, which the caller may change
// afterwards.
func (l *Labels) Observe(ctx context.Context, o *stability.Observation) error {
	return l.ObserveAll(ctx, o, nil)
}

// ObserveAll is Observe with the probabilities of all classes, for the
// smoothers that need them; nil where they are not known.
func (l *Labels) ObserveAll(ctx context.Context, o *stability.Observation, probs []float32) error {
	at := l.began
	if l.timed {
		at = at.Add(o.PTS)
	}
	return l.observe(ctx, o, probs, at, false)
}

// observe is ObserveAll with the wall clock; held is that of the event.
func (l *Labels) observe(ctx context.Context, o *stability.Observation, probs []float32, at time.Time, held bool) error {
	ev := l.follow.track(o, probs, at)
	ev.Held = held
	if ev.Flip {
		ev.PrevTop = l.prev[:l.prevN]
		l.flips++
	}
	if err := l.follow.send(ctx); err != nil {
		return err
	}
	if !o.Repeat && o.N+l.prevN > 0 {
		l.prev, l.prevN = o.Top, o.N
	}
	if !l.follow.windowsAreDue(o) {
		return nil
	}
	if l.windows++; l.windows%fineWindows == 0 {
		l.follow.cfg.WindowStep *= 2
	}
	return l.follow.sendWindows(ctx, false)
}

// Flips is how often the label flipped so far.
func (l *Labels) Flips() int64 { return l.flips }

// Finish tells what is known only at the stream's end and sums it up.
// Ending is nil where the stream was read to its end, else why it was not.
func (l *Labels) Finish(ctx context.Context, ending error) (*Result, error) {
	if err := l.follow.finish(ctx); err != nil {
		return nil, err
	}
	stream := l.follow.tracker.Result(l.follow.cfg.Stream)
	return &Result{
		Summary: stream.Summary, Stream: stream, Smoothing: l.follow.smoothing, Truth: l.follow.truth(),
		Complete: ending == nil, Ending: ending,
		Elapsed: time.Since(l.start),
	}, nil
}
