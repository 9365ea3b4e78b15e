package stability

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// deltaBlocks are the blocks that a stream's resamples draw from.
type deltaBlocks struct {
	differs [numDeltas]bool // some pair does
	sums    []deltaSums
	// slots are indices of sums; each is drawn equally often. A block of a
	// long run has one slot and a run shorter than a block has blockPieces of
	// them, so that every pair is drawn equally often.
	slots []int32
	draws int // blocks in a resample: as much video as the stream has
	// undercount is by which factor the blocks underestimate the standard
	// error of each measure; see blocks.undercount.
	undercount [numDeltas]float64
}

func (p *PairedDelta) blocks() *deltaBlocks {
	b := &deltaBlocks{differs: p.differs}
	var halves []deltaSums
	for from := 0; from < len(p.pieces); {
		to := from + 1
		for to < len(p.pieces) && !p.pieces[to].first {
			to++
		}
		run := p.pieces[from:to]
		b.addRun(run)
		for i := 0; i < len(run); i += blockPieces / 2 {
			halves = append(halves, sumOf(run[i:min(i+blockPieces/2, len(run))]))
		}
		from = to
	}
	b.draws = max(1, (len(b.slots)+blockPieces/2)/blockPieces)
	for m := range numDeltas {
		whole := 0.0
		for _, i := range b.slots {
			r := p.total[m].influence(&b.sums[i][m])
			whole += r * r / blockPieces
		}
		half := 0.0
		for i := range halves {
			r := p.total[m].influence(&halves[i][m])
			half += r * r
		}
		b.undercount[m] = 1
		if whole > 0 {
			b.undercount[m] = math.Sqrt(min(max(2-half/whole, 1), 1.5))
		}
	}
	return b
}

func (b *deltaBlocks) addRun(run []deltaPiece) {
	if len(run) < blockPieces {
		for range blockPieces {
			b.slots = append(b.slots, int32(len(b.sums)))
		}
		b.sums = append(b.sums, sumOf(run))
		return
	}
	for i := 1 - blockPieces; i < len(run); i++ {
		b.slots = append(b.slots, int32(len(b.sums)))
		b.sums = append(b.sums, sumOf(run[max(0, i):min(i+blockPieces, len(run))]))
	}
}

func sumOf(pieces []deltaPiece) (sum deltaSums) {
	for i := range pieces {
		sum.add(&pieces[i].deltaSums)
	}
	return sum
}

// influence is by how much some frames move the difference, to first order:
// what the ratios' difference would lose without them.
func (s *sides) influence(part *sides) float64 {
	side := func(all, part *fraction) float64 {
		if all.den == 0 {
			return 0
		}
		p := float64(all.num) / float64(all.den)
		return (float64(part.num) - p*float64(part.den)) / float64(all.den)
	}
	return side(&s.run, &part.run) - side(&s.base, &part.base)
}

func (b *deltaBlocks) resample(rng *rand.PCG) (sum deltaSums) {
	for range b.draws {
		sum.add(&b.sums[b.slots[below(rng, len(b.slots))]])
	}
	return sum
}

// Delta is the difference so far.
//
// Below 200 pairs the fractions' intervals are Newcombe's for two independent
// fractions (Statistics in Medicine 17, 1998, method 10), which are too wide
// rather than too narrow. Where the runs differ in no pair, or in no block,
// resampling says nothing: the interval then is ± the upper Wilson bound of 0
// of n.
func (p *PairedDelta) Delta() Delta {
	d, _ := CombineDeltas([]*PairedDelta{p}, p.cfg.Resamples, p.cfg.Seed)
	return d
}

