// Package tee lets several readers share one source, so that footage is
// decoded once for several classifiers.
//
// Each reader is an [ingest.Source] of its own and sees every frame, with the
// pictures that it asked for. Readers may be a few frames apart, no more: the
// fastest waits for the slowest. A reader that is closed holds up nobody. The
// package knows nothing of what the frames are for, and starts no goroutine:
// whoever finds no frame waiting reads one for all.
package tee

import (
	"context"
	"errors"
	"sync"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

// ahead is how many frames a reader may be ahead of another.
const ahead = 8

// Wants joins the pictures that several readers ask for into one list, without
// those that are asked for twice. Places tells for each reader where its own
// stand in it.
func Wants(readers ...[]frame.Want) (all []frame.Want, places [][]int) {
	place := make(map[frame.Want]int)
	for _, wants := range readers {
		own := make([]int, len(wants))
		for i, w := range wants {
			at, ok := place[w]
			if !ok {
				at = len(all)
				place[w] = at
				all = append(all, w)
			}
			own[i] = at
		}
		places = append(places, own)
	}
	return all, places
}

// Split makes a reader for each of places, which are as of [Wants] and tell
// which of the source's pictures the reader gets. The last reader that is
// closed closes the source. Buffers are from the pool.
func Split(src ingest.Source, pool *frame.Pool, places [][]int) []ingest.Source {
	t := &tee{src: src, pool: pool, changed: make(chan struct{}), open: len(places)}
	var out []ingest.Source
	for _, own := range places {
		r := &reader{t: t, pictures: own}
		t.readers = append(t.readers, r)
		if h, ok := src.(ingest.Hasher); ok {
			out = append(out, hashing{r, h})
		} else {
			out = append(out, r)
		}
	}
	return out
}

type tee struct {
	src  ingest.Source
	pool *frame.Pool

	mu      sync.Mutex
	changed chan struct{} // closed and made anew at every change
	reading bool          // somebody reads for all; src and scratch are theirs
	scratch frame.Frame
	ended   error // what the source said at last
	readers []*reader
	open    int
}

// tell wakes everybody who waits. The lock is held.
func (t *tee) tell() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// room says whether every reader has room for a frame.
func (t *tee) room() bool {
	for _, r := range t.readers {
		if !r.closed && r.n == ahead {
			return false
		}
	}
	return true
}

// reader is one side of the tee. One goroutine uses it.
type reader struct {
	t        *tee
	pictures []int
	ring     [ahead]frame.Frame
	first, n int
	closed   bool
}

var errClosed = errors.New("read from a source that is closed")

// alone runs f while nobody reads from the source, which is for one goroutine.
func (t *tee) alone(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.reading {
		wait := t.changed
		t.mu.Unlock()
		<-wait
		t.mu.Lock()
	}
	f()
}

// Info is the source's.
func (r *reader) Info() (info ingest.Info) {
	r.t.alone(func() { info = r.t.src.Info() })
	return info
}

// Read gives the next frame; every reader gets all of them.
func (r *reader) Read(ctx context.Context, into *frame.Frame) error {
	into.Release()
	t := r.t
	for {
		t.mu.Lock()
		switch {
		case r.closed:
			t.mu.Unlock()
			return errClosed
		case ctx.Err() != nil:
			t.mu.Unlock()
			return context.Cause(ctx)
		case r.n > 0:
			*into, r.ring[r.first] = r.ring[r.first], *into
			r.first = (r.first + 1) % ahead
			r.n--
			t.tell()
			t.mu.Unlock()
			return nil
		case t.ended != nil:
			t.mu.Unlock()
			return t.ended
		case !t.reading && t.room():
			t.reading = true
			t.mu.Unlock()
			if err := t.read(ctx); err != nil {
				return err
			}
			continue
		}
		wait := t.changed
		t.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
		}
	}
}

// read takes a frame from the source and hands copies to all. The error is
// this reader's own: that its context has ended.
func (t *tee) read(ctx context.Context) error {
	err := t.src.Read(ctx, &t.scratch)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reading = false
	defer t.tell()
	if err != nil && ctx.Err() != nil && !errors.Is(err, ingest.ErrEndOfStream) {
		return err
	}
	if err != nil {
		t.ended = err
		return nil
	}
	for _, r := range t.readers {
		if r.closed {
			continue
		}
		t.scratch.CopyTo(&r.ring[(r.first+r.n)%ahead], t.pool, r.pictures)
		r.n++
	}
	t.scratch.Release()
	return nil
}

// Close gives the reader's frames back; the last one closes the source.
func (r *reader) Close() error {
	t := r.t
	t.mu.Lock()
	if r.closed {
		t.mu.Unlock()
		return nil
	}
	r.closed = true
	for i := range r.ring {
		r.ring[i].Release()
	}
	r.n = 0
	t.open--
	last := t.open == 0
	t.tell()
	t.mu.Unlock()
	if !last {
		return nil
	}
	// Nobody reads any more: a Read has returned before its reader's Close.
	return t.src.Close()
}

// Timing is the source's, if it measures itself.
func (r *reader) Timing() (timing ingest.Timing) {
	if timed, ok := r.t.src.(ingest.Timed); ok {
		r.t.alone(func() { timing = timed.Timing() })
	}
	return timing
}

// hashing is a reader of a source that knows its hash.
type hashing struct {
	*reader
	ingest.Hasher
}
