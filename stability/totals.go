package stability

import "time"

// maxLabelPairs bounds the table of flips from one label to another; pairs
// that first occur when it is full are counted together.
const maxLabelPairs = 1024

const (
	scoreSteps  = 1024
	changeCells = 32 * 32
)

// totals are the sums over a whole stream. All are integers, so that totals
// of streams can be merged in any order.
type totals struct {
	frames, repeats           int64
	observed, uncovered       time.Duration
	coveredTo                 time.Duration // tracker's clock
	labelled                  bool          // an observation with a label was seen
	untimed                   bool          // one without a time was seen
	first, last               time.Duration
	breaks                    [numReasons]int64
	cuts, cutChanges          int64
	pictures, scored, decided int64 // observations that are no repeats
	kinds                     [numKinds]int64
	glitches, unexplained     int64
	near                      int64 // flips near a cut
	mac                       fixedSum
	t5d, t5dPairs             int64

	labels      map[int32]int64
	labelsOther int64 // observations of labels beyond maxTracked
	labelPairs  map[labelPair]int64
	pairsOther  int64

	dwell, dwellFrames histogram
	scores             []uint32 // histogram of top-1 scores
	changes            []changeCount
}

type labelPair struct{ from, to int32 }

// changeCount are pairs with their flips at one number of changed cells.
type changeCount struct{ pairs, flips uint32 }

func (s *totals) init() {
	s.labels = make(map[int32]int64)
	s.labelPairs = make(map[labelPair]int64)
}

// observe counts an observation that is no repeat and has a label.
func (s *totals) observe(o *Observation, minScore float32) {
	s.labelled = true
	s.pictures++
	if isNaN32(o.Score) {
		return
	}
	s.scored++
	if o.Score >= minScore {
		s.decided++
	}
	if s.scores == nil {
		s.scores = make([]uint32, scoreSteps+1)
	}
	s.scores[int(min(max(o.Score, 0), 1)*scoreSteps)]++
}

func (s *totals) addBreak(r Reason, now time.Duration) {
	s.breaks[r]++
	if r != ReasonCut {
		s.uncovered += interval(s.coveredTo, now)
	}
}

// addChange counts a pair with the number of changed cells.
func (s *totals) addChange(change int32, flip bool) {
	if change < 0 {
		return
	}
	if s.changes == nil {
		s.changes = make([]changeCount, changeCells+1)
	}
	c := &s.changes[min(change, changeCells)]
	c.pairs++
	if flip {
		c.flips++
	}
}

func (s *totals) addLabelPair(from, to int32) {
	k := labelPair{from, to}
	if n, known := s.labelPairs[k]; known || len(s.labelPairs) < maxLabelPairs {
		s.labelPairs[k] = n + 1
		return
	}
	s.pairsOther++
}

// endSegment counts a stretch of one label; timed says that it is known how
// long it was held.
func (s *totals) endSegment(seg segment, held time.Duration, timed bool) {
	if n, known := s.labels[seg.label]; known || len(s.labels) < maxTracked {
		s.labels[seg.label] = n + seg.frames
	} else {
		s.labelsOther += seg.frames
	}
	s.dwellFrames.add(seg.frames)
	if timed {
		s.dwell.add(int64(held))
	}
}
