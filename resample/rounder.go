package resample

import "math"

// rounder divides sums by a constant and rounds half up, and tells where the
// quotient is so near to a half that another arithmetic could have rounded
// the other way.
type rounder struct {
	reciprocal uint64 // 2⁵⁶ / divisor, rounded down
	margin     uint64 // in units of 2⁻⁵⁶ grey levels
}

// newRounder divides sums of up to 255·divisor. Bound is how far, in grey
// levels, the other arithmetic can be off; 0 where there is none and the
// divisor is a power of two.
func newRounder(divisor uint64, bound float64) rounder {
	r := rounder{reciprocal: 1 << 56 / divisor}
	if bound > 0 {
		// Rounding the reciprocal loses less than one unit for each unit of
		// the sum.
		r.margin = uint64(math.Ceil(bound*0x1p56)) + 255*divisor
	}
	return r
}

// scale has the rounded quotient in its top 8 bits.
func (r rounder) scale(sum uint64) uint64 { return sum*r.reciprocal + 1<<55 }

// near says that scale's quotient is within the margin of a half.
func (r rounder) near(scaled uint64) bool { return (scaled+r.margin)<<8 < r.margin<<9 }
