package stability

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Result is what a stream leaves behind to be combined with others.
type Result struct {
	Name    string
	Summary *Summary
	state   *Tracker // ended, never changed
}

// Result is the stream's result as if it ended now. Names should differ from
// stream to stream.
func (t *Tracker) Result(name string) Result {
	return Result{Name: name, Summary: t.Summary(), state: t.ended()}
}

// Total holds the measures over several streams.
//
// In Micro everything is pooled: counts are added up, and a ratio is that of
// the sums. In Macro the ratios (FlipFraction, FlipRateHz, Decided.Share,
// Decided.FlipFraction, UnexplainedFraction, Still and Moving, MAC, T5D,
// Coverage, EntropyBits) are means over the streams that have them, each
// counting as one; everything else is as in Micro. MAC and T5D are NaN if a
// stream with pairs lacks them. First and Last are the smallest and largest.
type Total struct {
	Macro, Micro *Summary
}

// Combine computes the measures over several streams. The order of the
// results makes no difference, to the last bit.
//
// The intervals resample the streams first, then the blocks of those drawn.
// They are stretched by Student's t for the number of streams, as for five
// where there are fewer: two or three streams can't tell how streams differ.
// Below 200 pairs in all, and where no or every pair flips, they are Wilson's;
// with a single stream they are that stream's. resamples and seed are as in
// Config.
func Combine(results []Result, resamples int, seed uint64) Total {
	if len(results) == 0 {
		empty := NewTracker(DefaultConfig()).Summary()
		return Total{empty, empty}
	}
	rs := slices.Clone(results)
	slices.SortStableFunc(rs, compareResults)

	sum := rs[0].state.sum.clone()
	total := rs[0].state.blocks.total
	for _, r := range rs[1:] {
		sum.merge(&r.state.sum)
		total.add(&r.state.blocks.total)
	}
	micro := sum.summary(&rs[0].state.cfg, &total)
	micro.Top5Jaggedness = 0
	for _, r := range rs {
		if j := r.Summary.Top5Jaggedness; j < 0 || micro.Top5Jaggedness < 0 {
			micro.Top5Jaggedness = -1
		} else {
			micro.Top5Jaggedness += j
		}
	}
	macro := new(Summary)
	*macro = *micro
	macro.averageOver(rs)

	var micros, macros [numMeasures]Interval
	for m := range numMeasures {
		micros[m], macros[m] = combined(rs, m, total[m], resamples, seed+uint64(m))
	}
	b := &rs[0].state.blocks
	b.intervals(micro, func(m measure) Interval { return micros[m] })
	b.intervals(macro, func(m measure) Interval { return macros[m] })
	return Total{macro, micro}
}

// compareResults orders by name. Streams of the same name are told apart by
// what they hold; if all of that is equal, their order makes no difference.
func compareResults(a, b Result) int {
	x, y := a.state, b.state
	c := cmp.Or(
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(x.sum.frames, y.sum.frames),
		cmp.Compare(x.sum.observed, y.sum.observed),
		cmp.Compare(x.sum.mac.sum, y.sum.mac.sum),
		cmp.Compare(x.sum.t5d, y.sum.t5d),
	)
	for m := range numMeasures {
		f, g := x.blocks.total[m], y.blocks.total[m]
		c = cmp.Or(c, cmp.Compare(f.num, g.num), cmp.Compare(f.den, g.den))
	}
	return c
}

// averageOver replaces the ratios by means over the streams.
func (s *Summary) averageOver(rs []Result) {
	mean := func(of func(*Summary) float64, needed bool) float64 {
		sum, n := 0.0, 0
		for _, r := range rs {
			switch v := of(r.Summary); {
			case !math.IsNaN(v):
				sum += v
				n++
			case needed && r.Summary.Pairs > 0:
				return nan()
			}
		}
		return sum / float64(n)
	}
	s.FlipRateHz = mean(func(s *Summary) float64 { return s.FlipRateHz }, true)
	s.Decided.Share = mean(func(s *Summary) float64 { return s.Decided.Share }, false)
	s.MAC = mean(func(s *Summary) float64 { return s.MAC }, true)
	s.T5D = mean(func(s *Summary) float64 { return s.T5D }, true)
	s.Coverage = mean(func(s *Summary) float64 { return s.Coverage }, false)
	s.EntropyBits = mean(func(s *Summary) float64 { return s.EntropyBits }, false)
}

// fewStreams bounds by how much an interval over few streams is stretched.
const fewStreams = 5

// pool holds one stream's resamples of one measure.
type pool struct {
	values []fractionF
	centre fractionF
}

// fractionF is a resampled fraction.
type fractionF struct{ num, den float64 }

