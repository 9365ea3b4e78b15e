package report

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// defaultMaxBins is the number of bins of a stream's timeline. Between half
// of it and all of it are in use once a stream is longer than that: four to
// eight times the pixels that a page is wide.
const defaultMaxBins = 8192

// maxCompanions is how many labels a bin tells apart.
const maxCompanions = 4

// bin holds what 2^level consecutive observations had in common.
type bin struct {
	start, last time.Duration // PTS of the first and last observation
	n           int32         // observations
	labels      [maxCompanions]labelCount
	probs       [stability.TopK + 3]labelSum
	fifth       float64 // Σ score of the last ranked class
	score       float64 // Σ top-1 score
	scored      int32   // observations with a known score
	change      int64   // Σ changed cells
	changed     int32   // pairs with a known change
	changeMax   int32   // most changed cells of a pair
	still       int32   // pairs without any
	flips       [stability.KindCensored + 1]int32
	unexplained int32
}

// labelCount is a label that was top-1, and how often; n 0 is an empty slot.
type labelCount struct{ label, n int32 }

// labelSum is a label among the best, with the sum of its scores.
type labelSum struct {
	label, n int32
	sum      float64
}

func (b *bin) flipCount() int32 {
	var n int32
	for _, f := range b.flips {
		n += f
	}
	return n
}

// addObservation makes b the bin of one observation.
func (b *bin) addObservation(o *stability.Observation, pair bool) {
	*b = bin{start: o.PTS, last: o.PTS, n: 1, changeMax: -1}
	b.labels[0] = labelCount{o.Label, 1}
	if s := float64(o.Score); !math.IsNaN(s) {
		b.score, b.scored = s, 1
	}
	for i, t := range o.Top[:o.N] {
		if s := float64(t.Score); !math.IsNaN(s) {
			b.probs[i] = labelSum{t.Index, 1, s}
			b.fifth = s
		}
	}
	if o.TopComplete {
		b.fifth = 0
	}
	if pair && o.Change >= 0 {
		b.change, b.changed, b.changeMax = int64(o.Change), 1, o.Change
		if o.Change == 0 {
			b.still = 1
		}
	}
}

// merge adds the observations of c, which follow those of b.
func (b *bin) merge(c *bin) {
	b.last = c.last
	b.n += c.n
	all := append(slices.Clone(b.labels[:]), c.labels[:]...)
	slices.SortFunc(all, func(x, y labelCount) int { return cmp.Compare(x.label, y.label) })
	kept := all[:0]
	for _, l := range all {
		if k := len(kept); k > 0 && kept[k-1].label == l.label && kept[k-1].n > 0 && l.n > 0 {
			kept[k-1].n += l.n
		} else if l.n > 0 {
			kept = append(kept, l)
		}
	}
	slices.SortStableFunc(kept, func(x, y labelCount) int { return cmp.Compare(y.n, x.n) })
	b.labels = [maxCompanions]labelCount{}
	copy(b.labels[:], kept)

	sums := append(slices.Clone(b.probs[:]), c.probs[:]...)
	slices.SortStableFunc(sums, func(x, y labelSum) int { return cmp.Compare(x.label, y.label) })
	keptSums := sums[:0]
	for _, s := range sums {
		if s.n == 0 {
			continue
		}
		if k := len(keptSums); k > 0 && keptSums[k-1].label == s.label {
			keptSums[k-1].n += s.n
			keptSums[k-1].sum += s.sum
		} else {
			keptSums = append(keptSums, s)
		}
	}
	slices.SortStableFunc(keptSums, func(x, y labelSum) int { return cmp.Compare(y.sum, x.sum) })
	b.probs = [len(b.probs)]labelSum{}
	copy(b.probs[:], keptSums)

	b.fifth += c.fifth
	b.score += c.score
	b.scored += c.scored
	b.change += c.change
	b.changed += c.changed
	b.changeMax = max(b.changeMax, c.changeMax)
	b.still += c.still
	for i := range b.flips {
		b.flips[i] += c.flips[i]
	}
	b.unexplained += c.unexplained
}

// timeline is a stream in a bounded number of bins. When it is full, every
// two bins become one.
type timeline struct {
	limit  int // even
	level  uint
	total  int64 // observations
	bins   []bin
	traces int
	traced []float64 // Σ traced probabilities, traces numbers a bin
}

func newTimeline(limit, traces int) *timeline {
	return &timeline{limit: max(2, limit&^1), traces: traces}
}

// add appends an observation and returns its number.
func (t *timeline) add(o *stability.Observation, pair bool, traced []float32) int64 {
	n := t.total
	t.total++
	if i := int(n >> t.level); i < len(t.bins) {
		t.bins[i].observe(o, pair)
	} else {
		var b bin
		b.addObservation(o, pair)
		if len(t.bins) == t.limit {
			t.halve()
		}
		// Halving makes room, and the observation begins a bin: limit is
		// even, so the bins before it are full.
		t.bins = append(t.bins, b)
		for range t.traces {
			t.traced = append(t.traced, 0)
		}
	}
	at := (len(t.bins) - 1) * t.traces
	for i := range min(t.traces, len(traced)) {
		t.traced[at+i] += float64(traced[i])
	}
	return n
}

// bin is the bin of an observation.
func (t *timeline) bin(n int64) *bin { return &t.bins[n>>t.level] }

// shrink halves until there are no more bins than limit.
func (t *timeline) shrink(limit int) {
	for len(t.bins) > max(2, limit) {
		t.halve()
	}
}

func (t *timeline) halve() {
	m := 0
	for i := 0; i < len(t.bins); i += 2 {
		b := t.bins[i]
		for k := range t.traces {
			t.traced[m*t.traces+k] = t.traced[i*t.traces+k]
		}
		if i+1 < len(t.bins) {
			b.merge(&t.bins[i+1])
			for k := range t.traces {
				t.traced[m*t.traces+k] += t.traced[(i+1)*t.traces+k]
			}
		}
		t.bins[m] = b
		m++
	}
	t.bins, t.traced = t.bins[:m], t.traced[:m*t.traces]
	t.level++
}
