package zoo

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/flipmeter/flipmeter/infer/zoo/checkpoint"
	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
)

// opset is the version of the ONNX operators that the files use: old enough
// for every runtime in use.
const opset = 17

// Parameter is a tensor of weights that a network is made of.
type Parameter struct {
	Name  string
	Shape []int
	// Buffer is set for batch normalisation's running statistics, which
	// are stored with the weights but not trained, nor counted as
	// parameters.
	Buffer bool
	// Alternative is another name and shape under which files have the same
	// numbers in the same order; nil if there is none.
	Alternative *Parameter
}

// Elements is the product of the shape.
func (p *Parameter) Elements() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// tensor is a value in the graph: a feature map c×h×w, or c numbers if h is
// 0. The batch dimension is not counted.
type tensor struct {
	name    string
	c, h, w int
}

// network is a graph under construction. Layers add nodes; nothing reads
// weights until the file is written.
type network struct {
	model      onnxfile.Model
	parameters []Parameter
	fill       []fill // how each of model.Initializers gets its values
	taps       []string
	constants  map[string]bool
	// otherNames gives layers (such as "conv1" of "conv1.weight") the name
	// that they have in files of another origin.
	otherNames map[string]string
}

// fill writes an initializer's values.
type fill func(src Weights, w io.Writer) error

func newNetwork(name string) *network {
	return &network{
		model:     onnxfile.Model{Name: name, Opset: opset},
		constants: make(map[string]bool), otherNames: make(map[string]string),
	}
}

// parameter notes that the network needs a tensor from the checkpoint.
func (n *network) parameter(name string, shape ...int) Parameter {
	p := Parameter{Name: name, Shape: shape}
	if at := strings.LastIndexByte(name, '.'); n.otherNames[name[:at]] != "" {
		p.Alternative = &Parameter{Name: n.otherNames[name[:at]] + name[at:], Shape: shape}
	}
	n.parameters = append(n.parameters, p)
	return p
}

// initializer adds a tensor of float32 that f fills when the file is written.
func (n *network) initializer(name string, dims []int, f fill) string {
	t := onnxfile.Initializer{Name: name, Type: onnxfile.Float}
	for _, d := range dims {
		t.Dims = append(t.Dims, int64(d))
	}
	n.model.Initializers = append(n.model.Initializers, t)
	n.fill = append(n.fill, f)
	return name
}

// constant adds fixed numbers, once for each name.
func (n *network) constant(name string, dims []int, values ...float32) string {
	if n.constants[name] {
		return name
	}
	n.constants[name] = true
	return n.initializer(name, dims, func(_ Weights, w io.Writer) error {
		_, err := w.Write(checkpoint.AppendFloats(nil, values))
		return err
	})
}

// node adds an operation whose output has the name and shape of out.
func (n *network) node(op string, out tensor, inputs []string, attrs ...onnxfile.Attr) tensor {
	n.rawNode(op, out.value(onnxfile.Float), inputs, attrs...)
	return out
}

// rawNode adds an operation whose output is no feature map of float32.
func (n *network) rawNode(op string, out onnxfile.Value, inputs []string, attrs ...onnxfile.Attr) {
	n.model.Nodes = append(n.model.Nodes, onnxfile.Node{Op: op, Name: out.Name, Inputs: inputs, Outputs: []string{out.Name}, Attrs: attrs})
	n.model.Values = append(n.model.Values, out)
}

func (t tensor) value(typ onnxfile.DataType) onnxfile.Value {
	v := onnxfile.Value{Name: t.name, Type: typ, Dims: []onnxfile.Dim{{Size: -1, Name: "batch"}, {Size: int64(t.c)}}}
	if t.h > 0 {
		v.Dims = append(v.Dims, onnxfile.Dim{Size: int64(t.h)}, onnxfile.Dim{Size: int64(t.w)})
	}
	return v
}

// tap marks a tensor as worth looking at from outside.
func (n *network) tap(t tensor) tensor {
	n.taps = append(n.taps, t.name)
	return t
}

// output ends the network.
func (n *network) output(t tensor) {
	last := &n.model.Nodes[len(n.model.Nodes)-1]
	last.Name, last.Outputs[0] = "logits", "logits"
	n.model.Values = slices.DeleteFunc(n.model.Values, func(v onnxfile.Value) bool { return v.Name == t.name })
	t.name = "logits"
	n.model.Outputs = []onnxfile.Value{t.value(onnxfile.Float)}
}

// bind makes the graph's initializers read from src.
func (n *network) bind(src Weights) *onnxfile.Model {
	for i, f := range n.fill {
		n.model.Initializers[i].Write = func(w io.Writer) error { return f(src, w) }
	}
	return &n.model
}

// count is the number of trained parameters.
func (n *network) count() int {
	total := 0
	for i := range n.parameters {
		if !n.parameters[i].Buffer {
			total += n.parameters[i].Elements()
		}
	}
	return total
}

func mustMap(t tensor, op string) {
	if t.h == 0 {
		panic(fmt.Sprintf("BUG: zoo: %s of %s, which is no feature map", op, t.name))
	}
}
