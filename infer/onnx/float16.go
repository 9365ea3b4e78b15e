package onnx

import "math"

// float16Bits rounds to the nearest IEEE half, ties to even.
func float16Bits(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b>>16) & 0x8000
	exp, frac := int(b>>23)&0xff, b&0x7fffff
	switch e := exp - 127 + 15; {
	case exp == 0xff && frac != 0:
		return sign | 0x7e00 // NaN
	case e >= 31:
		return sign | 0x7c00 // too large, or infinite
	case e <= 0:
		if e < -10 {
			return sign
		}
		return sign | uint16(roundShift(frac|0x800000, uint(14-e)))
	default:
		return sign + uint16(roundShift(uint32(e)<<23|frac, 13)) // a carry goes into the exponent, as it should
	}
}

// roundShift is x / 2^n to the nearest integer, ties to even.
func roundShift(x uint32, n uint) uint32 {
	half := uint32(1) << (n - 1)
	return (x + half - 1 + x>>n&1) >> n
}

// float16Value is the value of an IEEE half.
func float16Value(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp, frac := uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exp {
	case 0:
		v := float32(frac) / (1 << 24) // exact
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}
