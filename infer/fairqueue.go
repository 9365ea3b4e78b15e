package infer

// waiter is one Classify call that waits for a runner. Its channel holds the
// index of the runner that it is given, or -1 when the scheduler closes.
type waiter struct {
	grant  chan int
	next   *waiter
	stream *streamQueue // nil once granted
}

// streamQueue holds the waiting calls of one stream, first come first served.
type streamQueue struct {
	name        string
	first, last *waiter
	next        *streamQueue
}

// fairQueue serves streams in turn: whoever sends many frames waits behind
// himself, not in front of others. It is not safe for concurrent use, and
// does not allocate once it has seen its largest size.
type fairQueue struct {
	first, last *streamQueue // streams with waiting calls, next turn first
	freeWaiters *waiter
	freeStreams *streamQueue
}

// push adds a call of a stream. A stream that had none waiting gets its turn
// after all others.
func (q *fairQueue) push(stream string) *waiter {
	w := q.freeWaiters
	if w == nil {
		w = &waiter{grant: make(chan int, 1)}
	} else {
		q.freeWaiters = w.next
	}
	s := q.first
	for s != nil && s.name != stream {
		s = s.next
	}
	if s == nil {
		if s = q.freeStreams; s == nil {
			s = &streamQueue{}
		} else {
			q.freeStreams = s.next
		}
		s.name = stream
		q.append(s)
	}
	w.next, w.stream = nil, s
	if s.last == nil {
		s.first = w
	} else {
		s.last.next = w
	}
	s.last = w
	return w
}

// pop takes the call whose turn it is, or nil.
func (q *fairQueue) pop() *waiter {
	s := q.first
	if s == nil {
		return nil
	}
	w := s.first
	s.remove(nil, w)
	q.first = s.next
	if q.first == nil {
		q.last = nil
	}
	if s.first != nil {
		q.append(s)
	} else {
		q.recycle(s)
	}
	w.stream, w.next = nil, nil
	return w
}

// drop takes out a call that gave up while it waited.
func (q *fairQueue) drop(w *waiter) {
	s := w.stream
	var before *waiter
	for at := s.first; at != w; at = at.next {
		before = at
	}
	s.remove(before, w)
	w.stream, w.next = nil, nil
	if s.first != nil {
		return
	}
	var prev *streamQueue
	for at := q.first; at != s; at = at.next {
		prev = at
	}
	if prev == nil {
		q.first = s.next
	} else {
		prev.next = s.next
	}
	if q.last == s {
		q.last = prev
	}
	q.recycle(s)
}

// free takes back a waiter whose channel is empty.
func (q *fairQueue) free(w *waiter) {
	w.next, w.stream = q.freeWaiters, nil
	q.freeWaiters = w
}

func (q *fairQueue) append(s *streamQueue) {
	s.next = nil
	if q.last == nil {
		q.first = s
	} else {
		q.last.next = s
	}
	q.last = s
}

func (q *fairQueue) recycle(s *streamQueue) {
	s.name, s.next = "", q.freeStreams
	q.freeStreams = s
}

func (s *streamQueue) remove(before, w *waiter) {
	if before == nil {
		s.first = w.next
	} else {
		before.next = w.next
	}
	if s.last == w {
		s.last = before
	}
}
