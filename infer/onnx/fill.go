package onnx

import "github.com/flipmeter/flipmeter/infer"

// element is a type that input tensors have; uint16 stands for float16.
type element interface{ uint8 | uint16 | float32 }

// tables hold the value of every byte for each channel of an RGB picture:
// (byte − mean) / scale, computed once, so that a pixel costs three lookups.
type tables[T element] [3][256]T

// newTables makes the tables for red, green and blue, in this order whatever
// the network's is.
func newTables[T element](p infer.Preprocessing, convert func(float32) T) *tables[T] {
	t := new(tables[T])
	for c := range t {
		at := channel(p.Order, c)
		for b := range t[c] {
			t[c][b] = convert((float32(b) - p.Mean[at]) / p.Scale[at])
		}
	}
	return t
}

// fillWithTables makes the function that writes a picture's pixels to dst,
// which has one element for each of them.
func fillWithTables[T element](dst []T, planes bool, p infer.Preprocessing, convert func(float32) T) func(pix []byte) {
	t := newTables(p, convert)
	if planes {
		return func(pix []byte) { fillPlanes(dst, pix, t, p.Order) }
	}
	return func(pix []byte) { fillPixels(dst, pix, t, p.Order) }
}

// channel is where the RGB channel c lies in the network's order.
func channel(order string, c int) int {
	if order == "BGR" {
		return 2 - c
	}
	return c
}

// fillPlanes writes an RGB picture as three planes. len(dst) = len(pix).
func fillPlanes[T element](dst []T, pix []byte, t *tables[T], order string) {
	n := len(pix) / 3
	plane := func(c int) []T {
		at := channel(order, c) * n
		return dst[at : at+n : at+n]
	}
	red, green, blue := plane(0), plane(1), plane(2)
	tr, tg, tb := &t[0], &t[1], &t[2]
	for i := range red {
		px := pix[3*i : 3*i+3 : 3*i+3]
		red[i], green[i], blue[i] = tr[px[0]], tg[px[1]], tb[px[2]]
	}
}

// fillPixels writes an RGB picture with its channels interleaved.
// len(dst) = len(pix).
func fillPixels[T element](dst []T, pix []byte, t *tables[T], order string) {
	r, b := channel(order, 0), channel(order, 2)
	tr, tg, tb := &t[0], &t[1], &t[2]
	for i := 0; i+3 <= len(pix); i += 3 {
		px, d := pix[i:i+3:i+3], dst[i:i+3:i+3]
		d[r], d[1], d[b] = tr[px[0]], tg[px[1]], tb[px[2]]
	}
}
