package ingest

import (
	"context"
	"fmt"
	"sync"

	"github.com/flipmeter/flipmeter/frame"
)

// Policy says what a full queue does with a frame.
type Policy string

// Block lets the source wait: nothing is lost, for files. DropOldest lets go
// of the oldest frame that waits, for live sources, where a late answer is
// worth less than a new one.
const (
	Block      Policy = "block"
	DropOldest Policy = "drop_oldest"
)

// DropReason says why a frame was not looked at, in a word that a metric can
// carry.
type DropReason string

// The reasons. What was left out on purpose (Sampler) is no drop.
const (
	DropOverload DropReason = "overload" // the queue was full, or decoding fell behind
	DropDecode   DropReason = "decode"   // the source lost it, or could not decode it
	DropClassify DropReason = "classify" // the network failed on it
	DropShutdown DropReason = "shutdown" // it waited when the stream was stopped
)

// DropReasons lists all reasons.
func DropReasons() []DropReason {
	return []DropReason{DropOverload, DropDecode, DropClassify, DropShutdown}
}

// Queue holds a bounded number of frames between the goroutine that reads a
// source and the stream that looks at them. One goroutine pushes, one reads.
// It implements Source for the reading side.
type Queue struct {
	policy Policy
	size   int
	info   func() Info
	onDrop func(DropReason, int)

	mu     sync.Mutex
	frames []*frame.Frame // oldest first
	spare  []*frame.Frame
	ended  error // nothing will be pushed any more
	filled chan struct{}
	room   chan struct{}
}

// QueueConfig describes a queue. Size is the number of frames that may wait,
// at least 1. Info describes the source. OnDrop is told of frames that were
// dropped; nil is not.
type QueueConfig struct {
	Policy Policy
	Size   int
	Info   func() Info
	OnDrop func(DropReason, int)
}

// NewQueue makes an empty queue.
func NewQueue(cfg QueueConfig) *Queue {
	q := &Queue{
		policy: cfg.Policy, size: max(cfg.Size, 1), info: cfg.Info, onDrop: cfg.OnDrop,
		filled: make(chan struct{}, 1), room: make(chan struct{}, 1),
	}
	if q.onDrop == nil {
		q.onDrop = func(DropReason, int) {}
	}
	return q
}

// Info describes the source.
func (q *Queue) Info() Info {
	if q.info == nil {
		return Info{}
	}
	return q.info()
}

// Push moves a frame into the queue; f is empty afterwards. With Block it
// waits for room until ctx is done, and leaves f as it is then.
func (q *Queue) Push(ctx context.Context, f *frame.Frame) error {
	for {
		dropped, ok := q.push(f)
		if dropped > 0 {
			q.onDrop(DropOverload, dropped)
		}
		if ok {
			return nil
		}
		select {
		case <-q.room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (q *Queue) push(f *frame.Frame) (dropped int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended != nil {
		f.Release()
		return 0, true
	}
	for len(q.frames) >= q.size {
		if q.policy != DropOldest {
			return dropped, false
		}
		old := q.frames[0]
		next := f
		if len(q.frames) > 1 {
			next = q.frames[1]
		}
		// What was before the dropped frame is what is missing now; that a
		// reconnect lies in it says more than that a frame is lost.
		if next.Break == frame.BreakNone {
			next.Break = frame.BreakGap
			if old.Break != frame.BreakNone {
				next.Break = old.Break
			}
		}
		q.frames = append(q.frames[:0], q.frames[1:]...)
		old.Release()
		q.spare = append(q.spare, old)
		dropped++
	}
	var slot *frame.Frame
	if n := len(q.spare); n > 0 {
		slot, q.spare = q.spare[n-1], q.spare[:n-1]
	} else {
		slot = &frame.Frame{}
	}
	*slot, *f = *f, *slot
	q.frames = append(q.frames, slot)
	signal(q.filled)
	return dropped, true
}

// Read moves the oldest frame out. After End it gives what is left, then the
// error that End was given.
func (q *Queue) Read(ctx context.Context, into *frame.Frame) error {
	into.Release()
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if ok, err := q.pop(into); ok || err != nil {
			return err
		}
		select {
		case <-q.filled:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (q *Queue) pop(into *frame.Frame) (ok bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.frames) == 0 {
		return false, q.ended
	}
	slot := q.frames[0]
	q.frames = append(q.frames[:0], q.frames[1:]...)
	*into, *slot = *slot, *into
	q.spare = append(q.spare, slot)
	signal(q.room)
	return true, nil
}

// End tells that no frame will follow, and why.
func (q *Queue) End(err error) {
	if err == nil {
		err = ErrEndOfStream
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended == nil {
		q.ended = err
	}
	signal(q.filled)
}

// Close drops what waits. It is called when neither side runs any more, and
// may be called again.
func (q *Queue) Close() error {
	q.End(fmt.Errorf("read from a closed queue: %w", ErrEndOfStream))
	q.mu.Lock()
	n := len(q.frames)
	for _, f := range q.frames {
		f.Release()
	}
	q.frames = nil
	q.mu.Unlock()
	if n > 0 {
		q.onDrop(DropShutdown, n)
	}
	return nil
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
