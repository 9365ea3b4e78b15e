package stability

import "time"

// Summary holds every measure of one whole stream. Ratios whose denominator
// is zero and values that the input can't give are NaN (intervals: all
// three NaN); counts that can't be known are -1.
type Summary struct {
	Frames   int64 // observations, repeated pictures included
	Pairs    int64
	Coverage float64
	Repeats  int64
	Flips    int64

	FlipFraction Interval
	FlipRateHz   float64
	Decided      DecidedSummary

	MAC            float64
	T5D            float64
	Top5Jaggedness int64

	Kinds               map[Kind]int64 // glitch, transition, churn, censored
	Glitches            int64          // excursions
	Unexplained         int64
	UnexplainedFraction Interval

	Still, Moving Split
	// ByChange splits the pairs at the quintiles of Change; empty without
	// pictures.
	ByChange []ChangeBin

	NearCut    int64
	Cuts       int64 // at least the minimum scene apart
	CutChanges int64
	Breaks     map[Reason]int64 // gap, reconnect, size, model, time, cut

	Dwell       Dwell
	EntropyBits float64
	Labels      int // how many different labels were top-1
	// LabelCounts is how often each label was top-1, most frequent first,
	// ties towards the lower index.
	LabelCounts []LabelCount
	// LabelPairs counts flips from one label to another, most frequent
	// first; bounded, with the rest in LabelPairsOther.
	LabelPairs      []LabelPair
	LabelPairsOther int64

	// MedianScore is the median top-1 score (from a histogram with steps of
	// 1/1024), NaN where scores are unknown.
	MedianScore float64

	// Observed is the sum of the pairs' durations.
	Observed time.Duration
	// First and Last PTS seen.
	First, Last time.Duration
	HasPTS      bool
}

// DecidedSummary are the measures over decided pairs.
type DecidedSummary struct {
	MinScore     float64
	Share        float64 // of observations
	Pairs, Flips int64
	FlipFraction Interval
}

// Split is one side of a two-way split of the pairs.
type Split struct {
	Pairs, Flips int64
	FlipFraction Interval
}

// ChangeBin is one quintile of the change of the input.
type ChangeBin struct {
	MaxCells     int32 // largest Change in the bin
	Pairs, Flips int64
	FlipFraction float64
}

// Dwell describes the run lengths of a constant label: Count of them in
// frames, and Held of them in time. A label is held to the first frame of the
// next; at the end of a run (a cut, a break, the stream's end) as long after
// its last frame as that came after the one before. Only a run of a single
// frame has no length in time. What a run's end cuts off counts as it is.
type Dwell struct {
	Count, Held      int64
	Min, Median, P95 time.Duration // 0 if Held is 0
	MinFrames        int64
	MedianFrames     float64
	P95Frames        float64
}

// LabelCount is a label with the number of observations that had it.
type LabelCount struct {
	Label int32
	Count int64
}

// LabelPair is a direction of flips with its count.
type LabelPair struct {
	From, To int32
	Count    int64
}
