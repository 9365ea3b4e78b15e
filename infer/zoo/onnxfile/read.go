package onnxfile

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"google.golang.org/protobuf/encoding/protowire"
)

// Limits on what is kept of a file. The networks of the zoo have up to 1,500
// nodes and some 30 KB of labels.
const (
	maxItems = 1 << 20  // nodes, tensors, names, numbers: everything counted together
	maxText  = 16 << 20 // bytes of names and texts, together
)

// ReadFile reads the structure of an ONNX file.
func ReadFile(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return nil, fmt.Errorf("open model %s: %w", path, err)
	}
	m, err := Read(f, st.Size())
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", path, err)
	}
	return m, nil
}

// Read reads the structure of an ONNX file of size bytes. It steps over the
// weights. A damaged or hostile file gives an error.
func Read(src io.ReaderAt, size int64) (*Model, error) {
	r := &reader{src: src, items: maxItems, text: maxText}
	m := &Model{Metadata: make(map[string]string)}
	graphs := 0
	err := r.fields(span{0, size}, func(f field) error {
		switch f.num {
		case 2:
			return r.string(f, &m.Producer)
		case 6:
			return r.string(f, &m.Doc)
		case 7: // a graph that comes in parts is merged, as protobuf says
			graphs++
			return r.graph(f, m)
		case 8:
			return r.opset(f, m)
		case 14:
			var key, value string
			err := r.sub(f, func(f field) error {
				switch f.num {
				case 1:
					return r.string(f, &key)
				case 2:
					return r.string(f, &value)
				}
				return nil
			})
			m.Metadata[key] = value
			return err
		}
		return nil
	})
	if err == nil && graphs == 0 {
		err = errors.New("there is no graph in it")
	}
	if err != nil {
		return nil, fmt.Errorf("not an ONNX file: %w", err)
	}
	return m, nil
}

func (r *reader) opset(f field, m *Model) error {
	domain, version := "", int64(0)
	err := r.sub(f, func(f field) error {
		switch f.num {
		case 1:
			return r.string(f, &domain)
		case 2:
			return f.int(&version)
		}
		return nil
	})
	if domain == "" || domain == "ai.onnx" {
		m.Opset = version
	}
	return err
}

func (r *reader) graph(f field, m *Model) error {
	return r.sub(f, func(f field) error {
		switch f.num {
		case 1:
			return appendItem(f, &m.Nodes, r.node)
		case 2:
			return r.string(f, &m.Name)
		case 5:
			return appendItem(f, &m.Initializers, r.initializer)
		case 11:
			return appendItem(f, &m.Inputs, r.value)
		case 12:
			return appendItem(f, &m.Outputs, r.value)
		case 13:
			return appendItem(f, &m.Values, r.value)
		}
		return nil
	})
}

// appendItem reads one element of a repeated message.
func appendItem[T any](f field, list *[]T, read func(field, *T) error) error {
	var v T
	if err := read(f, &v); err != nil {
		return err
	}
	*list = append(*list, v)
	return nil
}

func (r *reader) node(f field, n *Node) error {
	return r.sub(f, func(f field) error {
		switch f.num {
		case 1:
			return appendItem(f, &n.Inputs, r.string)
		case 2:
			return appendItem(f, &n.Outputs, r.string)
		case 3:
			return r.string(f, &n.Name)
		case 4:
			return r.string(f, &n.Op)
		case 5:
			return appendItem(f, &n.Attrs, r.attr)
		}
		return nil
	})
}

func (r *reader) attr(f field, a *Attr) error {
	return r.sub(f, func(f field) error {
		switch f.num {
		case 1:
			return r.string(f, &a.Name)
		case 2:
			a.F = math.Float32frombits(uint32(f.number))
		case 3:
			return f.int(&a.I)
		case 4:
			return r.string(f, &a.S)
		case 8:
			return r.ints(f, &a.Ints)
		case 20:
			a.Kind = AttrKind(f.number)
		}
		return nil
	})
}

func (r *reader) initializer(f field, t *Initializer) error {
	err := r.sub(f, func(f field) error {
		switch f.num {
		case 1:
			return r.ints(f, &t.Dims)
		case 2:
			t.Type = DataType(f.number)
		case 4, 5, 7, 9, 10: // float_data, int32_data, int64_data, raw_data, double_data
			t.data = append(t.data, f)
		case 8:
			return r.string(f, &t.Name)
		case 13:
			return r.external(f, t)
		}
		return nil
	})
	n := int64(1)
	for _, d := range t.Dims {
		if d < 0 || d > 0 && n > math.MaxInt64/16/d {
			return fmt.Errorf("tensor %.100q has an impossible shape %v", t.Name, t.Dims)
		}
		n *= max(1, d)
	}
	return err
}

