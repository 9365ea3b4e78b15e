package onnxfile

import (
	"fmt"
	"io"
)

// DataType is the number format of a tensor, as ONNX numbers them.
type DataType int32

// The formats that flipmeter's own files use. Others are read as they are.
const (
	Float DataType = 1
	Uint8 DataType = 2
	Int64 DataType = 7
	// Half is float16: read, not written.
	Half DataType = 10
)

// Size is the bytes that one element takes; 0 for formats not named above.
func (d DataType) Size() int64 {
	switch d {
	case Float:
		return 4
	case Uint8:
		return 1
	case Int64:
		return 8
	}
	return 0
}

// String is the usual name of the format.
func (d DataType) String() string {
	names := [...]string{1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64",
		8: "string", 9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16"}
	if d > 0 && int(d) < len(names) && names[d] != "" {
		return names[d]
	}
	return fmt.Sprintf("type %d", int32(d))
}

// Model is an ONNX file without its weights' values.
type Model struct {
	Name     string // of the graph
	Doc      string // for people
	Producer string
	Opset    int64 // of the standard operators
	Nodes    []Node
	Inputs   []Value // without the initializers
	Outputs  []Value
	// Values states the shapes of tensors in between; any of them can be
	// made an output.
	Values       []Value
	Initializers []Initializer
	Metadata     map[string]string
}

// Node is one operation.
type Node struct {
	Op      string
	Name    string
	Inputs  []string
	Outputs []string
	Attrs   []Attr
}

// Attr is a node's setting. Exactly one of the values counts, by Kind.
type Attr struct {
	Name string
	Kind AttrKind
	I    int64
	F    float32
	S    string
	Ints []int64
}

// AttrKind says which of an Attr's values counts, as ONNX numbers them.
type AttrKind int32

// The kinds that are read and written; attributes of other kinds keep their
// name and kind only.
const (
	KindFloat  AttrKind = 1
	KindInt    AttrKind = 2
	KindString AttrKind = 3
	KindInts   AttrKind = 7
)

// Int is an integer setting.
func Int(name string, v int64) Attr { return Attr{Name: name, Kind: KindInt, I: v} }

// Ints is a setting of several integers.
func Ints(name string, v ...int64) Attr { return Attr{Name: name, Kind: KindInts, Ints: v} }

// Value is a tensor's name and type. A dimension that is only known when the
// model runs has a name and the size −1; one of which nothing is known has
// no name.
type Value struct {
	Name string
	Type DataType
	Dims []Dim
}

// Dim is one dimension of a Value.
type Dim struct {
	Size int64
	Name string
}

// Initializer is a tensor with values in the file.
type Initializer struct {
	Name string
	Type DataType
	Dims []int64
	// Write writes all values, little-endian and row-major. It is nil in a
	// Model that was read.
	Write func(w io.Writer) error
	// External is set where the values lie in another file, and then is
	// that file's path as the model states it.
	External string

	data []field // where the values of a Model that was read lie in its file
}

// Elements is the product of the dimensions.
func (t *Initializer) Elements() int64 {
	n := int64(1)
	for _, d := range t.Dims {
		n *= d
	}
	return n
}

// Initializer finds the tensor of that name, or returns nil.
func (m *Model) Initializer(name string) *Initializer {
	for i := range m.Initializers {
		if m.Initializers[i].Name == name {
			return &m.Initializers[i]
		}
	}
	return nil
}
