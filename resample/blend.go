package resample

import "encoding/binary"

// A word of eight samples, masked, is four samples in lanes of 16 bits; the
// same word shifted by 8 bits first holds the other four. A word times a
// share multiplies every lane, as long as none runs over: sums of shares are
// axis.unit, so lanes of 16 bits do for 255·unit < 2¹⁶, and 32 bits for any
// picture of less than 2²⁴ rows.
const (
	lanes16 = 0x00FF00FF00FF00FF
	lanes32 = 0x000000FF000000FF
	low16   = 0xFFFF
	low32   = 0xFFFFFFFF
)

// put16 writes eight sums as uint32, even ones from e, odd ones from o.
func put16(v []byte, e, o uint64) {
	_ = v[31]
	binary.LittleEndian.PutUint64(v[0:], e&low16|o&low16<<32)
	binary.LittleEndian.PutUint64(v[8:], e>>16&low16|o>>16&low16<<32)
	binary.LittleEndian.PutUint64(v[16:], e>>32&low16|o>>32&low16<<32)
	binary.LittleEndian.PutUint64(v[24:], e>>48|o>>48<<32)
}

// blend3 writes r0·w0 + r1·w1 + r2·w2 to v, for every whole group of eight.
func blend3(v, r0, r1, r2 []byte, w0, w1, w2 uint64) {
	for len(r0) >= 8 && len(r1) >= 8 && len(r2) >= 8 && len(v) >= 32 {
		x0 := binary.LittleEndian.Uint64(r0)
		x1 := binary.LittleEndian.Uint64(r1)
		x2 := binary.LittleEndian.Uint64(r2)
		put16(v,
			(x0&lanes16)*w0+(x1&lanes16)*w1+(x2&lanes16)*w2,
			(x0>>8&lanes16)*w0+(x1>>8&lanes16)*w1+(x2>>8&lanes16)*w2)
		r0, r1, r2, v = r0[8:], r1[8:], r2[8:], v[32:]
	}
}

// blend4 is blend3 with four rows.
func blend4(v, r0, r1, r2, r3 []byte, w0, w1, w2, w3 uint64) {
	for len(r0) >= 8 && len(r1) >= 8 && len(r2) >= 8 && len(r3) >= 8 && len(v) >= 32 {
		x0 := binary.LittleEndian.Uint64(r0)
		x1 := binary.LittleEndian.Uint64(r1)
		x2 := binary.LittleEndian.Uint64(r2)
		x3 := binary.LittleEndian.Uint64(r3)
		put16(v,
			(x0&lanes16)*w0+(x1&lanes16)*w1+(x2&lanes16)*w2+(x3&lanes16)*w3,
			(x0>>8&lanes16)*w0+(x1>>8&lanes16)*w1+(x2>>8&lanes16)*w2+(x3>>8&lanes16)*w3)
		r0, r1, r2, r3, v = r0[8:], r1[8:], r2[8:], r3[8:], v[32:]
	}
}

// add16 adds r0·w0 + r1·w1 to carry, two words for every group of eight.
func add16(carry []uint64, r0, r1 []byte, w0, w1 uint64) {
	for len(r0) >= 8 && len(r1) >= 8 && len(carry) >= 2 {
		x0 := binary.LittleEndian.Uint64(r0)
		x1 := binary.LittleEndian.Uint64(r1)
		carry[0] += (x0&lanes16)*w0 + (x1&lanes16)*w1
		carry[1] += (x0>>8&lanes16)*w0 + (x1>>8&lanes16)*w1
		r0, r1, carry = r0[8:], r1[8:], carry[2:]
	}
}

// spread16 writes what add16 summed to v.
func spread16(v []byte, carry []uint64) {
	for len(carry) >= 2 && len(v) >= 32 {
		put16(v, carry[0], carry[1])
		carry, v = carry[2:], v[32:]
	}
}

// add32 is add16 with lanes of 32 bits, four words for every group of eight.
func add32(carry []uint64, r0, r1 []byte, w0, w1 uint64) {
	for len(r0) >= 8 && len(r1) >= 8 && len(carry) >= 4 {
		x0 := binary.LittleEndian.Uint64(r0)
		x1 := binary.LittleEndian.Uint64(r1)
		carry[0] += (x0&lanes32)*w0 + (x1&lanes32)*w1
		carry[1] += (x0>>8&lanes32)*w0 + (x1>>8&lanes32)*w1
		carry[2] += (x0>>16&lanes32)*w0 + (x1>>16&lanes32)*w1
		carry[3] += (x0>>24&lanes32)*w0 + (x1>>24&lanes32)*w1
		r0, r1, carry = r0[8:], r1[8:], carry[4:]
	}
}

// spread32 writes what add32 summed to v.
func spread32(v []byte, carry []uint64) {
	for len(carry) >= 4 && len(v) >= 32 {
		binary.LittleEndian.PutUint64(v[0:], carry[0]&low32|carry[1]<<32)
		binary.LittleEndian.PutUint64(v[8:], carry[2]&low32|carry[3]<<32)
		binary.LittleEndian.PutUint64(v[16:], carry[0]>>32|carry[1]&^low32)
		binary.LittleEndian.PutUint64(v[24:], carry[2]>>32|carry[3]&^low32)
		carry, v = carry[4:], v[32:]
	}
}
