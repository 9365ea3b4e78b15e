package stability

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"
)

// Summary computes every measure of the stream so far, as if it ended now;
// the tracker goes on unchanged. Repeated pictures count in Frames and
// Repeats only. It takes milliseconds, because of the intervals.
//
// A mean (MAC, T5D) is NaN unless every pair's value is known: the pairs that
// lack one are not like the others. Kinds, Glitches, Unexplained and NearCut
// need the times of all observations.
func (t *Tracker) Summary() *Summary {
	c := t.ended()
	s := c.sum.summary(&c.cfg, &c.blocks.total)
	s.Top5Jaggedness = c.jaggedness(s)
	c.blocks.intervals(s, func(m measure) Interval {
		return c.blocks.interval(m, c.cfg.Resamples, c.cfg.Seed)
	})
	return s
}

// ended is a copy of the tracker after Flush.
func (t *Tracker) ended() *Tracker {
	c := *t
	c.recent.buf = slices.Clone(t.recent.buf)
	c.groups.list = slices.Clone(t.groups.list)
	c.pending.queue = slices.Clone(t.pending.queue)
	c.jagged.changes = maps.Clone(t.jagged.changes)
	c.blocks = t.blocks.clone()
	c.sum = t.sum.clone()
	c.scratch, c.scratchCounts = nil, nil
	var u Update
	c.Flush(&u)
	return &c
}

func (b *blocks) clone() blocks {
	c := *b
	for m := range c.open {
		c.open[m].cells = slices.Clone(b.open[m].cells)
		c.closed[m].cells = slices.Clone(b.closed[m].cells)
	}
	c.batches.sums = slices.Clone(b.batches.sums)
	return c
}

func (s *totals) clone() totals {
	c := *s
	c.labels, c.labelPairs = maps.Clone(s.labels), maps.Clone(s.labelPairs)
	c.dwell.buckets, c.dwellFrames.buckets = maps.Clone(s.dwell.buckets), maps.Clone(s.dwellFrames.buckets)
	c.scores, c.changes = slices.Clone(s.scores), slices.Clone(s.changes)
	return c
}

// jaggedness is that of the modal top-1; -1 unless all rankings were known.
func (t *Tracker) jaggedness(s *Summary) int64 {
	if s.Pairs == 0 || t.sum.t5dPairs != s.Pairs || t.sum.labelsOther > 0 {
		return -1
	}
	return t.jagged.Changes(s.LabelCounts[0].Label)
}

// intervals fills in the fractions with their intervals.
func (b *blocks) intervals(s *Summary, of func(measure) Interval) {
	s.FlipFraction = of(measureFlips)
	s.Decided.FlipFraction = of(measureDecided)
	s.Still.FlipFraction = of(measureStill)
	s.Moving.FlipFraction = of(measureMoving)
	s.UnexplainedFraction = unknownInterval()
	if s.Unexplained >= 0 {
		s.UnexplainedFraction = of(measureUnexplained)
	}
}

// summary computes everything except for the intervals and the jaggedness.
func (s *totals) summary(cfg *Config, f *fractions) *Summary {
	out := &Summary{
		Frames: s.frames, Pairs: f[measureFlips].den, Flips: f[measureFlips].num, Repeats: s.repeats,
		Decided: DecidedSummary{
			MinScore: cfg.MinScore, Share: ratio(s.decided, s.scored),
			Pairs: f[measureDecided].den, Flips: f[measureDecided].num,
		},
		Still:  Split{Pairs: f[measureStill].den, Flips: f[measureStill].num},
		Moving: Split{Pairs: f[measureMoving].den, Flips: f[measureMoving].num},
		Cuts:   s.cuts, CutChanges: s.cutChanges,
		Breaks:          make(map[Reason]int64, numReasons-1),
		ByChange:        byChange(s.changes),
		LabelPairsOther: s.pairsOther,
		MedianScore:     medianScore(s.scores),
		Observed:        s.observed, First: s.first, Last: s.last,
		HasPTS:     s.frames > 0 && !s.untimed,
		FlipRateHz: nan(), T5D: nan(),
		Glitches: -1, Unexplained: -1, NearCut: -1,
		Top5Jaggedness: -1,
	}
	for r := ReasonGap; r < numReasons; r++ {
		out.Breaks[r] = s.breaks[r]
	}
	out.MAC = s.mac.meanOf(out.Pairs)
	if s.t5dPairs == out.Pairs {
		out.T5D = ratio(s.t5d, out.Pairs)
	}
	out.Coverage = s.coverage(out.Pairs)
	if !s.untimed {
		out.Kinds = make(map[Kind]int64, numKinds)
		for k := KindGlitch; k < numKinds; k++ {
			out.Kinds[k] = s.kinds[k]
		}
		out.Glitches, out.Unexplained, out.NearCut = s.glitches, s.unexplained, s.near
		if s.observed > 0 {
			out.FlipRateHz = float64(out.Flips) / s.observed.Seconds()
		}
	}
	s.summarizeLabels(out)
	out.Dwell = s.dwells()
	return out
}

