package infer

import (
	"slices"
	"time"
)

// waiter is one Classify call that waits for a runner. Its channel holds the
// index of the runner that it is given, or -1 when the scheduler closes.
type waiter struct {
	grant  chan int
	stream *streamQueue // nil once granted
	job    batchJob     // of a Batcher's call
}

// streamQueue holds the waiting calls of one stream, first come first served.
type streamQueue struct {
	name  string
	turn  uint64 // virtual time at which its next call may start
	calls []*waiter
}

// fairQueue decides whose turn it is: start-time fair queueing (Goyal, Vin
// and Cheng, 1996) with calls of equal length. A call's start is the later of
// the virtual time and the end of its stream's call before it, and the
// earliest start is served first. So streams that always have a call waiting
// are served equally often, one that submits its next frame only when it has
// the result of the last is not pushed behind one that submits many at once
// (as taking turns would), and a stream that was away can't save up.
//
// It is not safe for concurrent use, and does not allocate once it has seen
// its largest size.
type fairQueue struct {
	now     uint64         // virtual time: the start of the call served last
	streams []*streamQueue // least recently served first; some have no calls
	// Kept for reuse.
	freeWaiters []*waiter
	freeStreams []*streamQueue
}

// push adds a call of a stream.
func (q *fairQueue) push(stream string) *waiter {
	w := takeLast(&q.freeWaiters)
	if w == nil {
		w = &waiter{grant: make(chan int, 1)}
	}
	i := slices.IndexFunc(q.streams, func(s *streamQueue) bool { return s.name == stream })
	if i < 0 {
		s := takeLast(&q.freeStreams)
		if s == nil {
			s = &streamQueue{}
		}
		s.name, s.turn = stream, q.now
		i = len(q.streams)
		q.streams = append(q.streams, s)
	}
	s := q.streams[i]
	if len(s.calls) == 0 {
		s.turn = max(s.turn, q.now)
	}
	w.stream = s
	s.calls = append(s.calls, w)
	return w
}

// pop takes the call whose turn it is, or nil.
func (q *fairQueue) pop() *waiter {
	q.forget()
	next := -1
	for i, s := range q.streams {
		if len(s.calls) > 0 && (next < 0 || s.turn < q.streams[next].turn) {
			next = i
		}
	}
	if next < 0 {
		return nil
	}
	s := q.streams[next]
	w := s.calls[0]
	s.calls = slices.Delete(s.calls, 0, 1)
	w.stream = nil
	q.now = s.turn
	s.turn++
	q.streams = append(slices.Delete(q.streams, next, next+1), s)
	return w
}

// forget lets go of the streams without calls that would start like new ones.
func (q *fairQueue) forget() {
	q.streams = slices.DeleteFunc(q.streams, func(s *streamQueue) bool {
		if len(s.calls) > 0 || s.turn > q.now {
			return false
		}
		s.name = ""
		q.freeStreams = append(q.freeStreams, s)
		return true
	})
}

// waiting says how many calls wait, and since when the first of them.
func (q *fairQueue) waiting() (n int, since time.Time) {
	for _, s := range q.streams {
		n += len(s.calls)
		// Calls of a stream wait in the order in which they came.
		if len(s.calls) > 0 && (since.IsZero() || s.calls[0].job.since.Before(since)) {
			since = s.calls[0].job.since
		}
	}
	return n, since
}

// drop takes out a call that gave up while it waited.
func (q *fairQueue) drop(w *waiter) {
	s := w.stream
	w.stream = nil
	s.calls = slices.DeleteFunc(s.calls, func(c *waiter) bool { return c == w })
}

// free takes back a waiter whose channel is empty.
func (q *fairQueue) free(w *waiter) {
	w.job = batchJob{}
	q.freeWaiters = append(q.freeWaiters, w)
}

func takeLast[T any](list *[]*T) *T {
	n := len(*list)
	if n == 0 {
		return nil
	}
	last := (*list)[n-1]
	*list = (*list)[:n-1]
	return last
}
