package onnx

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// value is one field of a protobuf message: varint for wire types 0, 1 and 5,
// bytes (not copied) for type 2.
type value struct {
	varint uint64
	bytes  []byte
	packed bool // bytes is set
}

// fields calls f for every field of a message, in order.
func fields(b []byte, f func(num protowire.Number, v value) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		var v value
		switch typ {
		case protowire.VarintType:
			v.varint, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var x uint32
			x, n = protowire.ConsumeFixed32(b)
			v.varint = uint64(x)
		case protowire.Fixed64Type:
			v.varint, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			v.bytes, n = protowire.ConsumeBytes(b)
			v.packed = true
		default: // groups, which ONNX has none of
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if err := f(num, v); err != nil {
			return err
		}
	}
	return nil
}

// eachVarint calls f for every number of a repeated integer field, packed or
// not.
func (v value) eachVarint(f func(uint64)) error {
	if !v.packed {
		f(v.varint)
		return nil
	}
	for b := v.bytes; len(b) > 0; {
		x, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		f(x)
		b = b[n:]
	}
	return nil
}
