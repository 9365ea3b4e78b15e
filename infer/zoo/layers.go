package zoo

import (
	"fmt"
	"io"

	"github.com/flipmeter/flipmeter/infer/zoo/checkpoint"
	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
)

// relu adds max(x, 0), named after x.
func (n *network) relu(x tensor) tensor { return n.reluAs(x.name+"/relu", x) }

func (n *network) reluAs(name string, x tensor) tensor {
	return n.node("Relu", x.named(name), []string{x.name})
}

// relu6 adds min(max(x, 0), 6), named after x.
func (n *network) relu6(x tensor) tensor {
	x, in := x.named(x.name+"/relu6"), x.name
	low, high := n.constant("zero", nil, 0), n.constant("six", nil, 6)
	return n.node("Clip", x, []string{in, low, high})
}

func (t tensor) named(name string) tensor {
	t.name = name
	return t
}

// add adds two tensors of one shape.
func (n *network) add(name string, a, b tensor) tensor {
	if a.named("") != b.named("") {
		panic(fmt.Sprintf("BUG: zoo: %s: sum of %v and %v", name, a, b))
	}
	return n.node("Add", a.named(name), []string{a.name, b.name})
}

// concat stacks feature maps of one size along their channels.
func (n *network) concat(name string, parts ...tensor) tensor {
	out := parts[0].named(name)
	out.c = 0
	var inputs []string
	for _, p := range parts {
		if p.h != out.h || p.w != out.w {
			panic(fmt.Sprintf("BUG: zoo: %s: %v does not fit %v", name, p, parts[0]))
		}
		out.c += p.c
		inputs = append(inputs, p.name)
	}
	return n.node("Concat", out, inputs, onnxfile.Int("axis", 1))
}

// maxPool takes the largest value under each k×k window.
func (n *network) maxPool(name string, x tensor, k, stride int, p pads) tensor {
	return n.pool("MaxPool", name, x, k, stride, p)
}

// avgPool takes the mean under each k×k window; padding does not count.
func (n *network) avgPool(name string, x tensor, k, stride int, p pads) tensor {
	return n.pool("AveragePool", name, x, k, stride, p, onnxfile.Int("count_include_pad", 0))
}

func (n *network) pool(op, name string, x tensor, k, stride int, p pads, more ...onnxfile.Attr) tensor {
	mustMap(x, op)
	out := tensor{name, x.c, (x.h+p[0]+p[2]-k)/stride + 1, (x.w+p[1]+p[3]-k)/stride + 1}
	return n.node(op, out, []string{x.name}, append([]onnxfile.Attr{
		onnxfile.Ints("kernel_shape", int64(k), int64(k)),
		onnxfile.Ints("strides", int64(stride), int64(stride)),
		onnxfile.Ints("pads", int64(p[0]), int64(p[1]), int64(p[2]), int64(p[3])),
	}, more...)...)
}

// globalAvgPool averages each map to one number, and flatten turns the 1×1
// maps into a row.
func (n *network) globalAvgPool(name string, x tensor) tensor {
	mustMap(x, "global average")
	x = n.node("GlobalAveragePool", tensor{name, x.c, 1, 1}, []string{x.name})
	return n.flatten(name+"/flat", x)
}

func (n *network) flatten(name string, x tensor) tensor {
	mustMap(x, "flatten")
	return n.node("Flatten", tensor{name, x.c * x.h * x.w, 0, 0}, []string{x.name}, onnxfile.Int("axis", 1))
}

// linear adds a fully connected layer with weights [out, in] and a bias, as
// they lie in the checkpoint.
func (n *network) linear(layer string, x tensor, out int) tensor {
	return n.linearShaped(layer, x, out, x.c)
}

// linearShaped is linear with weights [out, in…] of any number of input
// dimensions. Where otherNames has another name for the layer, its weights are
// [out, in] under that.
func (n *network) linearShaped(layer string, x tensor, out int, in ...int) tensor {
	weight := n.parameter(layer+".weight", append([]int{out}, in...)...)
	bias := n.parameter(layer+".bias", out)
	if weight.Elements() != out*x.c {
		panic(fmt.Sprintf("BUG: zoo: %s: weights %v for %d inputs", layer, weight.Shape, x.c))
	}
	if weight.Alternative != nil {
		weight.Alternative.Shape = []int{out, x.c}
	}
	inputs := []string{x.name,
		n.initializer(weight.Name, []int{out, x.c}, copied(weight)),
		n.initializer(bias.Name, bias.Shape, copied(bias)),
	}
	return n.node("Gemm", tensor{layer, out, 0, 0}, inputs, onnxfile.Int("transB", 1))
}

// copied writes a parameter as it is.
func copied(p Parameter) fill {
	return func(src Weights, w io.Writer) error {
		var raw []byte
		return src.Stream(&p, func(values []float32) error {
			raw = checkpoint.AppendFloats(raw[:0], values)
			_, err := w.Write(raw)
			return err
		})
	}
}
