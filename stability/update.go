package stability

import "time"

// Update is what one call of Tracker.Observe, Break or Flush found out. The
// caller owns it and passes the same one again; its slices are overwritten.
type Update struct {
	// Pair is set if the observation forms a pair with an earlier one; the
	// next fields say what kind of pair.
	Pair    bool
	Decided bool   // both scores are at least the tracker's MinScore
	Still   Tri    // no cell of the change map changed
	Flip    bool   // the labels differ
	Repeat  bool   // the picture was a repeated one: no pair, no break
	Break   Reason // why there is no pair, where an earlier observation exists
	// CutChange is set where there is a cut instead of a pair, and the
	// labels on its two sides differ.
	CutChange bool
	// FlipAt is the flip of this pair, its kind pending; valid if Flip.
	FlipAt Flip
	// Late holds earlier flips about which something is known now: their
	// kind, or at last how long the label after them was held (Final). In
	// the order of their Seq.
	Late []Flip
}

// Flip is one change of the top-1 label between two adjacent observations.
type Flip struct {
	Epoch  uint64
	Seq    uint64 // of the observation that carries the new label
	PTS    time.Duration
	HasPTS bool

	From, To           int32
	FromScore, ToScore float32 // of From before, of To after
	// MarginBefore and MarginAfter are p(top1)−p(top2) of the two
	// observations; NaN where unknown.
	MarginBefore, MarginAfter float32

	Decided bool
	Still   Tri
	NearCut bool // a cut within ±120 ms
	Change  int32

	Kind Kind
	// GlitchID numbers the excursions of a stream from 1; all flips of one
	// share it. 0 if the kind is not KindGlitch.
	GlitchID uint64
	// Unexplained: not near a cut, and a glitch or in a still pair.
	Unexplained bool
	// HeldBefore and HeldAfter are how long the label before the flip had
	// been held and the label after it was held then, within the run and
	// raw (glitches not removed). HeldAfter is what is known so far until
	// Final.
	HeldBefore, HeldAfter time.Duration

	// Revision is 0 when the flip is first seen and grows by one each time
	// it is told again. Kind is never pending from revision 1 on, and never
	// changes after that. Final marks the last revision.
	Revision int
	Final    bool
}

func (u *Update) reset() {
	if u.Flip {
		u.FlipAt = Flip{}
	}
	u.Pair, u.Decided, u.Still, u.Flip, u.Repeat = false, false, Unknown, false, false
	u.Break, u.CutChange = ReasonNone, false
	u.Late = u.Late[:0]
}
