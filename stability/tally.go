package stability

import (
	"cmp"
	"math/bits"
	"slices"
)

// weightOne is a weight of one whole block.
const weightOne = 1 << 16

// maxTally bounds the different block contents that are told apart.
const maxTally = 63

// tally counts block contents. While there are more than maxTally different
// ones, it groups neighbouring ones, coarser and coarser, and keeps each
// group's mean; so the result doesn't depend on the order of adding.
type tally struct {
	cells []cell // sorted by key
	shift uint   // of num and den in the key
}

type cellKey struct{ den, num int32 }

func (k cellKey) compare(o cellKey) int {
	return cmp.Or(cmp.Compare(k.den, o.den), cmp.Compare(k.num, o.num))
}

func (k cellKey) less(o cellKey) bool {
	return k.den < o.den || k.den == o.den && k.num < o.num
}

// cell is a number of blocks with their sums.
type cell struct {
	key         cellKey
	n, num, den int64
}

func (t *tally) add(f fraction, n int64) {
	if n > 0 {
		t.put(cell{cellKey{int32(f.den >> t.shift), int32(f.num >> t.shift)}, n, n * f.num, n * f.den})
	}
}

// find is where the key is among the cells, or would have to be.
func (t *tally) find(k cellKey) (at int, known bool) {
	low, high := 0, len(t.cells)
	for low < high {
		mid := (low + high) / 2
		if t.cells[mid].key.less(k) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, low < len(t.cells) && t.cells[low].key == k
}

func (t *tally) put(c cell) {
	i, known := t.find(c.key)
	if known {
		t.cells[i].n += c.n
		t.cells[i].num += c.num
		t.cells[i].den += c.den
		return
	}
	t.cells = slices.Insert(t.cells, i, c)
	for len(t.cells) > maxTally {
		t.coarsen(t.shift + 1)
	}
}

func (t *tally) coarsen(shift uint) {
	by := shift - t.shift
	t.shift = shift
	cells := t.cells
	for i := range cells {
		cells[i].key = cellKey{cells[i].key.den >> by, cells[i].key.num >> by}
	}
	slices.SortFunc(cells, func(a, b cell) int { return a.key.compare(b.key) })
	n := 0
	for _, c := range cells {
		if n > 0 && cells[n-1].key == c.key {
			cells[n-1].n += c.n
			cells[n-1].num += c.num
			cells[n-1].den += c.den
			continue
		}
		cells[n] = c
		n++
	}
	t.cells = cells[:n]
}

func (t *tally) clear() { t.cells, t.shift = t.cells[:0], 0 }

// addScaled adds other, its weights scaled by weightOne·n/d.
func (t *tally) addScaled(other *tally, n, d int64) {
	if other.shift > t.shift {
		t.coarsen(other.shift)
	}
	for _, c := range other.cells {
		by := t.shift - other.shift
		t.put(cell{cellKey{c.key.den >> by, c.key.num >> by}, scale(c.n, n, d), scale(c.num, n, d), scale(c.den, n, d)})
	}
}

// scale is x·weightOne·n/d, rounded to the nearest; all are at least 0.
func scale(x, n, d int64) int64 {
	hi, lo := bits.Mul64(uint64(x)*weightOne, uint64(n))
	lo, carry := bits.Add64(lo, uint64(d)/2, 0)
	q, _ := bits.Div64(hi+carry, lo, uint64(d))
	return int64(q)
}
