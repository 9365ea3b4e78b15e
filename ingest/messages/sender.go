package messages

import "time"

// clockVerdict is what a message's own time is worth.
type clockVerdict uint8

const (
	timely  clockVerdict = iota
	late                 // it was long under way, or a clock has just been stepped
	stepped              // a clock was: the message counts from its arrival
)

// sender relates the sender's clock to the time of arrival, which goes on
// whatever the wall clocks do. A message from the future, or late ones only
// for longer than lateness, tell of a clock that is another than it was. Late
// ones at once may be a batch that was held up, whose times are right.
type sender struct {
	off       time.Duration // arrival less told time of a message that counts from its arrival
	lateSince time.Duration
	late      bool
}

// when is the time of a message that arrived at a time, and was said lag ago
// by the wall clocks.
func (s *sender) when(arrival, lag time.Duration) (time.Duration, clockVerdict) {
	d := lag - s.off
	switch {
	case d >= -lateness && d <= lateness:
		s.late = false
		return arrival - d, timely
	case d > lateness && !s.late:
		s.late, s.lateSince = true, arrival
		return max(arrival-d, 0), late
	case d > lateness && arrival-s.lateSince <= lateness:
		return max(arrival-d, 0), late
	}
	s.off, s.late = lag, false
	return arrival, stepped
}
