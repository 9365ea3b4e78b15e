package labels

import (
	"fmt"
	"math"

	"github.com/flipmeter/flipmeter/stability"
)

// labelOfVector ranks a vector of all probabilities. Ties go to the lower
// class. The vector is kept in the batch.
func (r *rows) labelOfVector(o *stability.Observation) error {
	b, n := r.into, len(r.probs)
	if n == 0 {
		if r.index >= 0 || len(r.name) > 0 {
			return fmt.Errorf("there is a label, but no probabilities")
		}
		return nil
	}
	switch {
	case r.vector == 0:
		if c := r.classes.Count(); c > 0 && c != n {
			return fmt.Errorf("a vector of %d probabilities, but the list of labels has %d", n, c)
		}
		r.vector = n
	case n != r.vector:
		return fmt.Errorf("a vector of %d probabilities, after vectors of %d", n, r.vector)
	}
	if b.Classes != n {
		if b.N > 0 && b.Classes > 0 {
			panic("BUG: labels: vectors of two lengths in a batch")
		}
		b.setClasses(n)
		clear(b.Probs)
	}
	into := b.vector(b.N)
	copy(into, r.probs)
	if r.logits {
		softmax(into)
	}
	for i, p := range into {
		if !validProb(float64(p)) {
			hint := ""
			if !r.logits && !math.IsNaN(float64(p)) {
				hint = "; give --logits if these are logits"
			}
			return fmt.Errorf("the probability of class %d is %v: it must be a number from 0 to 1%s", i, r.probs[i], hint)
		}
	}
	rank(into, o)
	if r.index >= 0 && r.index != o.Label {
		if int(r.index) >= n {
			return fmt.Errorf("label_index is %d, but there are %d probabilities", r.index, n)
		}
		if into[r.index] < into[o.Label] {
			return fmt.Errorf("label_index is %d, but class %d has the highest probability", r.index, o.Label)
		}
	}
	return r.classes.numbered(o.Label, r.name, r.cfg.Turn)
}

// rank fills in the best classes of a vector.
func rank(probs []float32, o *stability.Observation) {
	n := 0
	for i, p := range probs {
		if n == stability.TopK && !(p > o.Top[n-1].Score) {
			continue
		}
		if n < stability.TopK {
			n++
		}
		at := n - 1
		for at > 0 && p > o.Top[at-1].Score {
			o.Top[at] = o.Top[at-1]
			at--
		}
		o.Top[at] = stability.Ranked{Index: int32(i), Score: p}
	}
	o.N, o.TopComplete, o.Label = n, len(probs) <= stability.TopK, o.Top[0].Index
}

// softmax makes probabilities of logits, in place. NaN stays NaN.
func softmax(x []float32) {
	top := math.Inf(-1)
	for _, v := range x {
		top = max(top, float64(v))
	}
	sum := 0.0
	for i, v := range x {
		e := math.Exp(float64(v) - top)
		x[i] = float32(e)
		sum += e
	}
	for i := range x {
		x[i] = float32(float64(x[i]) / sum)
	}
}
