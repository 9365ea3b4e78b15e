package stability

import (
	"cmp"
	"slices"
	"time"
)

// Snapshot computes the measures of the window of the given width that ends
// at the newest observation: of the observations, pairs and breaks with
// At−width < PTS ≤ At. It may be any width up to the widest configured one.
//
// It is exact while the window holds no more observations than
// Config.WindowExact (1,024: half a minute at 30 fps). Of a longer window the
// older edge lies up to 8 % of the width too early, and EntropyBits counts
// the rarer labels of the older part as one.
//
// FlipFraction's interval is Wilson's with the effective number of pairs,
// estimated from blocks of one second by the ratio estimator (Kish 1965): the
// cheaper form of Summary's bootstrap, for something that is asked for many
// times a minute. UnexplainedFraction counts flips whose kind is known.
//
// A pair or break counts with its full duration, also where it began before
// the window. Where PTS has gone backwards, time goes on from there. Without
// times there are no windows: all counts are 0.
func (t *Tracker) Snapshot(width time.Duration, w *Window) {
	*w = Window{Width: width}
	var c counts
	var e effective
	t.scratch = t.scratch[:0]
	if t.clock.begun && t.clock.hasPTS {
		w.At = t.clock.pts
		e.block = t.cfg.Block
		t.collect(t.clock.now-width, &c, &e)
		w.Top = Ranked{Index: t.prev.label, Score: t.prev.score}
		w.FlappingPercent = t.flapping.Percent()
	} else {
		w.Top = Ranked{Index: NoLabel, Score: nan32()}
		w.FlappingPercent = nan()
	}
	w.fill(&c)
	w.FlipFraction = e.interval()
	w.EntropyBits = t.entropyOfScratch()
}

// collect adds up everything newer than after, newest first.
func (t *Tracker) collect(after time.Duration, c *counts, e *effective) {
	r := &t.recent
	oldest := r.oldest()
	// A record's duration is known once the one before it has been found.
	waitNew, waitAny := false, false
	var pair, gap record
	done := false
	for i := r.next; i > oldest; i-- {
		rec := r.at(i - 1)
		if rec.label != NoLabel {
			if waitAny {
				c.addTime(&gap, rec.at, 0)
				waitAny = false
			}
			if waitNew && !rec.flags.has(flagRepeat) {
				c.addTime(&pair, 0, rec.at)
				waitNew = false
			}
		}
		if rec.at <= after {
			done = true
			if !waitAny && !waitNew {
				break
			}
			continue
		}
		c.add(rec)
		e.add(rec)
		if rec.label == NoLabel || rec.flags.has(flagRepeat) {
			continue
		}
		t.addScratch(rec.label, 1)
		if rec.flags.has(flagPair) {
			pair, waitNew = *rec, true
		} else {
			gap, waitAny = *rec, true
		}
	}
	g := &t.groups
	if waitAny {
		c.addTime(&gap, g.lastAny, 0)
	}
	if waitNew {
		c.addTime(&pair, 0, g.lastNew)
	}
	e.endBlock()
	if done {
		return
	}
	for i := len(g.list) - 1; i >= 0 && g.list[i].newest > after; i-- {
		x := &g.list[i]
		c.merge(&x.counts)
		e.addBlock(int64(x.counts.flips), int64(x.counts.pairs))
		for _, l := range x.labels {
			if l.n > 0 {
				t.addScratch(l.label, int64(l.n))
			}
		}
		if x.others > 0 {
			t.addScratch(NoLabel, int64(x.others))
		}
	}
}

// addScratch collects label counts for the entropy, runs first.
func (t *Tracker) addScratch(label int32, n int64) {
	if k := len(t.scratch); k > 0 && t.scratch[k-1].Label == label {
		t.scratch[k-1].Count += n
		return
	}
	t.scratch = append(t.scratch, LabelCount{label, n})
}

