package bus

import "sync"

// queue holds what waits to be sent, in order, bounded for each route: an
// observation never pushes out a flip, and pictures, which hold pixels, have
// a small bound of their own. What is pushed out is the oldest of its route.
type queue struct {
	mu    sync.Mutex
	rings [numRoutes]ring
	next  uint64 // number of the next message
	ended bool
	// wake has room for one signal: there is something to pop.
	wake chan struct{}
}

type queued struct {
	number uint64
	m      *message
}

func newQueue(limits [numRoutes]int) *queue {
	q := &queue{wake: make(chan struct{}, 1)}
	for i, n := range limits {
		q.rings[i].slots = make([]queued, n)
	}
	return q
}

// push adds a message and returns the one that gave way to it, or nil. After
// end it returns the message itself.
func (q *queue) push(m *message) (lost *message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return m
	}
	r := &q.rings[m.route]
	if r.count == len(r.slots) {
		lost = r.pop()
	}
	r.push(queued{q.next, m})
	q.next++
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return lost
}

// pop takes the oldest message, nil if there is none.
func (q *queue) pop() *message {
	q.mu.Lock()
	defer q.mu.Unlock()
	var oldest *ring
	for i := range q.rings {
		if r := &q.rings[i]; r.count > 0 && (oldest == nil || r.head().number < oldest.head().number) {
			oldest = r
		}
	}
	if oldest == nil {
		return nil
	}
	return oldest.pop()
}

// end refuses everything from now on.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
}

// ring is a first-in, first-out buffer of fixed size.
type ring struct {
	slots        []queued
	first, count int
}

func (r *ring) head() *queued { return &r.slots[r.first] }

func (r *ring) push(v queued) {
	r.slots[(r.first+r.count)%len(r.slots)] = v
	r.count++
}

func (r *ring) pop() *message {
	m := r.slots[r.first].m
	r.slots[r.first] = queued{}
	r.first = (r.first + 1) % len(r.slots)
	r.count--
	return m
}
