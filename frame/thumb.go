package frame

import (
	"sync"
	"sync/atomic"
	"time"
)

// thumbQuality is the JPEG quality of thumbnails: above 80 the file grows
// without a visible gain at this size.
const thumbQuality = 80

// Thumb is a small RGB picture of a frame that several consumers may hold at
// once. Each holder calls Release when done with it; the last gives the
// buffer back to the pool. Nobody writes to its pixels.
type Thumb struct {
	Picture
	Seq uint64
	PTS time.Duration

	refs atomic.Int32
	pool *Pool

	encode sync.Once
	jpeg   []byte
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

// JPEG is the picture as a JPEG file, made by the pool's encoder if it has
// one. It is encoded at the first call and kept, so that a thumbnail nobody
// shows costs nothing, and one that two flips share is encoded once. The
// slice is shared and outlives Release. The caller holds a reference.
func (t *Thumb) JPEG() []byte {
	t.encode.Do(func() {
		if t.pool != nil && t.pool.EncodeJPEG != nil {
			if data, err := t.pool.EncodeJPEG(t.Picture, thumbQuality); err == nil {
				t.jpeg = data
				return
			}
		}
		t.jpeg = encodeJPEG(t.Picture)
	})
	return t.jpeg
}
