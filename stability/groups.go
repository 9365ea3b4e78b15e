package stability

import "time"

const (
	maxGroups    = 64
	groupRecords = 8 // in a new group
	groupLabels  = 4 // told apart in a group
)

// groups hold what a window still needs of observations that left the ring
// of single records, several at a time. When there are too many, the two
// neighbours are joined that together are shortest for their age: the further
// back, the coarser.
type groups struct {
	list []group // oldest first

	// Clocks of the newest observation with a label that left the ring, and
	// of the newest that was no repeat.
	lastAny, lastNew time.Duration
}

type group struct {
	oldest, newest time.Duration
	lastRecord     uint64
	counts         counts
	labels         [groupLabels]labelTally
	others         uint32 // observations of further labels
}

type labelTally struct {
	label int32
	n     uint32
}

// add takes a record that leaves the ring and that a window still wants.
func (g *groups) add(rec *record, number uint64) {
	if n := len(g.list); n == 0 || g.list[n-1].counts.observations >= groupRecords {
		if n == maxGroups {
			g.join(rec.at)
		}
		g.list = append(g.list, group{oldest: rec.at})
	}
	to := &g.list[len(g.list)-1]
	to.newest, to.lastRecord = rec.at, number
	to.counts.add(rec)
	to.counts.addTime(rec, g.lastAny, g.lastNew)
	if rec.label != NoLabel && !rec.flags.has(flagRepeat) {
		to.addLabel(rec.label, 1)
	}
}

// passed remembers the time of a record that leaves the ring.
func (g *groups) passed(rec *record) {
	if rec.label == NoLabel {
		return
	}
	g.lastAny = rec.at
	if !rec.flags.has(flagRepeat) {
		g.lastNew = rec.at
	}
}

func (g *group) addLabel(label int32, n uint32) {
	for i := range g.labels {
		l := &g.labels[i]
		if l.n == 0 || l.label == label {
			l.label = label
			l.n += n
			return
		}
	}
	g.others += n
}

// join makes room by joining two neighbours.
func (g *groups) join(now time.Duration) {
	best, bestSpan := 0, 0.0
	for i := range len(g.list) - 1 {
		a, b := &g.list[i], &g.list[i+1]
		span := float64(b.newest-a.oldest) / float64(now-a.oldest+1)
		if i == 0 || span < bestSpan {
			best, bestSpan = i, span
		}
	}
	a, b := &g.list[best], &g.list[best+1]
	a.newest, a.lastRecord = b.newest, b.lastRecord
	a.counts.merge(&b.counts)
	for _, l := range b.labels {
		if l.n > 0 {
			a.addLabel(l.label, l.n)
		}
	}
	a.others += b.others
	g.list = append(g.list[:best+1], g.list[best+2:]...)
}

// forget drops the groups that lie before the time as a whole.
func (g *groups) forget(until time.Duration) {
	if len(g.list) == 0 || g.list[0].newest > until {
		return
	}
	n := 1
	for n < len(g.list) && g.list[n].newest <= until {
		n++
	}
	g.list = append(g.list[:0], g.list[n:]...)
}

// note tells the kind of a flip whose record is gone.
func (g *groups) note(f *pendingFlip) {
	for i := range g.list {
		if c := &g.list[i].counts; f.record <= g.list[i].lastRecord {
			if c.kinds[KindPending] == 0 {
				return // the record was dropped, not grouped
			}
			c.kinds[KindPending]--
			c.kinds[f.Kind]++
			if f.Unexplained {
				c.unexplained++
			}
			if f.first {
				c.glitches++
			}
			return
		}
	}
}

// counts are the sums that a window adds up.
type counts struct {
	observed, uncovered        time.Duration
	mac, score                 fixedSum32
	t5d, t5dPairs              uint32
	observations, repeats      uint32
	pairs, flips               uint32
	decidedPairs, decidedFlips uint32
	stillPairs, stillFlips     uint32
	movingPairs, movingFlips   uint32
	cutChanges                 uint32
	glitches, unexplained      uint32
	breaks                     [numReasons]uint32
	kinds                      [numKinds]uint32
}

// fixedSum32 is a fixedSum with a short count.
type fixedSum32 struct {
	sum uint64
	n   uint32
}

func (s *fixedSum32) add(x float32) {
	if !isNaN32(x) {
		s.sum += uint64(float64(min(max(x, 0), 1))*fixedOne + 0.5)
		s.n++
	}
}

func (s *fixedSum32) mean() float64 {
	if s.n == 0 {
		return nan()
	}
	return float64(s.sum) / fixedOne / float64(s.n)
}

// add counts a record, except for its durations.
func (c *counts) add(rec *record) {
	f := rec.flags
	c.observations++
	if f.has(flagRepeat) {
		c.repeats++
		return
	}
	if rec.label != NoLabel {
		c.score.add(rec.score)
	}
	if !f.has(flagPair) {
		c.breaks[f.reason()]++
		if f.has(flagCutChange) {
			c.cutChanges++
		}
		return
	}
	flip := uint32(0)
	if f.has(flagFlip) {
		flip = 1
		c.kinds[f.kind()]++
	}
	c.pairs++
	c.flips += flip
	if f.has(flagDecided) {
		c.decidedPairs++
		c.decidedFlips += flip
	}
	if f.has(flagStill) {
		c.stillPairs++
		c.stillFlips += flip
	}
	if f.has(flagMoving) {
		c.movingPairs++
		c.movingFlips += flip
	}
	if f.has(flagUnexplained) {
		c.unexplained++
	}
	if f.has(flagGlitchStart) {
		c.glitches++
	}
	c.mac.add(rec.mac)
	if rec.t5d >= 0 {
		c.t5d += uint32(rec.t5d)
		c.t5dPairs++
	}
}

// addTime counts the duration of a record's pair or break. lastAny and
// lastNew are as in groups, for the records before.
func (c *counts) addTime(rec *record, lastAny, lastNew time.Duration) {
	switch r := rec.flags.reason(); {
	case !rec.flags.has(flagTimed):
	case rec.flags.has(flagPair):
		c.observed += rec.at - lastNew
	case r != ReasonNone && r != ReasonCut:
		c.uncovered += interval(lastAny, rec.at)
	}
}

func (c *counts) merge(o *counts) {
	c.observed += o.observed
	c.uncovered += o.uncovered
	c.mac.sum += o.mac.sum
	c.mac.n += o.mac.n
	c.score.sum += o.score.sum
	c.score.n += o.score.n
	c.t5d += o.t5d
	c.t5dPairs += o.t5dPairs
	c.observations += o.observations
	c.repeats += o.repeats
	c.pairs += o.pairs
	c.flips += o.flips
	c.decidedPairs += o.decidedPairs
	c.decidedFlips += o.decidedFlips
	c.stillPairs += o.stillPairs
	c.stillFlips += o.stillFlips
	c.movingPairs += o.movingPairs
	c.movingFlips += o.movingFlips
	c.cutChanges += o.cutChanges
	c.glitches += o.glitches
	c.unexplained += o.unexplained
	for i := range c.breaks {
		c.breaks[i] += o.breaks[i]
	}
	for i := range c.kinds {
		c.kinds[i] += o.kinds[i]
	}
}