// CombineDeltas is the difference over several streams: pooled (micro) and
// averaged over the streams (macro). Streams are resampled first, then their
// blocks, and the intervals are stretched for few streams as those of Combine.
// The order of the streams makes no difference if their names differ.
func CombineDeltas(streams []*PairedDelta, resamples int, seed uint64) (micro, macro Delta) {
	ps := slices.Clone(streams)
	slices.SortStableFunc(ps, func(a, b *PairedDelta) int {
		x, y := &a.total[deltaFlips], &b.total[deltaFlips]
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(x.base.den, y.base.den),
			cmp.Compare(x.base.num, y.base.num), cmp.Compare(x.run.num, y.run.num))
	})
	var total deltaSums
	var some []*PairedDelta // those with a frame
	var blocks []*deltaBlocks
	for _, p := range ps {
		total.add(&p.total)
		if len(p.pieces) > 0 {
			some, blocks = append(some, p), append(blocks, p.blocks())
		}
	}
	micro.Pairs, micro.Frames = total[deltaFlips].base.den, total[deltaLabels].base.den
	macro.Pairs, macro.Frames = micro.Pairs, micro.Frames
	draws := drawDeltas(blocks, resamples, seed)
	into := func(d *Delta) [numDeltas]*Interval {
		return [numDeltas]*Interval{&d.FlipFraction, &d.UnexplainedFraction, &d.DecidedFlipFraction, &d.MAC, &d.LabelsDiffer}
	}
	micros, macros := into(&micro), into(&macro)
	for m := range numDeltas {
		*micros[m], *macros[m] = unknownInterval(), unknownInterval()
		if !total.known(m) {
			continue
		}
		mean, n := 0.0, 0
		for _, p := range some {
			if d := p.total[m].difference(m); !math.IsNaN(d) {
				mean += d
				n++
			}
		}
		*micros[m] = deltaInterval(blocks, m, &total[m], total[m].difference(m), draws[m].micro)
		if n > 0 {
			*macros[m] = deltaInterval(blocks, m, &total[m], mean/float64(n), draws[m].macro)
		}
	}
	return micro, macro
}

// deltaDraws are resampled differences.
type deltaDraws struct{ micro, macro []float64 }

func drawDeltas(streams []*deltaBlocks, resamples int, seed uint64) (out [numDeltas]deltaDraws) {
	if len(streams) == 0 {
		return out
	}
	rng := rand.NewPCG(seed, seedStream)
	for range resamples {
		var sum deltaSums
		var avg [numDeltas]float64
		var n [numDeltas]int
		for range streams {
			b := streams[0]
			if len(streams) > 1 {
				b = streams[below(rng, len(streams))]
			}
			own := b.resample(rng)
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
func deltaInterval(streams []*deltaBlocks, m deltaMeasure, total *sides, value float64, draws []float64) Interval {
	blocks, differs, pairDiffers := 0, false, false
	for _, b := range streams {
		blocks += b.draws
		pairDiffers = pairDiffers || b.differs[m]
		for i := range b.sums {
			x := &b.sums[i][m]
			differs = differs || x.base != x.run
		}
	}
	nb, nr := float64(total.base.den), float64(total.run.den)
	few := nb < wilsonPairs || nr < wilsonPairs
	switch {
	case m == deltaLabels && (few || total.run.num == 0 || total.run.num == total.run.den):
		return Wilson(value, nr)
	case m != deltaMAC && few && pairDiffers:
		return newcombe(value, Wilson(ratio(total.base.num, total.base.den), nb), Wilson(ratio(total.run.num, total.run.den), nr))
	case !differs:
		w := Wilson(0, nb).High
		return Interval{value, value - w, value + w}
	case blocks < 2:
		return Interval{value, nan(), nan()}
	}
	n, stretch := float64(blocks), 1.0
	if len(streams) == 1 {
		stretch = streams[0].undercount[m]
	} else {
		n = float64(max(len(streams), fewStreams))
	}
	low, high := deviations(value, draws, n)
	iv := Interval{value, min(value, value+low*stretch), max(value, value+high*stretch)}
	if m == deltaLabels {
		iv.Low, iv.High = max(0, iv.Low), min(1, iv.High)
	}
	return iv
}

// newcombe is the interval of run − base from the two Wilson intervals.
func newcombe(value float64, base, run Interval) Interval {
	return Interval{
		value,
		value - math.Hypot(run.Value-run.Low, base.High-base.Value),
		value + math.Hypot(run.High-run.Value, base.Value-base.Low),
	}
}
