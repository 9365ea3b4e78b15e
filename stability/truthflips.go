package stability

// truthClass says where a flip lies with regard to the truth.
type truthClass uint8

const (
	classPending  truthClass = iota // a change may come within the tolerance
	classConstant                   // no change of the truth near it
	classChange                     // at a true change
	numClasses
)

// truthFlips sorts flips by whether the truth changed near them, and by kind.
// Both become known later; a flip is dropped when both are.
type truthFlips struct {
	tolerance int64

	queue []truthFlip // oldest first
	// Of the current run, in pairs from 1.
	newest, change int64
}

type truthFlip struct {
	epoch, seq  uint64
	pair        int64
	class       truthClass
	told        bool
	kind        Kind
	unexplained bool
}

// pair takes the run's next pair; changed says that the truth changed.
func (t *truthFlips) pair(u *Update, changed bool, sum *TruthSums) {
	t.newest++
	if changed {
		t.change = t.newest
	}
	if u.Flip {
		f := truthFlip{epoch: u.FlipAt.Epoch, seq: u.FlipAt.Seq, pair: t.newest}
		if u.FlipAt.Final { // no times: there will be no kind
			f.told, f.kind = true, KindNone
			sum.untimed = true
		}
		t.queue = append(t.queue, f)
	}
	if len(t.queue) == 0 {
		return
	}
	for i := range t.queue {
		f := &t.queue[i]
		if f.class != classPending {
			continue
		}
		switch {
		case t.change > 0 && abs64(f.pair-t.change) <= t.tolerance:
			t.decide(f, classChange, sum)
		case t.newest-f.pair >= t.tolerance:
			t.decide(f, classConstant, sum)
		}
	}
	t.drop(sum)
}

func (t *truthFlips) decide(f *truthFlip, c truthClass, sum *TruthSums) {
	f.class = c
	sum.flips[c]++
}

// late takes the kinds that the tracker tells.
func (t *truthFlips) late(u *Update, sum *TruthSums) {
	if len(u.Late) == 0 || len(t.queue) == 0 {
		return
	}
	for i := range u.Late {
		l := &u.Late[i]
		for j := range t.queue {
			if f := &t.queue[j]; f.seq == l.Seq && f.epoch == l.Epoch {
				f.told, f.kind, f.unexplained = true, l.Kind, l.Unexplained
				break
			}
		}
	}
	t.drop(sum)
}

// endRun decides the flips that wait for a change of the truth: the tolerance
// does not reach over a break.
func (t *truthFlips) endRun(sum *TruthSums) {
	for i := range t.queue {
		if f := &t.queue[i]; f.class == classPending {
			t.decide(f, classConstant, sum)
		}
	}
	t.newest, t.change = 0, 0
	t.drop(sum)
}

// drop counts and forgets the flips of which everything is known.
func (t *truthFlips) drop(sum *TruthSums) {
	n := 0
	for i := range t.queue {
		f := &t.queue[i]
		if f.class == classPending || !f.told {
			t.queue[n] = *f
			n++
			continue
		}
		if f.kind == KindNone {
			continue
		}
		sum.kinds[f.kind][f.class]++
		if f.unexplained {
			sum.unexplained[f.class]++
		}
	}
	t.queue = t.queue[:n]
}

func abs64(x int64) int64 {
	if x < 0 {
		return -x
	}
	return x
}