// combined is a measure over several streams, pooled and averaged.
func combined(rs []Result, m measure, total fraction, resamples int, seed uint64) (micro, macro Interval) {
	var pools []pool
	mean := 0.0
	for _, r := range rs {
		f := r.state.blocks.total[m]
		if f.den == 0 {
			continue
		}
		mean += ratio(f.num, f.den)
		pools = append(pools, pool{})
		p := &pools[len(pools)-1]
		p.fill(&r.state.blocks, m, resamples, rand.NewPCG(seed, seedStream+uint64(len(pools))))
	}
	if len(pools) == 0 {
		return unknownInterval(), unknownInterval()
	}
	mean /= float64(len(pools))
	if needsWilson(total) {
		n := float64(total.den)
		return Wilson(ratio(total.num, total.den), n), Wilson(mean, n)
	}
	if len(pools) == 1 {
		for _, r := range rs {
			if r.state.blocks.total[m].den > 0 {
				iv := r.state.blocks.interval(m, resamples, r.state.cfg.Seed)
				return iv, iv
			}
		}
	}

	var centre fractionF
	centreMean := 0.0
	for i := range pools {
		p := &pools[i]
		centre.num += p.centre.num
		centre.den += p.centre.den
		centreMean += p.centre.num / p.centre.den
	}
	centreMean /= float64(len(pools))
	rng := rand.NewPCG(seed, seedStream)
	pooled := make([]float64, 0, resamples)
	averaged := make([]float64, 0, resamples)
	for range resamples {
		var sum fractionF
		avg, n := 0.0, 0
		for range pools {
			p := &pools[below(rng, len(pools))]
			v := p.values[below(rng, len(p.values))]
			sum.num += v.num
			sum.den += v.den
			if v.den > 0 {
				avg += v.num / v.den
				n++
			}
		}
		if sum.den > 0 {
			pooled = append(pooled, sum.num/sum.den)
		}
		if n > 0 {
			averaged = append(averaged, avg/float64(n))
		}
	}
	n := float64(max(len(pools), fewStreams))
	micro = percentile(ratio(total.num, total.den), centre.num/centre.den, pooled, n)
	macro = percentile(mean, centreMean, averaged, n)
	return micro, macro
}

// fill draws the stream's own resamples once; a stream that is drawn several
// times takes different ones of them.
func (p *pool) fill(b *blocks, m measure, resamples int, rng *rand.PCG) {
	d := drawerOf(&b.closed[m])
	if b.frozen() {
		d = drawerOfBatches(b.batches.of(m, &b.total))
	}
	p.values = make([]fractionF, resamples)
	for i := range p.values {
		p.values[i].num, p.values[i].den = d.resample(rng)
	}
	var weight float64
	for _, e := range d.entries {
		w := float64(e.weight) / weightOne
		weight += w
		p.centre.num += w * e.num
		p.centre.den += w * e.den
	}
	// As many blocks as a resample draws.
	p.centre.num *= float64(d.draws) / weight
	p.centre.den *= float64(d.draws) / weight
}

// below is a random number in [0, n); the bias of 2⁻³² doesn't matter here.
func below(rng *rand.PCG, n int) int {
	return int(rng.Uint64() >> 32 * uint64(n) >> 32)
}

// merge adds another stream's sums.
func (s *totals) merge(o *totals) {
	s.frames += o.frames
	s.repeats += o.repeats
	s.observed += o.observed
	s.uncovered += o.uncovered
	s.labelled = s.labelled || o.labelled
	s.untimed = s.untimed || o.untimed
	s.first, s.last = min(s.first, o.first), max(s.last, o.last)
	for i := range s.breaks {
		s.breaks[i] += o.breaks[i]
	}
	for i := range s.kinds {
		s.kinds[i] += o.kinds[i]
	}
	s.cuts += o.cuts
	s.cutChanges += o.cutChanges
	s.pictures += o.pictures
	s.scored += o.scored
	s.decided += o.decided
	s.glitches += o.glitches
	s.unexplained += o.unexplained
	s.near += o.near
	s.mac.merge(o.mac)
	s.t5d += o.t5d
	s.t5dPairs += o.t5dPairs
	for label, n := range o.labels {
		s.labels[label] += n
	}
	s.labelsOther += o.labelsOther
	for k, n := range o.labelPairs {
		s.labelPairs[k] += n
	}
	s.pairsOther += o.pairsOther
	s.dwell.merge(&o.dwell)
	s.dwellFrames.merge(&o.dwellFrames)
	if s.scores == nil && o.scores != nil {
		s.scores = make([]uint32, scoreSteps+1)
	}
	for i, n := range o.scores {
		s.scores[i] += n
	}
	if s.changes == nil && o.changes != nil {
		s.changes = make([]changeCount, changeCells+1)
	}
	for i, c := range o.changes {
		s.changes[i].pairs += c.pairs
		s.changes[i].flips += c.flips
	}
}
