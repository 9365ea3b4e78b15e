package report

import "github.com/flipmeter/flipmeter/stability"

// Delta is by how much a run differs from a baseline on the same frames: run
// minus baseline, each with a 95 % interval from the paired bootstrap.
type Delta struct {
	FlipFraction        Interval     `json:"flip_fraction"`
	UnexplainedFraction Interval     `json:"unexplained_fraction"`
	Decided             DecidedDelta `json:"decided"`
	MAC                 Interval     `json:"mac"`
}

// DecidedDelta is the difference over decided pairs.
type DecidedDelta struct {
	FlipFraction Interval `json:"flip_fraction"`
}

// DeltaOf copies the figures of a comparison.
func DeltaOf(d stability.Delta) Delta {
	return Delta{
		FlipFraction:        IntervalOf(d.FlipFraction),
		UnexplainedFraction: IntervalOf(d.UnexplainedFraction),
		Decided:             DecidedDelta{IntervalOf(d.DecidedFlipFraction)},
		MAC:                 IntervalOf(d.MAC),
	}
}

// IntervalOf copies an interval.
func IntervalOf(iv stability.Interval) Interval { return intervalOf(iv) }
