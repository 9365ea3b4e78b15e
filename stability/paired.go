package stability

import (
	"math"
	"time"
)

// PairFact is what one of two aligned runs says of one frame: whether it
// forms a pair with the frame before it, and what that pair is like. It is
// filled from an Update and the flip's last revision, or from a row of the
// frames table.
type PairFact struct {
	Pair    bool
	Flip    bool
	Decided bool
	// Unexplained is Unknown where there are no times.
	Unexplained Tri
	// Change is the pair's absolute change (the part of the MAC); NaN where
	// unknown.
	Change float64
}

// PairedDelta measures by how much a run differs from a baseline on the same
// frames, with a paired moving-block bootstrap (Künsch, Annals of Statistics
// 17, 1989): blocks of video are drawn, and both runs' pairs of a block come
// together, so that what both owe to the footage cancels out. Only frames
// count on which both runs have a pair; labels are compared on every frame.
//
// A stream is kept in pieces of a quarter of Config.Block. Blocks are four
// neighbouring pieces, one beginning at each, those at the ends of a run cut
// off there; a shorter run is one block, and none crosses a break of either
// run. From 8,192 pieces on (34 minutes) neighbours are joined, which makes the
// blocks longer.
type PairedDelta struct {
	name  string
	cfg   Config
	limit time.Duration // of a piece
	pairs int64         // in a piece without times

	pieces []deltaPiece
	start  time.Duration // of the open piece, the last one
	prev   time.Duration // of the frame before
	total  deltaSums
	// differs is set where a pair of the run is not like the baseline's.
	differs [numDeltas]bool
}

const (
	maxDeltaPieces = 8192
	blockPieces    = 4 // pieces in a block
)

// deltaPiece is a stretch of a run of pairs.
type deltaPiece struct {
	deltaSums
	first bool // of its run
}

// deltaMeasure is a measure of which the difference is taken.
type deltaMeasure int

const (
	deltaFlips deltaMeasure = iota
	deltaUnexplained
	deltaDecided
	deltaMAC
	// deltaLabels is the share of frames on which the labels differ: the
	// baseline never differs from itself.
	deltaLabels
	numDeltas
)

// sides holds a numerator and a denominator of the baseline and of the run.
// The MAC's numerator is in units of 2⁻³².
type sides struct{ base, run fraction }

// deltaSums are the sums over some frames.
type deltaSums [numDeltas]sides

func (b *deltaSums) add(o *deltaSums) {
	for m := range b {
		b[m].base.add(o[m].base)
		b[m].run.add(o[m].run)
	}
}

// Delta is run minus baseline, each with its 95 % interval.
type Delta struct {
	Pairs               int64 // that both have
	FlipFraction        Interval
	UnexplainedFraction Interval
	DecidedFlipFraction Interval
	MAC                 Interval
	// Frames is how many frames have a label in both runs, and LabelsDiffer
	// the share of them on which the two differ.
	Frames       int64
	LabelsDiffer Interval
}

// NewPairedDelta starts a comparison of one stream. Of cfg, only Block,
// BlockPairs, Resamples and Seed matter.
func NewPairedDelta(name string, cfg Config) *PairedDelta {
	return &PairedDelta{name: name, cfg: cfg, limit: cfg.Block / blockPieces, pairs: max(1, int64(cfg.BlockPairs)/blockPieces)}
}

// Add takes what both runs say of the next frame at the PTS at; timed is
// false if there are no times. Frames that are repeated pictures are left out.
func (p *PairedDelta) Add(at time.Duration, timed bool, base, run PairFact) {
	p.AddFrame(at, timed, base, run, Unknown)
}

// AddFrame is Add that also takes whether the two labels of the frame differ;
// Unknown where one of them has none.
func (p *PairedDelta) AddFrame(at time.Duration, timed bool, base, run PairFact, differ Tri) {
	pair := base.Pair && run.Pair
	switch {
	case !pair || len(p.pieces) == 0:
		p.begin(true)
		p.start = at
	case p.full(at, timed):
		p.begin(false)
		p.start = p.prev
	}
	p.prev = at
	var one deltaSums
	if pair {
		one.fact(&base, func(s *sides) *fraction { return &s.base })
		one.fact(&run, func(s *sides) *fraction { return &s.run })
	}
	if differ != Unknown {
		l := &one[deltaLabels]
		l.base.den, l.run.den = 1, 1
		if differ == True {
			l.run.num = 1
		}
	}
	for m := range one {
		p.differs[m] = p.differs[m] || one[m].base != one[m].run
	}
	p.pieces[len(p.pieces)-1].add(&one)
	p.total.add(&one)
}

// full says whether a pair that ends at the time at is too far from the
// beginning of the open piece, which holds at least one pair.
func (p *PairedDelta) full(at time.Duration, timed bool) bool {
	n := p.pieces[len(p.pieces)-1].deltaSums[deltaFlips].base.den
	if !timed {
		return n >= p.pairs
	}
	return n > 0 && at-p.start > p.limit
}

// begin opens a piece.
func (p *PairedDelta) begin(first bool) {
	if len(p.pieces) == maxDeltaPieces {
		p.join(false)
		if len(p.pieces) > maxDeltaPieces*3/4 {
			p.join(true) // nothing but short runs: better joined than unbounded
		}
		p.limit *= 2
		p.pairs *= 2
	}
	p.pieces = append(p.pieces, deltaPiece{first: first})
}

// join makes one piece of every two neighbours of a run, or of any two.
func (p *PairedDelta) join(acrossBreaks bool) {
	n := 0
	for i := 0; i < len(p.pieces); i++ {
		piece := p.pieces[i]
		if i+1 < len(p.pieces) && (acrossBreaks || !p.pieces[i+1].first) {
			i++
			piece.add(&p.pieces[i].deltaSums)
		}
		p.pieces[n] = piece
		n++
	}
	p.pieces = p.pieces[:n]
}

// fact counts one run's pair on its side.
func (b *deltaSums) fact(f *PairFact, side func(*sides) *fraction) {
	count := func(m deltaMeasure, num bool) {
		s := side(&b[m])
		s.den++
		if num {
			s.num++
		}
	}
	count(deltaFlips, f.Flip)
	if f.Unexplained != Unknown {
		count(deltaUnexplained, f.Unexplained == True)
	}
	if f.Decided {
		count(deltaDecided, f.Flip)
	}
	if !math.IsNaN(f.Change) {
		s := side(&b[deltaMAC])
		s.den++
		s.num += int64(min(max(f.Change, 0), 1)*fixedOne + 0.5)
	}
}

// known says whether the measure is known for all pairs of both runs; for
// decided pairs, whether both have any; for labels, whether any were compared.
func (b *deltaSums) known(m deltaMeasure) bool {
	x, n := b[m], b[deltaFlips].base.den
	if m == deltaDecided || m == deltaLabels {
		return x.base.den > 0 && x.run.den > 0
	}
	return n > 0 && x.base.den == n && x.run.den == n
}

// unit is what a numerator counts in.
func (m deltaMeasure) unit() float64 {
	if m == deltaMAC {
		return fixedOne
	}
	return 1
}

// difference is run − baseline; NaN if a denominator is 0.
func (s *sides) difference(m deltaMeasure) float64 {
	return (ratio(s.run.num, s.run.den) - ratio(s.base.num, s.base.den)) / m.unit()
}
