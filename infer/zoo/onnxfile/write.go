package onnxfile

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// irVersion is ONNX's file version; 8 came with opset 15 and is read by
// every runtime of the last years.
const irVersion = 8

// message is a protobuf message under construction.
type message []byte

func (m *message) varint(field protowire.Number, v int64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), uint64(v))
}

func (m *message) text(field protowire.Number, s string) {
	if s != "" {
		*m = protowire.AppendString(protowire.AppendTag(*m, field, protowire.BytesType), s)
	}
}

func (m *message) sub(field protowire.Number, b message) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), b)
}

func (m *message) float(field protowire.Number, f float32) {
	*m = protowire.AppendFixed32(protowire.AppendTag(*m, field, protowire.Fixed32Type), math.Float32bits(f))
}

// ints writes a repeated integer in the packed form.
func (m *message) ints(field protowire.Number, v []int64) {
	if len(v) == 0 {
		return
	}
	var packed message
	for _, x := range v {
		packed = protowire.AppendVarint(packed, uint64(x))
	}
	m.sub(field, packed)
}

// Write writes the model. Structure and metadata come first, the weights
// last.
func (m *Model) Write(w io.Writer) error {
	graph := m.graphHead()
	heads := make([]message, len(m.Initializers)) // each up to where the values begin
	size := int64(len(graph))
	for i := range m.Initializers {
		var err error
		if heads[i], err = m.Initializers[i].head(); err != nil {
			return fmt.Errorf("write ONNX file: %w", err)
		}
		size += int64(len(heads[i])) + m.Initializers[i].bytes()
	}
	if size > math.MaxInt32-(1<<20) {
		return fmt.Errorf("write ONNX file: %d bytes, and ONNX files end at 2 GiB", size)
	}
	head := m.modelHead()
	head = protowire.AppendTag(head, 7, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(size))

	out := bufio.NewWriterSize(w, 1<<16)
	for _, b := range []message{head, graph} {
		if _, err := out.Write(b); err != nil {
			return fmt.Errorf("write ONNX file: %w", err)
		}
	}
	for i := range m.Initializers {
		t := &m.Initializers[i]
		if _, err := out.Write(heads[i]); err != nil {
			return fmt.Errorf("write ONNX file: %w", err)
		}
		count := &counter{w: out}
		if err := t.Write(count); err != nil {
			return fmt.Errorf("write ONNX file: tensor %q: %w", t.Name, err)
		}
		if count.n != t.bytes() {
			return fmt.Errorf("write ONNX file: tensor %q: %d bytes for shape %v", t.Name, count.n, t.Dims)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write ONNX file: %w", err)
	}
	return nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// modelHead is the ModelProto without its graph.
func (m *Model) modelHead() message {
	var b, opset message
	b.varint(1, irVersion)
	b.text(2, m.Producer)
	b.text(6, m.Doc)
	opset.varint(2, m.Opset)
	b.sub(8, opset)
	for _, key := range slices.Sorted(maps.Keys(m.Metadata)) {
		var e message
		e.text(1, key)
		e.text(2, m.Metadata[key])
		b.sub(14, e)
	}
	return b
}

// graphHead is the GraphProto without its initializers.
func (m *Model) graphHead() message {
	var b message
	for i := range m.Nodes {
		b.sub(1, m.Nodes[i].encode())
	}
	b.text(2, m.Name)
	for _, part := range []struct {
		field  protowire.Number
		values []Value
	}{{11, m.Inputs}, {12, m.Outputs}, {13, m.Values}} {
		for i := range part.values {
			b.sub(part.field, part.values[i].encode())
		}
	}
	return b
}

func (n *Node) encode() message {
	var b message
	for _, s := range n.Inputs { // an empty name stands for an input left out
		b.sub(1, message(s))
	}
	for _, s := range n.Outputs {
		b.sub(2, message(s))
	}
	b.text(3, n.Name)
	b.text(4, n.Op)
	for _, a := range n.Attrs {
		var e message
		e.text(1, a.Name)
		switch a.Kind {
		case KindFloat:
			e.float(2, a.F)
		case KindInt:
			e.varint(3, a.I)
		case KindString:
			e.text(4, a.S)
		case KindInts:
			e.ints(8, a.Ints)
		default:
			panic(fmt.Sprintf("BUG: onnxfile: attribute %s of kind %d", a.Name, a.Kind))
		}
		e.varint(20, int64(a.Kind))
		b.sub(5, e)
	}
	return b
}

func (v *Value) encode() message {
	var shape message
	for _, d := range v.Dims {
		var e message
		if d.Name != "" {
			e.text(2, d.Name)
		} else if d.Size >= 0 {
			e.varint(1, d.Size)
		}
		shape.sub(1, e)
	}
	var tensor, typ, b message
	tensor.varint(1, int64(v.Type))
	tensor.sub(2, shape)
	typ.sub(1, tensor)
	b.text(1, v.Name)
	b.sub(2, typ)
	return b
}

// bytes is the length of the values.
func (t *Initializer) bytes() int64 { return t.Elements() * t.Type.Size() }

// head is the TensorProto up to its values, with the graph's tag and length
// before it.
func (t *Initializer) head() (message, error) {
	if t.Type.Size() == 0 {
		return nil, fmt.Errorf("tensor %q: number format %d can't be written", t.Name, t.Type)
	}
	var b message
	b.ints(1, t.Dims)
	b.varint(2, int64(t.Type))
	b.text(8, t.Name)
	b = protowire.AppendTag(b, 9, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(t.bytes()))
	var out message
	out = protowire.AppendTag(out, 5, protowire.BytesType)
	out = protowire.AppendVarint(out, uint64(int64(len(b))+t.bytes()))
	return append(out, b...), nil
}
