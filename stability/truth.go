package stability

import (
	"errors"
	"fmt"
)

// TruthConfig holds what the scores against a truth depend on. The zero value
// is not valid: start from DefaultTruthConfig.
type TruthConfig struct {
	// Tolerance is how many pairs a flip may lie before or behind a change of
	// the truth to be a flip at a true change.
	Tolerance int
	// Background is the class that forms no segment in Edit and F1; NoLabel
	// if there is none. The sources call it "background".
	Background int32
	// Near is the k of pm_k: an anchor frame is right if all frames up to k
	// before and behind it are.
	Near int
	// Window is the n of vc_n, in frames.
	Window int
	// Sets are those of a truth that allows several labels for a frame; nil
	// if it never does. They must not change while a scorer has them.
	Sets *TruthSets
}

// DefaultTruthConfig holds the values of the definitions: pm_10, vc_16.
func DefaultTruthConfig() TruthConfig {
	return TruthConfig{Background: NoLabel, Near: 10, Window: 16}
}

const maxTruthFrames = 100_000

// Validate says everything that is wrong with the configuration.
func (c TruthConfig) Validate() error {
	var errs []error
	check := func(name string, got, low int) {
		if got < low || got > maxTruthFrames {
			errs = append(errs, fmt.Errorf("%s: must be between %d and %d frames, got %d", name, low, maxTruthFrames, got))
		}
	}
	check("truth_tolerance", c.Tolerance, 0)
	check("near", c.Near, 0)
	check("window", c.Window, 1)
	return errors.Join(errs...)
}

// TruthScorer compares one stream's labels with the truth, in one pass and
// with bounded state, beside the Tracker that follows the stream. See
// TruthSummary for the scores.
//
// A frame whose truth is not known (NoLabel) is left out: the segments of
// either side go on over it, windows of frames don't. A frame that has a
// truth and no label is wrong. Where the truth is a set of labels (see
// TruthSets), a frame is right with any of them, the truth changes where the
// set does, and its top five are right with any of them in it. Segments are
// defined for one label a frame: Edit and the F1 are not known as soon as one
// frame has several. Repeated pictures are frames like any other,
// except that, as always, they are no pairs.
type TruthScorer struct {
	cfg TruthConfig
	sum TruthSums

	segments segmentMatch
	near     nearCounter
	window   windowCounter
	flips    truthFlips

	// Of the newest observation that is no repeat and has a label.
	have   bool
	truth  int32
	ranked bool // five classes, or all
	inTop  bool // its true class is among them
}

// NewTruthScorer panics if the configuration is not valid: check what users
// gave with TruthConfig.Validate first.
func NewTruthScorer(cfg TruthConfig) *TruthScorer {
	if err := cfg.Validate(); err != nil {
		panic("BUG: stability.NewTruthScorer: " + err.Error())
	}
	s := &TruthScorer{cfg: cfg}
	s.segments.background = cfg.Background
	s.near.k, s.window.n = int64(cfg.Near), int64(cfg.Window)
	s.flips.tolerance = int64(cfg.Tolerance)
	s.sum.streams = 1
	return s
}

// Observe takes the next observation with its true class, the number of the
// set of its true classes, or NoLabel where that is not known. u is what the tracker said of the same observation.
func (s *TruthScorer) Observe(o *Observation, u *Update, truth int32) {
	s.flips.late(u, &s.sum)
	s.frame(o, u, truth)
	if o.Label == NoLabel || u.Repeat {
		return
	}
	s.pair(o, u, truth)
}

// Flush takes what the tracker's Flush said, at the stream's end.
func (s *TruthScorer) Flush(u *Update) {
	s.flips.late(u, &s.sum)
	s.flips.endRun(&s.sum)
	s.have = false
}

// Sums are the stream's contribution to the scores, as if it ended now; the
// scorer goes on unchanged. It is the caller's. Kinds that the tracker has not
// told yet are missing: Flush both first for those.
func (s *TruthScorer) Sums() *TruthSums {
	out := s.sum
	s.segments.finish(&out)
	s.near.finish(&out)
	return &out
}

// frame counts what is a matter of single frames in their order.
func (s *TruthScorer) frame(o *Observation, u *Update, truth int32) {
	switch {
	case truth == NoLabel, o.Label == NoLabel,
		u.Break != ReasonNone && u.Break != ReasonCut:
		s.near.end(&s.sum)
		s.window.end()
	}
	if truth == NoLabel {
		return
	}
	right := s.cfg.Sets.allows(truth, o.Label)
	s.sum.frames++
	if right {
		s.sum.correct++
	}
	if truth < NoLabel {
		s.sum.severalLabels = true
	}
	if !s.sum.severalLabels {
		s.segments.add(o.Label, truth, &s.sum)
	}
	if o.Label == NoLabel {
		return
	}
	s.near.add(right, &s.sum)
	s.window.add(o.Label, truth, &s.sum)
}

// pair counts what is a matter of pairs.
func (s *TruthScorer) pair(o *Observation, u *Update, truth int32) {
	before, ranked, inTop := s.truth, s.ranked, s.inTop
	known := s.have && truth != NoLabel && before != NoLabel
	s.have, s.truth = true, truth
	s.ranked = o.N == TopK || o.N > 0 && o.TopComplete
	s.inTop = s.ranked && s.cfg.Sets.anyIn(o.Top[:o.N], truth)
	if !u.Pair {
		s.flips.endRun(&s.sum)
		return
	}
	if !known {
		s.flips.endRun(&s.sum)
		s.sum.pairsWithoutTruth++
		return
	}
	s.flips.pair(u, truth != before, &s.sum)
	if !ranked || !s.ranked {
		s.sum.pairsWithoutRanks++
		return
	}
	if inTop != s.inTop {
		s.sum.top5Changes++
	}
	if truth == before {
		s.sum.top5Samples++
		if inTop && !s.inTop {
			s.sum.top5Lost++
		}
	}
}
