package ingest

import "time"

// Sampler chooses which frames of a source are looked at. Frames that it
// leaves out are not lost: they make no break.
type Sampler struct {
	stride int
	period time.Duration

	left int
	any  bool
	next time.Duration
}

// NewSampler takes every stride-th frame, and of those no more than fps a
// second. A stride below 2 and an fps of 0 leave nothing out.
func NewSampler(stride int, fps float64) *Sampler {
	s := &Sampler{stride: max(stride, 1)}
	if fps > 0 {
		s.period = time.Duration(float64(time.Second) / fps)
	}
	return s
}

// Take says whether to look at the frame at pts; PTS increases from call to
// call, or the sampling begins anew.
func (s *Sampler) Take(pts time.Duration) bool {
	if s.left > 0 {
		s.left--
		return false
	}
	s.left = s.stride - 1
	if s.period > 0 {
		// Half a millisecond of grace: containers round their times, and a
		// frame missed by a rounding would halve the rate.
		const grace = 500 * time.Microsecond
		switch {
		case !s.any || pts < s.next-s.period-grace: // begins, or the clock went back
			s.next = pts
		case pts < s.next-grace:
			return false
		}
		s.any = true
		// The grid stays where it is, unless a period passed without a frame.
		if s.next += s.period; s.next <= pts {
			s.next = pts + s.period
		}
	}
	return true
}