func (r *reader) external(f field, t *Initializer) error {
	var key, value string
	err := r.sub(f, func(f field) error {
		switch f.num {
		case 1:
			return r.string(f, &key)
		case 2:
			return r.string(f, &value)
		}
		return nil
	})
	if key == "location" {
		t.External = value
	}
	return err
}

// value reads a ValueInfoProto. Values that are no tensors have no Type.
func (r *reader) value(f field, v *Value) error {
	return r.sub(f, func(f field) error {
		switch f.num {
		case 1:
			return r.string(f, &v.Name)
		case 2: // TypeProto
			return r.sub(f, func(f field) error {
				if f.num != 1 { // tensor_type
					return nil
				}
				return r.sub(f, func(f field) error {
					switch f.num {
					case 1:
						v.Type = DataType(f.number)
					case 2: // shape
						return r.sub(f, func(f field) error {
							if f.num != 1 {
								return nil
							}
							return appendItem(f, &v.Dims, r.dim)
						})
					}
					return nil
				})
			})
		}
		return nil
	})
}

func (r *reader) dim(f field, d *Dim) error {
	d.Size = -1
	return r.sub(f, func(f field) error {
		switch f.num {
		case 1:
			return f.int(&d.Size)
		case 2:
			return r.string(f, &d.Name)
		}
		return nil
	})
}

// span is a stretch of the file.
type span struct{ from, to int64 }

// field is one field of a message: a number, or a stretch of bytes.
type field struct {
	num    protowire.Number
	typ    protowire.Type
	number uint64
	body   span
}

func (f field) int(into *int64) error {
	*into = int64(f.number)
	return nil
}

// reader reads a file through a window of a few KiB, so that what is stepped
// over is never read.
type reader struct {
	src    io.ReaderAt
	window []byte
	at     int64 // of the window's first byte
	buf    [8 << 10]byte

	items, text int // what may still be kept
}

var errTruncated = errors.New("it is damaged or incomplete")

// peek is some bytes from pos on, at least as many as a tag, a number or a
// length takes if the file is that long.
func (r *reader) peek(pos, end int64) ([]byte, error) {
	const need = 16
	have := r.at + int64(len(r.window)) - pos
	if pos < r.at || have < min(need, end-pos) {
		n, err := r.src.ReadAt(r.buf[:min(int64(len(r.buf)), end-pos)], pos)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		r.window, r.at = r.buf[:n], pos
	}
	b := r.window[pos-r.at:]
	return b[:min(int64(len(b)), end-pos)], nil
}

// fields calls fn for each field of the message in s.
func (r *reader) fields(s span, fn func(field) error) error {
	for pos := s.from; pos < s.to; {
		if r.items--; r.items < 0 {
			return fmt.Errorf("it has more than %d parts", maxItems)
		}
		b, err := r.peek(pos, s.to)
		if err != nil {
			return err
		}
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errTruncated
		}
		f := field{num: num, typ: typ}
		pos += int64(n)
		b = b[n:]
		switch typ {
		case protowire.VarintType:
			f.number, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(b)
			f.number = uint64(v)
		case protowire.Fixed64Type:
			f.number, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			var size uint64
			if size, n = protowire.ConsumeVarint(b); n >= 0 {
				if from := pos + int64(n); from <= s.to && size <= uint64(s.to-from) {
					f.body = span{from, from + int64(size)}
				} else {
					n = -1
				}
			}
		default:
			n = -1
		}
		if n < 0 {
			return errTruncated
		}
		pos += int64(n)
		if typ == protowire.BytesType {
			pos = f.body.to
		}
		if err := fn(f); err != nil {
			return err
		}
	}
	return nil
}

// sub reads a field that is itself a message.
func (r *reader) sub(f field, fn func(field) error) error {
	if f.typ != protowire.BytesType {
		return errTruncated
	}
	return r.fields(f.body, fn)
}

func (r *reader) string(f field, into *string) error {
	n := f.body.to - f.body.from
	if f.typ != protowire.BytesType {
		return errTruncated
	}
	if n > int64(r.text) {
		return fmt.Errorf("it has more than %d bytes of text", maxText)
	}
	r.text -= int(n)
	b := make([]byte, n)
	if _, err := r.src.ReadAt(b, f.body.from); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	*into = string(b)
	return nil
}

// ints reads one element of a repeated integer, or several in packed form.
func (r *reader) ints(f field, into *[]int64) error {
	if f.typ == protowire.VarintType {
		*into = append(*into, int64(f.number))
		return nil
	}
	var packed string
	if err := r.string(f, &packed); err != nil {
		return err
	}
	for b := []byte(packed); len(b) > 0; {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return errTruncated
		}
		if r.items--; r.items < 0 {
			return fmt.Errorf("it has more than %d parts", maxItems)
		}
		*into = append(*into, int64(v))
		b = b[n:]
	}
	return nil
}
