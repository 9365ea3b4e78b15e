package stability

import (
	"math"
	"time"
)

// measure is one of the fractions that get an interval.
type measure int

const (
	measureFlips measure = iota
	measureUnexplained
	measureDecided
	measureStill
	measureMoving
	numMeasures
)

// fraction is a numerator and its denominator, in pairs.
type fraction struct{ num, den int64 }

func (f *fraction) add(g fraction) { f.num += g.num; f.den += g.den }

// fractions are what some pairs contribute to every measure.
type fractions [numMeasures]fraction

func (f *fractions) add(g *fractions) {
	for m := range f {
		f[m].add(g[m])
	}
}

func (f *fractions) minus(g *fractions) (d fractions) {
	for m := range f {
		d[m] = fraction{f[m].num - g[m].num, f[m].den - g[m].den}
	}
	return d
}

// countedFlags are those on which it depends what a pair contributes.
const countedFlags = flagFlip | flagUnexplained | flagDecided | flagStill | flagMoving

// addFlags adds sign times what one pair contributes.
func (f *fractions) addFlags(flags recordFlags, sign int64) {
	if flags&countedFlags == 0 { // most pairs: nothing is known but the labels
		f[measureFlips].den += sign
		f[measureUnexplained].den += sign
		return
	}
	flip := sign
	if !flags.has(flagFlip) {
		flip = 0
	}
	f[measureFlips].den += sign
	f[measureFlips].num += flip
	f[measureUnexplained].den += sign
	if flags.has(flagUnexplained) {
		f[measureUnexplained].num += sign
	}
	if flags.has(flagDecided) {
		f[measureDecided].den += sign
		f[measureDecided].num += flip
	}
	switch {
	case flags.has(flagStill):
		f[measureStill].den += sign
		f[measureStill].num += flip
	case flags.has(flagMoving):
		f[measureMoving].den += sign
		f[measureMoving].num += flip
	}
}

const (
	// batchPairs is how many pairs a stream may have before batch means
	// replace the bootstrap.
	batchPairs = 1_000_000
	// blockMostRecords keeps a block within the ring, whatever the rate.
	blockMostRecords = 512
)

// blocks cuts the runs of a stream into the moving blocks of the bootstrap
// (Künsch, Annals of Statistics 17, 1989): every stretch of one second of
// video within a run, one beginning at each pair. Blocks at the two ends of a
// run are cut off there instead of being left out, so that every pair lies in
// equally many blocks; a run shorter than a second is one block.
//
// Only how often each block content (pairs, flips) occurred is kept, which is
// all that a bootstrap of a fraction needs, takes little memory, and can be
// added up in any order. Each run has a weight of its number of pairs.
//
// Pairs arrive in order, once their kinds are settled.
type blocks struct {
	length time.Duration
	pairs  int64 // length of a block without times

	done    uint64 // number of the next record to take
	tail    uint64 // number of the oldest record in the current block
	inRun   bool
	timed   bool
	long    bool // the run is at least one block long
	current fractions
	weight  int64 // Σ pairs of the run's blocks so far

	open   [numMeasures]tally // the run's blocks
	closed [numMeasures]tally // those of earlier runs, by weight
	repeat [numMeasures]sameAgain
	// again is how many blocks more have the contents in repeat, and as is set
	// where current has, too.
	again  int64
	steady bool

	// total is of all pairs. What a run, a half block or a batch holds is the
	// difference from what it was at its beginning: of all sums, only this
	// one and current are kept up pair by pair.
	total    fractions
	runStart fractions
	// The run cut into pieces of half a block: see undercount.
	halfStart fractions
	halfFrom  time.Duration
	halves    [numMeasures]squares
	batches   batches
}

// sameAgain saves looking up the same block content again and again.
type sameAgain struct {
	fraction
	n int64
}

func newBlocks(length time.Duration, pairs int) blocks {
	return blocks{length: length, pairs: int64(pairs)}
}

// advance takes the records before the number upTo.
func (b *blocks) advance(r *ring, upTo uint64) {
	for ; b.done < upTo; b.done++ {
		rec := r.at(b.done)
		switch {
		case rec.flags.has(flagRepeat):
			// Neither pair nor break.
		case rec.flags.has(flagPair):
			b.pair(r, rec)
		default:
			b.endRun(r)
			b.inRun, b.timed = rec.label != NoLabel, rec.flags.has(flagTimed)
			b.tail, b.halfFrom = b.done, rec.at
		}
	}
	if !b.inRun || b.frozen() {
		b.tail = b.done
	}
}

// frozen says whether there are so many pairs that only batches count.
func (b *blocks) frozen() bool { return b.total[measureFlips].den > batchPairs }

func (b *blocks) pair(r *ring, rec *record) {
	if b.cutsHalf(rec.at) {
		b.endHalf()
	}
	b.batches.next(&b.total)
	b.total.addFlags(rec.flags, 1)
	if b.frozen() {
		return
	}
	if b.steady && b.slides(r, rec) {
		b.tail++
		b.weight += b.current[measureFlips].den
		b.again++
		return
	}
	b.current.addFlags(rec.flags, 1)
	for b.tail < b.done && b.tooLong(r.at(b.tail).at, rec.at, b.tail) {
		b.dropTail(r)
	}
	b.emit()
}

