package frame

import (
	"sync/atomic"
	"time"
)

// Thumb is a small RGB picture of a frame that several consumers may hold at
// once. Each holder calls Release when done with it; the last gives the
// buffer back to the pool. Nobody writes to its pixels.
type Thumb struct {
	Picture
	Seq uint64
	PTS time.Duration

	refs atomic.Int32
	pool *Pool
}

// Retain adds a reference and returns the thumb.
func (t *Thumb) Retain() *Thumb {
	if t != nil {
		t.refs.Add(1)
	}
	return t
}

// Release drops a reference. A nil thumb may be released.
func (t *Thumb) Release() {
	if t == nil {
		return
	}
	switch n := t.refs.Add(-1); {
	case n == 0:
		if t.pool != nil {
			t.pool.put(t.Pix)
		}
		t.Pix = nil
	case n < 0:
		panic("BUG: frame.Thumb released more often than retained")
	}
}
