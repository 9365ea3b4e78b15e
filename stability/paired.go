package stability

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
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
// frames, with a paired block bootstrap: blocks of video are drawn, and both
// runs' pairs of a block come together, so that what both owe to the footage
// cancels out. Only frames count on which both runs have a pair.
//
// Blocks last Config.Block, don't overlap, and never cross a break of either
// run. From 8,192 on (two hours and a quarter) neighbours are joined.
type PairedDelta struct {
	name  string
	cfg   Config
	limit time.Duration
	pairs int64 // in a block without times

	blocks []deltaBlock
	open   bool
	start  time.Duration
	prev   time.Duration
	total  deltaBlock
}

const maxDeltaBlocks = 8192

// deltaMeasure is a measure of which the difference is taken.
type deltaMeasure int

const (
	deltaFlips deltaMeasure = iota
	deltaUnexplained
	deltaDecided
	deltaMAC
	numDeltas
)

// sides holds a numerator and a denominator of the baseline and of the run.
// The MAC's numerator is in units of 2⁻³².
type sides struct{ base, run fraction }

// deltaBlock is a block's sums.
type deltaBlock [numDeltas]sides

func (b *deltaBlock) add(o *deltaBlock) {
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
}

// NewPairedDelta starts a comparison of one stream. Of cfg, only Block,
// BlockPairs, Resamples and Seed matter.
func NewPairedDelta(name string, cfg Config) *PairedDelta {
	return &PairedDelta{name: name, cfg: cfg, limit: cfg.Block, pairs: int64(cfg.BlockPairs)}
}

// Add takes what both runs say of the next frame at the PTS at; timed is
// false if there are no times. Frames that are repeated pictures are left out.
func (p *PairedDelta) Add(at time.Duration, timed bool, base, run PairFact) {
	if !base.Pair || !run.Pair {
		p.open = false
		p.prev = at
		return
	}
	if !p.open {
		p.start = p.prev
	}
	full := at-p.start > p.limit
	if !timed {
		full = p.open && p.blocks[len(p.blocks)-1][deltaFlips].base.den >= p.pairs
	}
	if !p.open || full {
		if p.open {
			p.start = p.prev
		}
		p.begin()
	}
	p.prev = at
	var one deltaBlock
	one.fact(&base, func(s *sides) *fraction { return &s.base })
	one.fact(&run, func(s *sides) *fraction { return &s.run })
	p.blocks[len(p.blocks)-1].add(&one)
	p.total.add(&one)
}

// begin opens a block.
func (p *PairedDelta) begin() {
	if len(p.blocks) == maxDeltaBlocks {
		for i := range maxDeltaBlocks / 2 {
			b := p.blocks[2*i]
			b.add(&p.blocks[2*i+1])
			p.blocks[i] = b
		}
		p.blocks = p.blocks[:maxDeltaBlocks/2]
		p.limit *= 2
		p.pairs *= 2
	}
	p.blocks = append(p.blocks, deltaBlock{})
	p.open = true
}

