package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// maxStretches is how many of the worst stretches the page shows.
const maxStretches = 10

// stretch is a part of the stream with many flips: the bins [from, to).
type stretch struct {
	from, to    int
	flips       int32
	unexplained int32
	glitch      int32
	transition  int32
	churn       int32
	censored    int32
}

// stretchLength is how long the stretches are that are compared.
func stretchLength(total time.Duration) time.Duration {
	switch {
	case total <= time.Minute:
		return time.Second
	case total <= 10*time.Minute:
		return 5 * time.Second
	case total <= time.Hour:
		return 15 * time.Second
	default:
		return time.Minute
	}
}

// stretchFrames is their length where there are no times.
const stretchFrames = 25

// worstStretches finds the parts of the given length with most flips (at
// equal numbers those with more unexplained ones, then the earlier), none of
// them overlapping.
func (c *Collector) worstStretches(width time.Duration) []stretch {
	bins := c.line.bins
	var all []stretch
	to := 0
	sum := stretch{}
	add := func(b *bin, sign int32) {
		sum.flips += sign * b.flipCount()
		sum.unexplained += sign * b.unexplained
		sum.glitch += sign * b.flips[stability.KindGlitch]
		sum.transition += sign * b.flips[stability.KindTransition]
		sum.churn += sign * b.flips[stability.KindChurn]
		sum.censored += sign * b.flips[stability.KindCensored]
	}
	within := func(from, i int) bool {
		if i == from {
			return true
		}
		if !c.hasPTS {
			return (i-from)<<c.line.level < stretchFrames
		}
		return bins[i].start-bins[from].start < width
	}
	for from := range bins {
		for to < len(bins) && within(from, to) {
			add(&bins[to], 1)
			to++
		}
		// A stretch begins with a flip, else it could begin later.
		if bins[from].flipCount() > 0 {
			s := sum
			s.from, s.to = from, to
			all = append(all, s)
		}
		add(&bins[from], -1)
	}
	slices.SortStableFunc(all, func(a, b stretch) int {
		return cmp.Or(cmp.Compare(b.flips, a.flips), cmp.Compare(b.unexplained, a.unexplained))
	})
	var worst []stretch
	for _, s := range all {
		if len(worst) == maxStretches {
			break
		}
		overlaps := slices.ContainsFunc(worst, func(w stretch) bool { return s.from < w.to && w.from < s.to })
		if !overlaps {
			worst = append(worst, s)
		}
	}
	return worst
}
