package infer

// Ranked is one class with its score. It has the fields of stability.Ranked,
// so that one converts to the other.
type Ranked struct {
	Index int32
	Score float32
}

// TopK writes the classes of the highest scores into out, best first, and
// returns how many there are: the smaller of both lengths. Ties go to the
// lower index; NaN ranks below every number.
func TopK(scores []float32, out []Ranked) int {
	n := 0
	for i, s := range scores {
		if n == len(out) && (n == 0 || !better(s, out[n-1].Score)) {
			continue
		}
		if n < len(out) {
			n++
		}
		at := n - 1
		for at > 0 && better(s, out[at-1].Score) {
			out[at] = out[at-1]
			at--
		}
		out[at] = Ranked{Index: int32(i), Score: s}
	}
	return n
}

// better is a strict order, so that what came first (the lower index) stays
// ahead of its equals.
func better(a, b float32) bool {
	return a > b || a == a && b != b
}
