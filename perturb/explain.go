package perturb

import (
	"cmp"
	"image"
	"math"
	"slices"

	"github.com/flipmeter/flipmeter/frame"
)

// Steadiness is what became of one frame's label under changes that no person
// would notice.
type Steadiness struct {
	// Shifted are the labels under the eight one-pixel shifts, row by row
	// with the frame's own in the middle: a shift of (−1, −1) first.
	Shifted [9]int32
	// Filtered are the labels through other resize functions.
	Filtered []int32
}

// Label is the frame's own.
func (s *Steadiness) Label() int32 { return s.Shifted[4] }

// Failing is the number of the eight shifts under which the label does not
// hold.
func (s *Steadiness) Failing() int {
	n := 0
	for _, l := range s.Shifted {
		if l != s.Label() {
			n++
		}
	}
	return n
}

// FilteredFailing is the number of resize functions under which it does not.
func (s *Steadiness) FilteredFailing() int {
	n := 0
	for _, l := range s.Filtered {
		if l != s.Label() {
			n++
		}
	}
	return n
}

// NineShifts are the eight neighbours with no shift in the middle.
func NineShifts() [9]image.Point {
	var out [9]image.Point
	for i := range out {
		out[i] = image.Pt(i%3-1, i/3-1)
	}
	return out
}

// ShiftedView writes p, moved by a pixel, into dst of w×h. Where p is two
// pixels larger than that, what comes in at the edge is the picture's own;
// where it is of the same size, the edge is repeated.
func ShiftedView(dst frame.Picture, p frame.Picture, by image.Point) {
	if p.Width == dst.Width+2 && p.Height == dst.Height+2 {
		window(dst.Pix, p, 1-by.X, 1-by.Y, dst.Width, dst.Height)
		return
	}
	shiftRepeating(dst, p, by)
}

// PairGroup says why a pair of frames was looked at.
type PairGroup int

// Flipped pairs are set against pairs that are like them but for the flip,
// and, where the truth is known, against true changes.
const (
	Flipped PairGroup = iota
	Held
	TrueChange
)

// PairOfFrames is a candidate: two adjacent frames of a stream.
type PairOfFrames struct {
	Seq    uint64 // of the second frame
	Before uint64 // of the first
	From   int32
	To     int32
	Change int32 // cells that changed; −1 unknown
	Group  PairGroup
}

// ChoosePairs takes up to limit flips and up to limit true changes, evenly,
// and for each flip the pair without one that is most like it: it has the
// label before or after the flip, and the most similar change of the input
// (the nearest in time among equals). No pair is taken twice; a flip may find
// none.
func ChoosePairs(flips, held, changes []PairOfFrames, limit int) []PairOfFrames {
	flips = evenly(flips, limit)
	out := slices.Clone(flips)
	for _, c := range evenly(changes, limit) {
		c.Group = TrueChange
		out = append(out, c)
	}
	taken := make(map[uint64]bool)
	for _, f := range flips {
		best := -1
		for i, h := range held {
			if taken[h.Seq] || h.To != f.From && h.To != f.To {
				continue
			}
			if best < 0 || lessAlike(f, held[best], h) {
				best = i
			}
		}
		if best >= 0 {
			taken[held[best].Seq] = true
			h := held[best]
			h.Group = Held
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b PairOfFrames) int { return cmp.Compare(a.Seq, b.Seq) })
	return out
}

// evenly takes up to limit of the pairs; no limit is 0.
func evenly(pairs []PairOfFrames, limit int) []PairOfFrames {
	if limit <= 0 || len(pairs) <= limit {
		return pairs
	}
	some := make([]PairOfFrames, limit)
	for i := range some {
		some[i] = pairs[i*len(pairs)/limit]
	}
	return some
}

// lessAlike says that a is less like f than b is.
func lessAlike(f, a, b PairOfFrames) bool {
	apart := func(x, y int64) int64 { return max(x-y, y-x) }
	da, db := apart(int64(f.Change), int64(a.Change)), apart(int64(f.Change), int64(b.Change))
	if da != db {
		return da > db
	}
	return apart(int64(f.Seq), int64(a.Seq)) > apart(int64(f.Seq), int64(b.Seq))
}

// GroupSteadiness is what the pairs of one group amount to.
type GroupSteadiness struct {
	Pairs int `json:"pairs"`
	// Touching counts the pairs of which a frame's label fails at least one
	// of the eight shifts.
	Touching int `json:"touching"`
	// Shifts is the share of shifts that fail, over both frames; Filters the
	// same for resize functions.
	Shifts  *Estimate `json:"failing_shifts"`
	Filters *Estimate `json:"failing_filters"`
}

// Explanation compares the groups.
type Explanation struct {
	Flips       GroupSteadiness `json:"flips"`
	Held        GroupSteadiness `json:"without_flip"`
	TrueChanges GroupSteadiness `json:"true_changes"`
	// Odds is the odds ratio of touching a frame whose label does not survive
	// a pixel, flips against pairs without: 0.5 is added to each count
	// (Haldane–Anscombe), the interval is Woolf's. TrueChangeOdds is that of
	// true changes against the same pairs, and FlipToTrueOdds that of flips
	// against true changes. Nil where a group is empty.
	Odds           *Estimate `json:"odds_ratio"`
	TrueChangeOdds *Estimate `json:"odds_ratio_true_changes"`
	FlipToTrueOdds *Estimate `json:"odds_ratio_flips_to_true_changes"`
}

// Explain computes the comparison. A pair without both frames is left out.
func Explain(pairs []PairOfFrames, frames map[uint64]*Steadiness) Explanation {
	var e Explanation
	for _, g := range []struct {
		group PairGroup
		into  *GroupSteadiness
	}{{Flipped, &e.Flips}, {Held, &e.Held}, {TrueChange, &e.TrueChanges}} {
		var failing, shifts, filtered, filters []float64
		for _, p := range pairs {
			a, b := frames[p.Before], frames[p.Seq]
			if p.Group != g.group || a == nil || b == nil {
				continue
			}
			g.into.Pairs++
			n := a.Failing() + b.Failing()
			if n > 0 {
				g.into.Touching++
			}
			failing, shifts = append(failing, float64(n)), append(shifts, 16)
			filtered = append(filtered, float64(a.FilteredFailing()+b.FilteredFailing()))
			filters = append(filters, float64(len(a.Filtered)+len(b.Filtered)))
		}
		g.into.Shifts, g.into.Filters = ratio(failing, shifts), ratio(filtered, filters)
	}
	e.Odds = oddsRatio(&e.Flips, &e.Held)
	e.TrueChangeOdds = oddsRatio(&e.TrueChanges, &e.Held)
	e.FlipToTrueOdds = oddsRatio(&e.Flips, &e.TrueChanges)
	return e
}

// oddsRatio compares two groups; nil where one has no pairs.
func oddsRatio(x, y *GroupSteadiness) *Estimate {
	k, n, l, m := x.Touching, x.Pairs, y.Touching, y.Pairs
	if n == 0 || m == 0 {
		return nil
	}
	a, b, c, d := float64(k)+.5, float64(n-k)+.5, float64(l)+.5, float64(m-l)+.5
	logOdds := math.Log(a * d / (b * c))
	se := math.Sqrt(1/a + 1/b + 1/c + 1/d)
	low, high := math.Exp(logOdds-wilsonZ*se), math.Exp(logOdds+wilsonZ*se)
	return &Estimate{Value: math.Exp(logOdds), Low: &low, High: &high, Pictures: n + m}
}