// coverage is the share of time that pairs cover, or of pairs where there are
// no times.
func (s *totals) coverage(pairs int64) float64 {
	if !s.untimed {
		return ratio(int64(s.observed), int64(s.observed+s.uncovered))
	}
	missing := int64(0)
	for r := ReasonGap; r < numReasons; r++ {
		if r != ReasonCut {
			missing += s.breaks[r]
		}
	}
	return ratio(pairs, pairs+missing)
}

func (s *totals) summarizeLabels(out *Summary) {
	counts := make([]int64, 0, len(s.labels)+1)
	for label, n := range s.labels {
		out.LabelCounts = append(out.LabelCounts, LabelCount{label, n})
		counts = append(counts, n)
	}
	out.Labels = len(s.labels)
	out.EntropyBits = EntropyBits(append(counts, s.labelsOther))
	slices.SortFunc(out.LabelCounts, func(a, b LabelCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Label, b.Label))
	})
	for k, n := range s.labelPairs {
		out.LabelPairs = append(out.LabelPairs, LabelPair{k.from, k.to, n})
	}
	slices.SortFunc(out.LabelPairs, func(a, b LabelPair) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
}

func (s *totals) dwells() Dwell {
	d := Dwell{Count: s.dwellFrames.n, MedianFrames: nan(), P95Frames: nan()}
	if d.Count == 0 {
		return d
	}
	d.MinFrames = s.dwellFrames.min
	d.MedianFrames = s.dwellFrames.quantile(0.5)
	d.P95Frames = s.dwellFrames.quantile(0.95)
	if !s.untimed && s.dwell.n > 0 {
		d.Held = s.dwell.n
		d.Min = time.Duration(s.dwell.min)
		d.Median = time.Duration(math.Round(s.dwell.quantile(0.5)))
		d.P95 = time.Duration(math.Round(s.dwell.quantile(0.95)))
	}
	return d
}

// medianScore is the middle of the histogram's step that holds the lower
// median.
func medianScore(hist []uint32) float64 {
	var n, below int64
	for _, c := range hist {
		n += int64(c)
	}
	for i, c := range hist {
		if below += int64(c); c > 0 && 2*below >= n {
			return min((float64(i)+0.5)/scoreSteps, 1)
		}
	}
	return nan()
}

// byChange splits the pairs at the quintiles of the change: bin q ends at the
// smallest change at or below which at least q fifths of the pairs lie. Equal
// changes stay together, so that there may be fewer than five bins.
func byChange(hist []changeCount) []ChangeBin {
	var n int64
	for _, c := range hist {
		n += int64(c.pairs)
	}
	var bins []ChangeBin
	var bin ChangeBin
	var below int64
	q := int64(1)
	for i, c := range hist {
		bin.MaxCells = int32(i)
		bin.Pairs += int64(c.pairs)
		bin.Flips += int64(c.flips)
		below += int64(c.pairs)
		if c.pairs == 0 || 5*below < q*n {
			continue
		}
		for q*n <= 5*below {
			q++
		}
		bin.FlipFraction = ratio(bin.Flips, bin.Pairs)
		bins = append(bins, bin)
		bin = ChangeBin{}
	}
	return bins
}
