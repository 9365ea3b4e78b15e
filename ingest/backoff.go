package ingest

import "time"

// Backoff says how long to wait before the next attempt to open a source:
// five times 1 s, five times 5 s, ten times 10 s, then 60 s, each up to a
// fifth shorter or longer, so that a hundred cameras that went away together
// don't come back together. Reset begins anew. The zero value is ready.
type Backoff struct {
	failed int
}

// steps are how often each delay is used; the last one for ever.
var steps = [...]struct {
	times int
	delay time.Duration
}{{5, time.Second}, {5, 5 * time.Second}, {10, 10 * time.Second}, {0, time.Minute}}

// settled is how long frames must have come for the next loss to count as
// the first.
const settled = time.Minute

// jitterShare is by how much a delay varies either way.
const jitterShare = 0.2

// Next is the delay before the next attempt. Random is a number from 0 to 1,
// 1 excluded.
func (b *Backoff) Next(random float64) time.Duration {
	n := b.failed
	b.failed++
	delay := steps[len(steps)-1].delay
	for _, s := range steps {
		if n < s.times {
			delay = s.delay
			break
		}
		n -= s.times
	}
	return time.Duration(float64(delay) * (1 - jitterShare + 2*jitterShare*random))
}

// Reset makes the next failure the first.
func (b *Backoff) Reset() { b.failed = 0 }