// slides says whether taking the pair and dropping one like it at the other end
// is all that happens to the block: most of the time, where labels are held.
func (b *blocks) slides(r *ring, rec *record) bool {
	if !b.timed || !b.long || b.done-b.tail >= blockMostRecords {
		return false
	}
	tail := r.at(b.tail)
	return tail.flags.has(flagPair) && (tail.flags^rec.flags)&countedFlags == 0 &&
		rec.at-tail.at >= b.length && rec.at-r.at(b.tail+1).at < b.length
}

// tooLong says whether the block may no longer hold the record tail, which
// is at the time at, if its end is at now. It then is full for the first time.
func (b *blocks) tooLong(at, now time.Duration, tail uint64) bool {
	var long bool
	if b.timed {
		long = now-at >= b.length
	} else {
		long = b.current[measureFlips].den > b.pairs
	}
	if b.done-tail >= blockMostRecords {
		long = true
	}
	b.long = b.long || long
	return long
}

func (b *blocks) dropTail(r *ring) {
	if f := r.at(b.tail).flags; f.has(flagPair) {
		b.current.addFlags(f, -1)
	}
	b.tail++
}

// leave lets go of a record that the ring is about to overwrite.
func (b *blocks) leave(r *ring, number uint64) {
	if b.done <= number {
		b.advance(r, number+1)
	}
	for b.tail <= number {
		b.long = b.inRun
		b.steady = false
		b.dropTail(r)
	}
}

// emit counts the current block.
func (b *blocks) emit() {
	b.weight += b.current[measureFlips].den
	for m := range b.current {
		s := &b.repeat[m]
		s.n += b.again
		if s.fraction != b.current[m] {
			b.open[m].add(s.fraction, s.n)
			*s = sameAgain{fraction: b.current[m]}
		}
		s.n++
	}
	b.again, b.steady = 0, true
}

// endRun counts the blocks at the run's end and gives the run its weight.
func (b *blocks) endRun(r *ring) {
	run := b.total.minus(&b.runStart)
	n := run[measureFlips].den
	if n > 0 && !b.frozen() {
		b.endHalf()
		if !b.long {
			b.weight = 0
			for m := range b.open {
				b.open[m].clear()
				b.repeat[m] = sameAgain{}
			}
			b.again = 0
			b.current = run
			b.emit()
		}
		for ; b.long && b.tail < b.done; b.tail++ {
			f := r.at(b.tail).flags
			if !f.has(flagPair) {
				continue
			}
			b.current.addFlags(f, -1)
			if b.current[measureFlips].den > 0 {
				b.emit()
			}
		}
		for m := range b.open {
			b.open[m].add(b.repeat[m].fraction, b.repeat[m].n+b.again)
			b.closed[m].addScaled(&b.open[m], n, b.weight)
		}
	}
	for m := range b.open {
		b.open[m].clear()
		b.repeat[m] = sameAgain{}
	}
	b.again, b.steady = 0, false
	b.inRun, b.long, b.weight = false, false, 0
	b.current, b.runStart, b.halfStart = fractions{}, b.total, b.total
	b.tail = b.done
}

// cutsHalf says whether a pair at the given time begins a new half block.
func (b *blocks) cutsHalf(at time.Duration) bool {
	if !b.timed {
		return 2*(b.total[measureFlips].den-b.halfStart[measureFlips].den) >= b.pairs
	}
	if at-b.halfFrom <= b.length/2 {
		return false
	}
	b.halfFrom = max(b.halfFrom+b.length/2, at-b.length/2)
	return true
}

func (b *blocks) endHalf() {
	half := b.total.minus(&b.halfStart)
	for m := range half {
		b.halves[m].add(half[m], 1)
	}
	b.halfStart = b.total
}

// squares are sums over pieces of video from which the variance of a fraction
// follows.
type squares struct{ numNum, numDen, denDen, den int64 }

func (s *squares) add(f fraction, n int64) {
	s.numNum += n * f.num * f.num
	s.numDen += n * f.num * f.den
	s.denDen += n * f.den * f.den
	s.den += n * f.den
}

// variance is that of the sum of flips over p times the pairs, per pair.
func (s *squares) variance(p float64) float64 {
	if s.den == 0 {
		return 0
	}
	return (float64(s.numNum) - 2*p*float64(s.numDen) + p*p*float64(s.denDen)) / float64(s.den)
}

// undercount is by which factor the blocks underestimate the standard error,
// since flips at the end of one block are correlated with those at the
// beginning of the next. The variance from blocks of length b falls short by
// c/b; with that from b/2, which falls short by 2c/b, it is extrapolated to
// c = 0: V = 2·V(b) − V(b/2), the flat-top lag window of Politis and Romano
// (J. Time Series Analysis 16, 1995). At most √1.5; never below 1.
func (b *blocks) undercount(m measure, d *drawer, p float64) float64 {
	whole := d.variance(p)
	if whole <= 0 {
		return 1
	}
	v := 2 - b.halves[m].variance(p)/whole
	return math.Sqrt(min(max(v, 1), 1.5))
}
