package messages

import "time"

// limiter lets so many messages a second through, and as many at once after a
// silence of a second. Time is an argument.
type limiter struct {
	rate float64 // a second; 0: no limit
	left float64
	last time.Duration
}

func newLimiter(rate float64) limiter { return limiter{rate: rate, left: rate} }

// allow takes one message at a time that never goes back.
func (l *limiter) allow(at time.Duration) bool {
	if l.rate <= 0 {
		return true
	}
	l.left = min(l.rate, l.left+l.rate*(at-l.last).Seconds())
	l.last = at
	if l.left < 1 {
		return false
	}
	l.left--
	return true
}
