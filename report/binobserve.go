package report

import (
	"math"
	"slices"

	"github.com/flipmeter/flipmeter/stability"
)

// observe adds one observation, which follows those of b: what merging its
// own bin would give, without the sorting.
func (b *bin) observe(o *stability.Observation, pair bool) {
	b.last = o.PTS
	b.n++
	b.countLabel(o.Label)
	if s := float64(o.Score); s == s {
		b.score += s
		b.scored++
	}
	if o.N > 0 {
		b.sumScores(o)
	}
	if pair && o.Change >= 0 {
		b.change += int64(o.Change)
		b.changed++
		b.changeMax = max(b.changeMax, o.Change)
		if o.Change == 0 {
			b.still++
		}
	}
}

// countLabel counts a label; the labels stay in the order of their counts,
// and at equal counts of their numbers.
func (b *bin) countLabel(label int32) {
	at := 0
	for at < len(b.labels) && b.labels[at].n > 0 && b.labels[at].label != label {
		at++
	}
	one := labelCount{label, 1}
	if at < len(b.labels) {
		one.n += b.labels[at].n
	} else {
		at--
		if rarest := b.labels[at]; rarest.n > 1 || rarest.label < label {
			return // it is the one that has no room
		}
	}
	for ; at > 0; at-- {
		above := b.labels[at-1]
		if above.n > one.n || above.n == one.n && above.label < one.label {
			break
		}
		b.labels[at] = above
	}
	b.labels[at] = one
}

// sumScores adds the scores of the best classes.
func (b *bin) sumScores(o *stability.Observation) {
	var fifth float64
	var fresh [stability.TopK]labelSum
	n := 0
	for _, t := range o.Top[:o.N] {
		s := float64(t.Score)
		if math.IsNaN(s) {
			continue
		}
		fifth = s
		i := slices.IndexFunc(b.probs[:], func(p labelSum) bool { return p.n > 0 && p.label == t.Index })
		if i < 0 {
			fresh[n] = labelSum{t.Index, 1, s}
			n++
			continue
		}
		b.probs[i].n++
		b.probs[i].sum += s
	}
	if !o.TopComplete {
		b.fifth += fifth
	}
	var all [len(b.probs) + stability.TopK]labelSum
	m := 0
	for _, p := range b.probs {
		if p.n > 0 {
			all[m] = p
			m++
		}
	}
	m += copy(all[m:], fresh[:n])
	// Insertion: they are nearly in order.
	for i := 1; i < m; i++ {
		for k := i; k > 0 && (all[k].sum > all[k-1].sum || all[k].sum == all[k-1].sum && all[k].label < all[k-1].label); k-- {
			all[k], all[k-1] = all[k-1], all[k]
		}
	}
	clear(b.probs[:])
	copy(b.probs[:], all[:m])
}
