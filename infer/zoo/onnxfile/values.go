package onnxfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Values reads the numbers of t, which must come from a Model read from src,
// from element at on into dst. Numbers of float32, float16, uint8 and int64
// can be read.
func (t *Initializer) Values(src io.ReaderAt, at int64, dst []float32) error {
	if err := t.values(src, at, dst); err != nil {
		return fmt.Errorf("read the values of %.100q: %w", t.Name, err)
	}
	return nil
}

func (t *Initializer) values(src io.ReaderAt, at int64, dst []float32) error {
	if at < 0 || at+int64(len(dst)) > t.Elements() {
		return fmt.Errorf("%d from %d on, of %d", len(dst), at, t.Elements())
	}
	switch {
	case t.External != "":
		return errors.New("they lie in another file")
	case len(t.data) != 1 || t.data[0].typ != protowire.BytesType:
		return t.scattered(src, at, dst)
	case t.data[0].num == 9 || t.data[0].num == 4 && t.Type == Float: // packed floats are the same bytes
		return t.fixed(src, at, dst)
	}
	return t.scattered(src, at, dst)
}

// fixed reads values that lie in a row, each as long as the others.
func (t *Initializer) fixed(src io.ReaderAt, at int64, dst []float32) error {
	size := t.Type.Size()
	if t.Type == Half {
		size = 2
	}
	body := t.data[0].body
	if size == 0 {
		return fmt.Errorf("numbers of %s can't be read", t.Type)
	}
	if (body.to-body.from)/size < t.Elements() {
		return fmt.Errorf("%d bytes for %d numbers of %s", body.to-body.from, t.Elements(), t.Type)
	}
	raw := make([]byte, int64(len(dst))*size)
	if _, err := src.ReadAt(raw, body.from+at*size); err != nil {
		return err
	}
	for i := range dst {
		switch b := raw[int64(i)*size:]; t.Type {
		case Float:
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b))
		case Half:
			dst[i] = half(binary.LittleEndian.Uint16(b))
		case Uint8:
			dst[i] = float32(b[0])
		case Int64:
			dst[i] = float32(int64(binary.LittleEndian.Uint64(b)))
		}
	}
	return nil
}

// scattered reads values that lie one by one as protobuf numbers; exporters
// do that with few of them.
func (t *Initializer) scattered(src io.ReaderAt, at int64, dst []float32) error {
	const most = 1 << 16
	if t.Elements() > most {
		return fmt.Errorf("%d of them, not in a row", t.Elements())
	}
	var all []float32
	for _, f := range t.data {
		var body []byte
		if f.typ == protowire.BytesType {
			body = make([]byte, min(f.body.to-f.body.from, 10*most))
			if _, err := src.ReadAt(body, f.body.from); err != nil && !errors.Is(err, io.EOF) {
				return err
			}
		}
		switch {
		case f.num == 4 && f.typ == protowire.Fixed32Type:
			all = append(all, math.Float32frombits(uint32(f.number)))
		case f.num == 4 && f.typ == protowire.BytesType:
			for ; len(body) >= 4; body = body[4:] {
				all = append(all, math.Float32frombits(binary.LittleEndian.Uint32(body)))
			}
		case (f.num == 7 || f.num == 5) && f.typ == protowire.VarintType:
			all = append(all, float32(int64(f.number)))
		case (f.num == 7 || f.num == 5) && f.typ == protowire.BytesType:
			for len(body) > 0 {
				v, n := protowire.ConsumeVarint(body)
				if n < 0 {
					return errTruncated
				}
				all, body = append(all, float32(int64(v))), body[n:]
			}
		default:
			return fmt.Errorf("numbers of %s in this form can't be read", t.Type)
		}
	}
	if int64(len(all)) < at+int64(len(dst)) {
		return fmt.Errorf("%d for %d elements", len(all), t.Elements())
	}
	copy(dst, all[at:])
	return nil
}

// half is the value of an IEEE 754 binary16 number.
func half(h uint16) float32 {
	exp, frac := int(h>>10&0x1f), float64(h&0x3ff)
	v := math.Ldexp(1024+frac, exp-25)
	switch {
	case exp == 0:
		v = math.Ldexp(frac, -24)
	case exp == 0x1f && frac == 0:
		v = math.Inf(1)
	case exp == 0x1f:
		v = math.NaN()
	}
	return float32(math.Copysign(v, 1-2*float64(h>>15)))
}
