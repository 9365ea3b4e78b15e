package stability

import "math"

// flappingTransitions is the length of the ring: 21 results, 20 transitions.
const flappingTransitions = 20

// Flapping is the weighted share of changes among the last 20 transitions
// of a label, as Nagios computes it for the states of a service (Nagios Core
// documentation, "Detection and Handling of State Flapping"): transition
// x = 1 (oldest) … 20 (newest) weighs 0.75 + (x−1)·0.5/19. Transitions that
// have not happened yet count as no change. A break of the stream adds no
// transition and forgets none. The zero value is an empty ring.
type Flapping struct {
	changes uint32 // bit 0 is the newest transition
	n       uint8
}

// Push adds the newest transition.
func (f *Flapping) Push(change bool) {
	f.changes <<= 1
	if change {
		f.changes |= 1
	}
	if f.n < flappingTransitions {
		f.n++
	}
}

// Percent is 0..100; NaN before the first transition.
func (f *Flapping) Percent() float64 {
	if f.n == 0 {
		return math.NaN()
	}
	// In units of 1/76: the weight of x is (57 + 2(x−1))/76, and all 20
	// weights together are 20.
	sum := 0
	for x := 1; x <= flappingTransitions; x++ {
		if f.changes>>(flappingTransitions-x)&1 == 1 {
			sum += 57 + 2*(x-1)
		}
	}
	return 100 * float64(sum) / (76 * flappingTransitions)
}

// FlappingState says whether something flaps, with two thresholds: it starts
// at High percent or more, stops at Low percent or less, and in between stays
// what it was.
type FlappingState struct {
	Low, High float64 // percent
	On        bool
}

// Update takes the newest percentage and returns whether it flaps now. NaN
// changes nothing.
func (s *FlappingState) Update(percent float64) bool {
	switch {
	case percent >= s.High:
		s.On = true
	case percent <= s.Low:
		s.On = false
	}
	return s.On
}
