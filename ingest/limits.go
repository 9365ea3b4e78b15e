package ingest

import (
	"context"
	"fmt"
	"reflect"
	"time"
)

// The time of a read is bounded with objects that serve one read after
// another: a thousand cameras that made a context and three timers for each
// frame would mostly make garbage. Each such object serves on only where its
// timer was stopped before it fired. One that has fired is left to its timer's
// goroutine, which may be late and can then reach no later read.

// deadline is a context that ends where a read takes long.
type deadline struct {
	parent context.Context // nil where it can't be compared: never used again
	ctx    context.Context
	cancel context.CancelCauseFunc
	after  time.Duration
	timer  *time.Timer
}

func newDeadline(parent context.Context, after time.Duration) *deadline {
	d := &deadline{after: after}
	if reflect.ValueOf(parent).Comparable() {
		d.parent = parent
	}
	d.ctx, d.cancel = context.WithCancelCause(parent)
	d.timer = time.AfterFunc(after, d.expire)
	return d
}

func (d *deadline) expire() {
	d.cancel(WithCause(CauseTimeout, fmt.Errorf("no frame within %v", d.after)))
}

// beginDeadline gives the context of a read that begins now.
func (r *Reader) beginDeadline(parent context.Context) context.Context {
	if r.cfg.ReadTimeout <= 0 {
		return parent
	}
	if r.deadline != nil && r.deadline.parent != parent {
		r.dropDeadline()
	}
	if r.deadline == nil {
		r.deadline = newDeadline(parent, r.cfg.ReadTimeout)
	} else {
		r.deadline.timer.Reset(r.cfg.ReadTimeout)
	}
	return r.deadline.ctx
}

// endDeadline tells that the read is over.
func (r *Reader) endDeadline() {
	if r.deadline != nil && !r.deadline.timer.Stop() {
		r.dropDeadline()
	}
}

// dropDeadline lets go of a context that no read uses.
func (r *Reader) dropDeadline() {
	if r.deadline != nil {
		r.deadline.cancel(nil)
		r.deadline = nil
	}
}

// silence says that a source is stalled where a read takes long.
type silence struct {
	timer *time.Timer
}

func (r *Reader) beginSilence() {
	if r.cfg.StallAfter <= 0 {
		return
	}
	anew := r.silence == nil
	if anew {
		r.silence = &silence{}
	}
	s := r.silence
	r.mu.Lock()
	r.reading = s
	r.mu.Unlock()
	if anew {
		s.timer = time.AfterFunc(r.cfg.StallAfter, func() { r.stalled(s) })
		return
	}
	s.timer.Reset(r.cfg.StallAfter)
}

func (r *Reader) endSilence() {
	if r.silence == nil {
		return
	}
	r.mu.Lock()
	r.reading = nil
	r.mu.Unlock()
	if !r.silence.timer.Stop() {
		r.silence = nil
		r.wary = heldBack
	}
}

// stalled is called, in a goroutine of its own, when a read takes long.
func (r *Reader) stalled(s *silence) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reading == s {
		r.setLocked(Status{State: StateStalled})
	}
}

// waiter waits again and again with one timer. The zero value is ready.
type waiter struct {
	timer *time.Timer
}

// wait returns nil after d, or the context's cause.
func (w *waiter) wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if w.timer == nil {
		w.timer = time.NewTimer(d)
	} else {
		w.timer.Reset(d)
	}
	select {
	case <-w.timer.C:
		return nil
	case <-ctx.Done():
		w.timer.Stop() // so that it does not outlive who waited
		return context.Cause(ctx)
	}
}
