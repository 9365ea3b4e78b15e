package scene

import "math/bits"

// deltas are whole numbers below 2^15, one a cell, four to a word: cell i is
// the 16-bit lane i%4, counted from the low end, of word i/4. The spare bit of
// each lane takes the carry, so that one subtraction compares four cells.
type deltas [Cells / 4]uint64

const (
	laneOnes = 0x0001000100010001
	laneTops = laneOnes << 15
)

// lanesOf are four neighbouring cells of a grid, read at once.
func lanesOf(g *Grid, cell int) uint64 {
	q := (*[4]uint16)(g[cell:])
	return uint64(q[0]) | uint64(q[1])<<16 | uint64(q[2])<<32 | uint64(q[3])<<48
}

// absLanes is |a − b| in each lane.
func absLanes(a, b uint64) uint64 {
	d := (a | laneTops) - b        // 2^15 + a − b
	negative := laneTops &^ d      // where a < b
	low := negative >> 15          // the same, as a 1
	all := negative - low          // the same, as 2^15 − 1
	return d&^laneTops ^ all + low // −x is ^x + 1
}

// maxLanes is the larger one in each lane.
func maxLanes(a, b uint64) uint64 {
	d := (a | laneTops) - b
	larger := d & laneTops // where a ≥ b
	return b + d&(larger-larger>>15)
}

// set takes the absolute differences of two grids and returns the largest.
func (v *deltas) set(a, b *Grid) int {
	var most, other uint64 // two, which need not wait for each other
	for i := 0; i < Cells; i += 8 {
		d := absLanes(lanesOf(a, i), lanesOf(b, i))
		v[i/4] = d
		most = maxLanes(most, d)
		d = absLanes(lanesOf(a, i+4), lanesOf(b, i+4))
		v[i/4+1] = d
		other = maxLanes(other, d)
	}
	most = maxLanes(most, other)
	most = maxLanes(most, most>>32)
	most = maxLanes(most, most>>16)
	return int(most & 0xFFFF)
}

// atMost counts the values that are at most limit.
func (v *deltas) atMost(limit int) int {
	limits := uint64(limit)*laneOnes | laneTops
	var n uint64 // of each lane: at most 256
	for i := 0; i < len(v); i += 4 {
		n += (limits-v[i])>>15&laneOnes + (limits-v[i+1])>>15&laneOnes +
			(limits-v[i+2])>>15&laneOnes + (limits-v[i+3])>>15&laneOnes
	}
	return int(n * laneOnes >> 48)
}

// appendAbove appends the cells whose values are above limit, ascending.
func (v *deltas) appendAbove(cells []uint16, limit int) []uint16 {
	least := uint64(limit+1) * laneOnes
	for i, w := range v {
		for above := ((w | laneTops) - least) & laneTops; above != 0; above &= above - 1 {
			cells = append(cells, uint16(4*i+bits.TrailingZeros64(above)/16))
		}
	}
	return cells
}

// smallDelta is what the median of a picture's noise hardly ever exceeds: from
// 27 on the threshold is at its limit.
const smallDelta = 31

// medianTwice is twice the median of the values, of which the largest is most:
// the sum of the two in the middle. The lower one is the smallest value that
// half of all are at most, found by halving the range; the upper one is the
// same value, or the next that occurs where exactly half are at most that.
func (v *deltas) medianTwice(most int) int {
	low, high, n := 0, most, Cells // n are at most high
	for mid := min(smallDelta, most/2); low < high; mid = (low + high) / 2 {
		if k := v.atMost(mid); k >= Cells/2 {
			high, n = mid, k
		} else {
			low = mid + 1
		}
	}
	if n > Cells/2 {
		return 2 * low
	}
	return low + v.nextAbove(low)
}

// nextAbove is the smallest value above limit, of which there must be one.
func (v *deltas) nextAbove(limit int) int {
	next := 1<<15 - 1
	least, most := uint64(limit+1)*laneOnes, uint64(next-1)*laneOnes|laneTops
	for _, w := range v {
		if ((w|laneTops)-least)&(most-w)&laneTops == 0 {
			continue // none between limit and next
		}
		for ; w != 0; w >>= 16 {
			if d := int(w & 0xFFFF); d > limit {
				next = min(next, d)
			}
		}
		most = uint64(next-1)*laneOnes | laneTops
	}
	return next
}
