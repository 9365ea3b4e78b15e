// Package clocktest has a clock for tests, which does what real ones do now and
// then, and lets waits pass at once. It stops no timers and tells none: what
// ticks by itself goes on ticking in real time.
package clocktest

import (
	"context"
	"sync"
	"time"
	"unsafe"
)

// breather is what a wait of any length takes in truth, so that others get to
// run in between.
const breather = 5 * time.Millisecond

// Clock goes as the real one does until somebody steps it or waits by it. The
// zero value is ready; it is safe for any goroutine.
type Clock struct {
	mu    sync.Mutex
	step  time.Duration // of the wall clock
	ahead time.Duration // what waits have skipped
	hold  *hold
}

// hold is a moment behind which no wait leads before it is let go.
type hold struct {
	at      time.Duration
	reached chan struct{} // closed by the wait that reaches it
	begun   bool
	release chan struct{}
}

// Now is the time, with the wall clock as it was stepped and a monotonic
// reading, by which intervals are right.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Step(time.Now().Add(c.ahead), c.step)
}

// Step sets the wall clock on by d, or back; intervals don't change.
func (c *Clock) Step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.step += d
}

// Hold keeps waits from leading further than d in all. Reached is closed when
// one would, and is closed already if one did; release, called once, lets them
// go on.
func (c *Clock) Hold(d time.Duration) (reached <-chan struct{}, release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := &hold{at: d, reached: make(chan struct{}), release: make(chan struct{})}
	if c.ahead >= d {
		h.begin()
	}
	c.hold = h
	return h.reached, func() { close(h.release) }
}

func (h *hold) begin() {
	if !h.begun {
		h.begun = true
		close(h.reached)
	}
}

// Wait lets d pass, in hardly any time.
func (c *Clock) Wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	c.ahead += d
	h := c.hold
	if h != nil && c.ahead >= h.at {
		h.begin()
	} else {
		h = nil
	}
	c.mu.Unlock()
	if h != nil {
		select {
		case <-h.release:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	select {
	case <-time.After(breather):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Step gives a time as if the wall clock had been set on by d, whole seconds,
// before it was read: its monotonic reading stays, which no method of
// time.Time can do.
func Step(t time.Time, d time.Duration) time.Time {
	// As package time lays it out: the topmost bit of the first word says
	// that there is a monotonic reading, the 33 below are the seconds of the
	// wall clock, the last 30 nanoseconds. TestStep holds that it is so.
	const fraction = 30
	words := (*[2]uint64)(unsafe.Pointer(&t)) //nolint:gosec // see above
	if words[0]>>63 == 0 {
		panic("BUG: a time without a monotonic reading")
	}
	words[0] += uint64(d/time.Second) << fraction //nolint:gosec // two's complement: back, too
	return t
}
