package stability

import "time"

// A label is held once it has lasted DwellMin in at least holdFrames frames.
const holdFrames = 3

// maxPending bounds the flips that wait for a decision.
const maxPending = 256

// The rules of the kinds, on the segments (constant label) of one run. A
// segment lasts from its first frame to the first frame of the next segment;
// the last one of a run lasts, as far as is known, to the run's newest
// observation. Repeated pictures let time pass but are no frames. A segment
// is held if it lasts ≥ DwellMin and has ≥ 3 frames; glitches are not removed
// for this.
//
// Because DwellMin > GlitchMax, no segment within a glitch is held. So, with
// "anchor" for a held segment, the scan from left to right over disjoint
// excursions comes down to looking at two neighbouring anchors, labels A and
// B, with n segments in between:
//
//   - n = 0: the flip between them is a transition (removing glitches only
//     joins held segments, so it makes and unmakes no anchor);
//   - n > 0, A = B, no segment in between has label A, and the excursion
//     lasts ≤ GlitchMax from its first frame to the return, or is a single
//     frame: all n+1 flips are one glitch;
//   - else: churn.
//
// A flip that is none of the first two within its run is censored if frames
// put before or behind the run, or both, could make it one. Before the first
// anchor of a run there are two things which earlier frames may bring about:
// the run's first segment may have been held ("seg0"), or the whole beginning
// may belong to an excursion from an anchor that ended right before the run
// ("outside"). A class that wasn't seen in the run is assumed to exist.
//
// All flips since the last anchor share one fate, so a few words of state are
// enough; see alive.
type kindScan struct {
	dwellMin, glitchMax time.Duration

	cur       segment
	runStart  time.Duration
	runFrames int64 // of the run's first segment; valid once it is closed

	// left is the label of the last anchor, or, if anchored is false, of
	// the run's first segment.
	left     int32
	anchored bool
	held     bool // the current segment is an anchor (then it is left)
	depth    int  // segments since left, the current one included
	// away is when the excursion from left began, awayFrames how many
	// frames its first segment has.
	away       time.Duration
	awayFrames int64
	ret        returnState
	// fresh: the current segment's label is new in its run and it began
	// early enough to end an excursion that began before the run.
	fresh bool
	dead  bool // nothing can make the undecided flips a glitch or transition
}

// segment is a stretch of one run with a constant label.
type segment struct {
	label  int32
	start  time.Duration
	frames int64
}

// returnState follows the excursion from left.
type returnState uint8

const (
	returnOpen   returnState = iota // not yet back, in time so far
	returnBack                      // the current segment is the first return
	returnFailed                    // too late, or back only shortly
)

// begin starts a run with its first frame.
func (s *kindScan) begin(label int32, at time.Duration) {
	*s = kindScan{
		dwellMin: s.dwellMin, glitchMax: s.glitchMax,
		cur: segment{label, at, 1}, runStart: at, left: label,
	}
}

// frame adds a further frame of the current label, or with repeat only time.
// The result is what became of the undecided flips: KindNone if they stay so.
func (s *kindScan) frame(at time.Duration, repeat bool) Kind {
	if s.held {
		if !repeat {
			s.cur.frames++
		}
		return KindNone
	}
	if !repeat {
		s.cur.frames++
		if s.depth == 1 {
			s.awayFrames++
		}
	}
	if k := s.hold(at); s.held {
		return k
	}
	if s.ret == returnOpen && s.depth > 0 && !s.mayReturn(at) {
		s.ret = returnFailed
	}
	return s.dying(at)
}

// close tells that the current segment ends at a flip at the given time.
// It may have become held just then.
func (s *kindScan) close(at time.Duration) Kind {
	if s.held {
		return KindNone
	}
	return s.hold(at)
}

// flip starts the next segment after close. inRun tells whether a label
// occurred in the run's segments since its beginning; it is only asked before
// the first anchor and within GlitchMax of the run's start.
func (s *kindScan) flip(label int32, at time.Duration, inRun func(int32) bool) Kind {
	if !s.anchored && s.depth == 0 {
		s.runFrames = s.cur.frames
	}
	s.cur = segment{label, at, 1}
	s.held = false
	s.depth++
	switch {
	case s.depth == 1:
		s.away, s.awayFrames, s.ret, s.dead = at, 1, returnOpen, false
	case s.ret == returnOpen && label == s.left:
		s.ret = returnFailed
		if at-s.away <= s.glitchMax || s.depth == 2 && s.awayFrames == 1 {
			s.ret = returnBack
		}
	case s.ret == returnBack, s.ret == returnOpen && !s.mayReturn(at):
		s.ret = returnFailed
	}
	if !s.anchored {
		inTime := at-s.runStart <= s.glitchMax || s.depth == 1 && s.runFrames == 1
		s.fresh = inTime && !inRun(label)
	}
	return s.dying(at)
}

// mayReturn says whether a return later than at would still end the
// excursion in time.
func (s *kindScan) mayReturn(at time.Duration) bool {
	return at-s.away < s.glitchMax || s.depth == 1 && s.awayFrames == 1
}

// hold makes the current segment an anchor if it lasts long enough at the
// given time, which decides all flips since the one before.
func (s *kindScan) hold(at time.Duration) Kind {
	if s.cur.frames < holdFrames || at-s.cur.start < s.dwellMin {
		return KindNone
	}
	k := KindNone
	switch {
	case s.depth == 0, s.dead:
	case s.depth == 1, s.ret == returnBack:
		k = KindTransition
		if s.depth > 1 {
			k = KindGlitch
		}
		if !s.anchored {
			k = KindCensored
		}
	case !s.anchored && s.fresh:
		k = KindCensored
	default:
		k = KindChurn
	}
	s.left, s.anchored, s.held, s.depth = s.cur.label, true, true, 0
	s.dead = false
	return k
}

// dying decides the flips for which no hope is left.
func (s *kindScan) dying(at time.Duration) Kind {
	if s.dead || s.depth == 0 || s.alive(at) {
		return KindNone
	}
	s.dead = true
	return KindChurn
}

// alive says whether frames before and behind the run could still make the
// flips since left a transition or a glitch.
func (s *kindScan) alive(at time.Duration) bool {
	if s.depth == 1 || s.ret != returnFailed {
		return true
	}
	return !s.anchored && (s.fresh || at-s.runStart < s.glitchMax)
}
