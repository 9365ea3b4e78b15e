package stability

import "time"

// Window is a snapshot of the measures over the pairs with
// At−Width < PTS ≤ At. Ratios are NaN where their denominator is zero.
type Window struct {
	Width time.Duration
	At    time.Duration // PTS of the newest observation

	Observations, Pairs, Flips, Repeats int64
	DecidedPairs, DecidedFlips          int64
	StillPairs, StillFlips              int64
	MovingPairs, MovingFlips            int64
	Breaks                              [numReasons]int64
	CutChanges                          int64
	Kinds                               [numKinds]int64
	Glitches, Unexplained               int64

	// Observed is the sum of the pairs' durations, Uncovered that of the
	// intervals which breaks (cuts excepted) left open.
	Observed, Uncovered time.Duration

	FlipFraction        Interval
	UnexplainedFraction float64
	DecidedFlipFraction float64
	FlipRateHz          float64
	MAC                 float64
	T5D                 float64
	Coverage            float64
	EntropyBits         float64
	FlappingPercent     float64
	MeanScore           float64
	Top                 Ranked // the newest label and its score
}

// Interval is a value with its 95 % interval; all three are NaN where the
// value is not known.
type Interval struct {
	Value, Low, High float64
}
