package reference

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
)

// Tensor is a value in the network: numbers in row-major order.
type Tensor struct {
	Dims   []int
	Values []float64
}

func newTensor(dims ...int) *Tensor {
	return &Tensor{dims, make([]float64, elements(dims))}
}

func elements(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// maxElements bounds a tensor: 128 MiB of float64. The largest of the zoo has
// 3.3 million. Weights of convolutions and layers are not kept, and not
// bounded.
const maxElements = 1 << 24

// Run computes the tensors of these names, which may be any inside the
// network, for one input. m must have been read from src. Between two
// operations it looks at ctx.
func Run(ctx context.Context, m *onnxfile.Model, src io.ReaderAt, input *Tensor, names ...string) ([]*Tensor, error) {
	if len(m.Inputs) != 1 {
		return nil, fmt.Errorf("compute the network: it has %d inputs", len(m.Inputs))
	}
	r := &run{model: m, src: src, values: map[string]*Tensor{m.Inputs[0].Name: input}, uses: map[string]int{}}
	for _, name := range names {
		r.uses[name]++
	}
	for _, n := range m.Nodes {
		for _, in := range n.Inputs {
			r.uses[in]++
		}
	}
	for i := range m.Nodes {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := r.node(&m.Nodes[i]); err != nil {
			return nil, fmt.Errorf("compute the network: %s %.100q: %w", m.Nodes[i].Op, m.Nodes[i].Name, err)
		}
		if out, _ := r.all(names); out != nil {
			return out, nil
		}
	}
	_, missing := r.all(names)
	return nil, fmt.Errorf("compute the network: nothing makes %.100q", missing)
}

// all are the values of these names, or nil and the first that is missing.
func (r *run) all(names []string) (out []*Tensor, missing string) {
	for _, name := range names {
		if r.values[name] == nil {
			return nil, name
		}
		out = append(out, r.values[name])
	}
	return out, ""
}

// run is one computation.
type run struct {
	model  *onnxfile.Model
	src    io.ReaderAt
	values map[string]*Tensor
	uses   map[string]int // how often a value is still needed
}

// operation computes a node's first output.
type operation func(r *run, n *node) (*Tensor, error)

func operations() map[string]operation {
	return map[string]operation{
		"Conv": conv, "Gemm": gemm, "MaxPool": pool, "AveragePool": pool, "GlobalAveragePool": globalAverage,
		"BatchNormalization": normalise, "Relu": elementwise(relu), "Sigmoid": elementwise(sigmoid), "Clip": clip,
		"Add": pairwise(add), "Sub": pairwise(sub), "Mul": pairwise(mul), "Div": pairwise(div),
		"Concat": concat, "Flatten": flatten, "Transpose": transpose, "ReduceMean": reduceMean, "Softmax": softmax,
		"MatMul": matmul, "Reshape": reshape, "Squeeze": squeeze, "Tanh": elementwise(math.Tanh),
		"HardSigmoid": hardSigmoid, "HardSwish": elementwise(hardSwish), "LeakyRelu": leakyRelu,
		"Cast": same, "Identity": same, "Dropout": same,
	}
}

// node is a node with its inputs.
type node struct {
	*onnxfile.Node
}

func (r *run) node(n *onnxfile.Node) error {
	op, ok := operations()[n.Op]
	if !ok {
		return fmt.Errorf("this operator is not among those that can be recomputed")
	}
	if len(n.Outputs) == 0 {
		return fmt.Errorf("it has no output")
	}
	out, err := op(r, &node{n})
	if err != nil {
		return err
	}
	r.values[n.Outputs[0]] = out
	for _, in := range n.Inputs { // what nobody needs any more goes
		if r.uses[in]--; r.uses[in] == 0 {
			delete(r.values, in)
		}
	}
	return nil
}

// input is the i-th input's value, of the network or of the file.
func (r *run) input(n *node, i int) (*Tensor, error) {
	if i >= len(n.Inputs) || n.Inputs[i] == "" {
		return nil, fmt.Errorf("input %d is missing", i)
	}
	if t := r.values[n.Inputs[i]]; t != nil {
		return t, nil
	}
	w, err := r.weights(n, i)
	if err != nil {
		return nil, err
	}
	if w.Elements() > maxElements {
		return nil, fmt.Errorf("its input %.100q is too large", w.Name)
	}
	values := make([]float32, w.Elements())
	if err := w.Values(r.src, 0, values); err != nil {
		return nil, err
	}
	t := newTensor(dims(w)...)
	for i, v := range values {
		t.Values[i] = float64(v)
	}
	return t, nil
}

// has says whether the i-th input is given.
func (n *node) has(i int) bool { return i < len(n.Inputs) && n.Inputs[i] != "" }

// weights is the i-th input where it lies in the file.
func (r *run) weights(n *node, i int) (*onnxfile.Initializer, error) {
	if !n.has(i) {
		return nil, fmt.Errorf("input %d is missing", i)
	}
	w := r.model.Initializer(n.Inputs[i])
	if w == nil {
		return nil, fmt.Errorf("its input %.100q is not computed by then", n.Inputs[i])
	}
	return w, nil
}

func dims(w *onnxfile.Initializer) []int {
	out := make([]int, len(w.Dims))
	for i, d := range w.Dims {
		out[i] = int(d)
	}
	return out
}

// vector reads the i-th input as n numbers.
func (r *run) vector(n *node, i, length int) ([]float64, error) {
	t, err := r.input(n, i)
	if err != nil {
		return nil, err
	}
	if len(t.Values) != length {
		return nil, fmt.Errorf("input %d has %d numbers, %d are needed", i, len(t.Values), length)
	}
	return t.Values, nil
}

// int and ints are a node's settings, or what they are if left out.
func (n *node) int(name string, other int) int {
	for i := range n.Attrs {
		if n.Attrs[i].Name == name {
			return int(n.Attrs[i].I)
		}
	}
	return other
}

func (n *node) float(name string, other float64) float64 {
	for i := range n.Attrs {
		if n.Attrs[i].Name == name {
			return float64(n.Attrs[i].F)
		}
	}
	return other
}

func (n *node) ints(name string) []int {
	for i := range n.Attrs {
		if n.Attrs[i].Name != name {
			continue
		}
		out := make([]int, len(n.Attrs[i].Ints))
		for j, v := range n.Attrs[i].Ints {
			out[j] = int(v)
		}
		return out
	}
	return nil
}

func (n *node) text(name string) string {
	for i := range n.Attrs {
		if n.Attrs[i].Name == name {
			return n.Attrs[i].S
		}
	}
	return ""
}
