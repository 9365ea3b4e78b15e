package scene

import "time"

// maxHeld bounds the memory of a window, whatever the frame rate: a minute
// at 1,000 frames a second.
const maxHeld = 60_000

// quantile follows the ⌈n/part⌉-th smallest of the n whole numbers added so
// far, or within a window of time, exactly: one counter for every possible
// value, and a cursor that moves little when a value comes or goes.
type quantile struct {
	count  []uint32
	part   int
	n      int
	cursor int // the value asked for, when n > 0
	below  int // how many are smaller than cursor

	window time.Duration // 0: everything
	held   []timed       // ring of the values within the window
	first  int
}

type timed struct {
	at    time.Duration
	value int32
}

func newQuantile(values, part int, window time.Duration) quantile {
	return quantile{count: make([]uint32, values), part: part, window: window}
}

// value is 0 before the first add.
func (q *quantile) value() int { return q.cursor }

// add takes in a value; times don't decrease. A value out of range counts as
// the nearest one in range.
func (q *quantile) add(at time.Duration, value int) {
	value = min(max(value, 0), len(q.count)-1)
	if q.window > 0 {
		for q.n > 0 && (q.n == maxHeld || q.held[q.first].at <= at-q.window) {
			q.forget()
		}
		q.hold(timed{at, int32(value)})
	}
	q.count[value]++
	q.n++
	if value < q.cursor {
		q.below++
	}
	q.settle()
}

// hold appends to the ring, which grows until it holds a window's worth.
func (q *quantile) hold(t timed) {
	if q.n == len(q.held) {
		grown := make([]timed, max(64, 2*len(q.held)))
		k := copy(grown, q.held[q.first:])
		copy(grown[k:], q.held[:q.first])
		q.held, q.first = grown, 0
	}
	q.held[(q.first+q.n)%len(q.held)] = t
}

func (q *quantile) forget() {
	v := int(q.held[q.first].value)
	q.first = (q.first + 1) % len(q.held)
	q.count[v]--
	q.n--
	if v < q.cursor {
		q.below--
	}
	if q.n > 0 {
		q.settle()
	}
}

// settle moves the cursor to the value of rank ⌈n/part⌉.
func (q *quantile) settle() {
	rank := (q.n + q.part - 1) / q.part
	for rank > q.below+int(q.count[q.cursor]) {
		q.below += int(q.count[q.cursor])
		q.cursor++
	}
	for rank <= q.below {
		q.cursor--
		q.below -= int(q.count[q.cursor])
	}
}