// fact counts one run's pair on its side.
func (b *deltaBlock) fact(f *PairFact, side func(*sides) *fraction) {
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

// known says whether the measure is known for all pairs of both runs, or, for
// decided pairs, whether both have any.
func (b *deltaBlock) known(m deltaMeasure) bool {
	x, n := b[m], b[deltaFlips].base.den
	if m == deltaDecided {
		return x.base.den > 0 && x.run.den > 0
	}
	return n > 0 && x.base.den == n && x.run.den == n
}

// difference is run − baseline; NaN if a denominator is 0.
func (s *sides) difference(m deltaMeasure) float64 {
	d := ratio(s.run.num, s.run.den) - ratio(s.base.num, s.base.den)
	if m == deltaMAC {
		d /= fixedOne
	}
	return d
}

// Delta is the difference so far.
//
// Below 200 pairs the fractions' intervals are Newcombe's for two independent
// fractions (Statistics in Medicine 17, 1998, method 10), which are too wide
// rather than too narrow. Where the runs differ in no block, resampling says
// nothing: the interval then is ± the upper Wilson bound of 0 of n.
func (p *PairedDelta) Delta() Delta {
	d, _ := CombineDeltas([]*PairedDelta{p}, p.cfg.Resamples, p.cfg.Seed)
	return d
}

// CombineDeltas is the difference over several streams: pooled (micro) and
// averaged over the streams (macro). Streams are resampled first, then their
// blocks. The order of the streams makes no difference if their names differ.
func CombineDeltas(streams []*PairedDelta, resamples int, seed uint64) (micro, macro Delta) {
	ps := slices.Clone(streams)
	slices.SortStableFunc(ps, func(a, b *PairedDelta) int {
		x, y := &a.total[deltaFlips], &b.total[deltaFlips]
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(x.base.den, y.base.den),
			cmp.Compare(x.base.num, y.base.num), cmp.Compare(x.run.num, y.run.num))
	})
	var total deltaBlock
	var some []*PairedDelta // those with a pair
	for _, p := range ps {
		total.add(&p.total)
		if len(p.blocks) > 0 {
			some = append(some, p)
		}
	}
	micro.Pairs = total[deltaFlips].base.den
	macro.Pairs = micro.Pairs
	micros := [numDeltas]*Interval{&micro.FlipFraction, &micro.UnexplainedFraction, &micro.DecidedFlipFraction, &micro.MAC}
	macros := [numDeltas]*Interval{&macro.FlipFraction, &macro.UnexplainedFraction, &macro.DecidedFlipFraction, &macro.MAC}
	draws := drawDeltas(some, resamples, seed)
	for m := range numDeltas {
		if !total.known(m) {
			*micros[m], *macros[m] = unknownInterval(), unknownInterval()
			continue
		}
		mean, n := 0.0, 0
		for _, p := range some {
			if d := p.total[m].difference(m); !math.IsNaN(d) {
				mean += d
				n++
			}
		}
		value := total[m].difference(m)
		*micros[m] = deltaInterval(some, m, &total[m], value, draws[m].micro)
		if n == 0 {
			*macros[m] = unknownInterval()
			continue
		}
		*macros[m] = deltaInterval(some, m, &total[m], mean/float64(n), draws[m].macro)
	}
	return micro, macro
}

// deltaDraws are resampled differences.
type deltaDraws struct{ micro, macro []float64 }

func drawDeltas(ps []*PairedDelta, resamples int, seed uint64) (out [numDeltas]deltaDraws) {
	if len(ps) == 0 {
		return out
	}
	rng := rand.NewPCG(seed, seedStream)
	for range resamples {
		var sum deltaBlock
		var avg [numDeltas]float64
		var n [numDeltas]int
		for range ps {
			p := ps[0]
			if len(ps) > 1 {
				p = ps[below(rng, len(ps))]
			}
			var own deltaBlock
			for range p.blocks {
				own.add(&p.blocks[below(rng, len(p.blocks))])
			}
			sum.add(&own)
			for m := range numDeltas {
				if d := own[m].difference(m); !math.IsNaN(d) {
					avg[m] += d
					n[m]++
				}
			}
		}
		for m := range numDeltas {
			if d := sum[m].difference(m); !math.IsNaN(d) {
				out[m].micro = append(out[m].micro, d)
			}
			if n[m] > 0 {
				out[m].macro = append(out[m].macro, avg[m]/float64(n[m]))
			}
		}
	}
	return out
}

// deltaInterval is the interval around value from draws, or from one of the
// rules for where draws say nothing.
func deltaInterval(ps []*PairedDelta, m deltaMeasure, total *sides, value float64, draws []float64) Interval {
	blocks, differs := 0, false
	for _, p := range ps {
		blocks += len(p.blocks)
		for i := range p.blocks {
			b := &p.blocks[i][m]
			differs = differs || b.base != b.run
		}
	}
	nb, nr := float64(total.base.den), float64(total.run.den)
	switch {
	case m != deltaMAC && (nb < wilsonPairs || nr < wilsonPairs):
		return newcombe(value, Wilson(ratio(total.base.num, total.base.den), nb), Wilson(ratio(total.run.num, total.run.den), nr))
	case !differs:
		w := Wilson(0, nb).High
		return Interval{value, value - w, value + w}
	case blocks < 2:
		return Interval{value, nan(), nan()}
	}
	low, high := deviations(value, draws, float64(blocks))
	return Interval{value, min(value, value+low), max(value, value+high)}
}

// newcombe is the interval of run − base from the two Wilson intervals.
func newcombe(value float64, base, run Interval) Interval {
	return Interval{
		value,
		value - math.Hypot(run.Value-run.Low, base.High-base.Value),
		value + math.Hypot(run.High-run.Value, base.Value-base.Low),
	}
}
