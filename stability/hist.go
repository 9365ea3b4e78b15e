package stability

import (
	"math/bits"
	"slices"
)

// histogram counts values ≥ 0 in buckets that are exact below 512 and at most
// 0.4 % wide above, and keeps each bucket's sum: a bucket that has seen one
// value only answers with exactly that value. It can be merged in any order.
// At 63 bits it has 14,336 buckets at the most; those in use are kept.
type histogram struct {
	buckets map[uint32]bucket
	n       int64
	min     int64
}

type bucket struct{ n, sum int64 }

const histogramBits = 8

func bucketOf(v int64) uint32 {
	u := uint64(v)
	shift := max(0, bits.Len64(u)-histogramBits-1)
	return uint32(shift)<<(histogramBits+1) + uint32(u>>shift)
}

func (h *histogram) add(v int64) {
	if h.buckets == nil {
		h.buckets = make(map[uint32]bucket)
	}
	k := bucketOf(v)
	b := h.buckets[k]
	h.buckets[k] = bucket{b.n + 1, b.sum + v}
	if h.n == 0 || v < h.min {
		h.min = v
	}
	h.n++
}

func (h *histogram) merge(other *histogram) {
	if other.n == 0 {
		return
	}
	if h.buckets == nil {
		h.buckets = make(map[uint32]bucket)
	}
	for k, o := range other.buckets {
		b := h.buckets[k]
		h.buckets[k] = bucket{b.n + o.n, b.sum + o.sum}
	}
	if h.n == 0 || other.min < h.min {
		h.min = other.min
	}
	h.n += other.n
}

// quantile interpolates linearly between the two nearest ranks (the default
// of NumPy; Hyndman & Fan's type 7). n must be above 0.
func (h *histogram) quantile(q float64) float64 {
	keys := make([]uint32, 0, len(h.buckets))
	for k := range h.buckets {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	rank := q * float64(h.n-1)
	lower := int64(rank)
	at := func(i int64) float64 {
		for _, k := range keys {
			b := h.buckets[k]
			if i < b.n {
				return float64(b.sum) / float64(b.n)
			}
			i -= b.n
		}
		return float64(h.buckets[keys[len(keys)-1]].sum) / float64(h.buckets[keys[len(keys)-1]].n)
	}
	lo := at(lower)
	if frac := rank - float64(lower); frac > 0 {
		return lo + frac*(at(lower+1)-lo)
	}
	return lo
}

// fixedSum adds numbers between 0 and 1 as multiples of 2⁻³², so that the
// order of adding doesn't matter; it holds 4·10⁹ of them.
type fixedSum struct {
	sum uint64
	n   int64
}

const fixedOne = 1 << 32

func (s *fixedSum) add(x float64) {
	s.sum += uint64(min(max(x, 0), 1)*fixedOne + 0.5)
	s.n++
}

func (s *fixedSum) merge(o fixedSum) { s.sum += o.sum; s.n += o.n }

// meanOf is the mean if there are exactly n numbers, else NaN: a mean over a
// part would be another measure.
func (s *fixedSum) meanOf(n int64) float64 {
	if n == 0 || s.n != n {
		return nan()
	}
	return float64(s.sum) / fixedOne / float64(n)
}