func (t *Tracker) entropyOfScratch() float64 {
	slices.SortFunc(t.scratch, func(a, b LabelCount) int { return cmp.Compare(a.Label, b.Label) })
	t.scratchCounts = t.scratchCounts[:0]
	for i, l := range t.scratch {
		if i > 0 && l.Label == t.scratch[i-1].Label {
			t.scratchCounts[len(t.scratchCounts)-1] += l.Count
			continue
		}
		t.scratchCounts = append(t.scratchCounts, l.Count)
	}
	return EntropyBits(t.scratchCounts)
}

func (w *Window) fill(c *counts) {
	w.Observations, w.Repeats = int64(c.observations), int64(c.repeats)
	w.Pairs, w.Flips = int64(c.pairs), int64(c.flips)
	w.DecidedPairs, w.DecidedFlips = int64(c.decidedPairs), int64(c.decidedFlips)
	w.StillPairs, w.StillFlips = int64(c.stillPairs), int64(c.stillFlips)
	w.MovingPairs, w.MovingFlips = int64(c.movingPairs), int64(c.movingFlips)
	for i := ReasonGap; i < numReasons; i++ {
		w.Breaks[i] = int64(c.breaks[i])
	}
	for i := KindPending; i < numKinds; i++ {
		w.Kinds[i] = int64(c.kinds[i])
	}
	w.CutChanges = int64(c.cutChanges)
	w.Glitches, w.Unexplained = int64(c.glitches), int64(c.unexplained)
	w.Observed, w.Uncovered = c.observed, c.uncovered

	w.UnexplainedFraction = ratio(w.Unexplained, w.Pairs)
	w.DecidedFlipFraction = ratio(w.DecidedFlips, w.DecidedPairs)
	w.FlipRateHz = float64(w.Flips) / w.Observed.Seconds()
	if w.Observed == 0 {
		w.FlipRateHz = nan()
	}
	w.MAC, w.T5D = nan(), nan()
	if c.mac.n == c.pairs {
		w.MAC = c.mac.mean()
	}
	if c.t5dPairs == c.pairs {
		w.T5D = ratio(int64(c.t5d), int64(c.pairs))
	}
	w.Coverage = ratio(int64(w.Observed), int64(w.Observed+w.Uncovered))
	w.MeanScore = c.score.mean()
}

// effective estimates a fraction's effective number of pairs from blocks.
type effective struct {
	block                  time.Duration
	end                    time.Duration // of the block
	num, den               int64         // of the block
	n, sumNum, sumDen      int64
	numNum, numDen, denDen int64 // Σ of products over blocks
}

// add takes a record, newest first.
func (e *effective) add(rec *record) {
	if rec.flags.has(flagRepeat) {
		return
	}
	if !rec.flags.has(flagPair) {
		e.endBlock()
		return
	}
	if e.den == 0 {
		e.end = rec.at
	} else if e.end-rec.at >= e.block {
		e.endBlock()
		e.end = rec.at
	}
	e.den++
	if rec.flags.has(flagFlip) {
		e.num++
	}
}

func (e *effective) endBlock() {
	e.addBlock(e.num, e.den)
	e.num, e.den = 0, 0
}

func (e *effective) addBlock(num, den int64) {
	if den == 0 {
		return
	}
	e.n++
	e.sumNum += num
	e.sumDen += den
	e.numNum += num * num
	e.numDen += num * den
	e.denDen += den * den
}

func (e *effective) interval() Interval {
	f := fraction{e.sumNum, e.sumDen}
	p, n := ratio(f.num, f.den), float64(f.den)
	if needsWilson(f) || e.n < 2 {
		return Wilson(p, n)
	}
	m := float64(e.n)
	residual := float64(e.numNum) - 2*p*float64(e.numDen) + p*p*float64(e.denDen)
	design := residual * m / (m - 1) / (n * p * (1 - p))
	return Wilson(p, n/max(1, design))
}
