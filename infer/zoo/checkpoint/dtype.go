package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// DType is the number format in which a file stores a tensor.
type DType uint8

// The number formats that checkpoints contain. Only the floating-point ones
// can be read; integers appear as counters, which no network needs.
const (
	F32 DType = iota + 1
	F16
	BF16
	F64
	I64
	I32
	I16
	I8
	U8
	Bool
)

// bytes is the size of one element.
func (d DType) bytes() int64 {
	switch d {
	case F64, I64:
		return 8
	case F32, I32:
		return 4
	case F16, BF16, I16:
		return 2
	case I8, U8, Bool:
		return 1
	}
	panic(fmt.Sprintf("BUG: checkpoint: no size for dtype %d", d))
}

// String is the name that safetensors uses.
func (d DType) String() string {
	switch d {
	case F32:
		return "F32"
	case F16:
		return "F16"
	case BF16:
		return "BF16"
	case F64:
		return "F64"
	case I64:
		return "I64"
	case I32:
		return "I32"
	case I16:
		return "I16"
	case I8:
		return "I8"
	case U8:
		return "U8"
	case Bool:
		return "BOOL"
	}
	return fmt.Sprintf("DType(%d)", uint8(d))
}

// IsFloat says whether d is a format of floating-point numbers, which are
// what can be read.
func (d DType) IsFloat() bool { return d == F32 || d == F16 || d == BF16 || d == F64 }

// decode converts len(dst) little-endian numbers of format d. F64 is rounded
// to the nearest float32; the other conversions are exact.
//
// Here and in AppendFloats the race detector is told not to look: these are
// loops over two slices that no other goroutine has, a hundred million times
// round for the largest networks, and it would make them thirty times slower.
//
//go:norace
func (d DType) decode(dst []float32, src []byte) {
	switch d {
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
		}
	case F64:
		for i := range dst {
			dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
		}
	case BF16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
		}
	case F16:
		for i := range dst {
			dst[i] = fromHalf(binary.LittleEndian.Uint16(src[2*i:]))
		}
	default:
		panic("BUG: checkpoint: decode of " + d.String())
	}
}

// fromHalf widens an IEEE 754 binary16 number: 1 sign, 5 exponent, 10
// fraction bits.
func fromHalf(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp, frac := uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exp {
	case 0: // zero and subnormal: frac × 2^-24, exact in float32
		v := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 0x1f: // infinity, NaN
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}

// AppendFloats appends values as little-endian float32 numbers.
//
//go:norace
func AppendFloats(b []byte, values []float32) []byte {
	b = slices.Grow(b, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}
