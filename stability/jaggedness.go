package stability

// maxTracked bounds the tables that have one entry per class.
const maxTracked = 1 << 16

// Jaggedness counts, for every class at once, how often the bit "the class
// is in the top 5" changes along a sequence (Azulay & Weiss,
// arXiv:1805.12177v1, Fig. 2). The reference class of a stream without truth
// is its modal top-1, which is only known at the end: hence one counter per
// class that ever entered or left the top 5. The table holds at most 65,536
// classes; the count of a class that came later is unknown.
//
// The zero value is ready to use.
type Jaggedness struct {
	changes map[int32]int64
	full    bool
}

// Add takes the top 5 of two adjacent observations. It changes nothing when
// both hold the same classes.
func (j *Jaggedness) Add(prev, cur []Ranked) {
	j.addMissing(prev, cur)
	j.addMissing(cur, prev)
}

// addMissing counts a change for all of a that are not in b.
func (j *Jaggedness) addMissing(a, b []Ranked) {
next:
	for i := range a {
		k := a[i].Index
		if i < len(b) && b[i].Index == k {
			continue
		}
		for n := range b {
			if b[n].Index == k {
				continue next
			}
		}
		if _, known := j.changes[k]; !known && len(j.changes) >= maxTracked {
			j.full = true
			continue
		}
		if j.changes == nil {
			j.changes = make(map[int32]int64)
		}
		j.changes[k]++
	}
}

// Changes is how often the class entered or left the top 5; -1 if it came
// when the table was full.
func (j *Jaggedness) Changes(class int32) int64 {
	n, known := j.changes[class]
	if !known && j.full {
		return -1
	}
	return n
}

// TopKJaggedness counts the changes of the bit "ref[i] is in tops[i]" along a
// sequence with a reference class per frame (the truth).
func TopKJaggedness(tops [][]Ranked, ref []int32) int64 {
	var n int64
	was := false
	for i := range tops {
		is := contains(tops[i], ref[i])
		if i > 0 && is != was {
			n++
		}
		was = is
	}
	return n
}

// TopKLoss is the share of samples whose reference class is among the best
// before and not after; NaN without samples. before[i], after[i] and ref[i]
// belong together.
func TopKLoss(before, after [][]Ranked, ref []int32) float64 {
	lost := 0
	for i := range ref {
		if contains(before[i], ref[i]) && !contains(after[i], ref[i]) {
			lost++
		}
	}
	return ratio(int64(lost), int64(len(ref)))
}

func contains(top []Ranked, class int32) bool {
	for _, r := range top {
		if r.Index == class {
			return true
		}
	}
	return false
}

// Consistency is 1 − P(two random members of a set differ), of the labels
// that one picture got under different shifts (Zhang, "Making convolutional
// networks shift-invariant again", ICML 2019). The two are different members;
// NaN with fewer than two.
func Consistency(labels []int32) float64 {
	counts := make(map[int32]int64, 8)
	same := int64(0) // ordered pairs of equal labels
	for _, l := range labels {
		same += 2 * counts[l]
		counts[l]++
	}
	n := int64(len(labels))
	return ratio(same, n*(n-1))
}
