package zoo

import (
	"math"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
)

// Input says what a network's input is.
type Input string

// InputBytes takes RGB bytes, uint8 [batch, height, width, 3] named
// "pixels", and does the arithmetic of preprocessing itself; InputFloats
// takes what that arithmetic gives, float32 [batch, 3, height, width] named
// "input". They cost the same within the noise of measuring (BenchmarkInput
// on a busy machine, processor time a frame, bytes and floats:
// EfficientNet-Lite0 21.6 and 21.2 ms, ResNet-50 128.7 and 131.0 ms), so bytes
// are the default: then there is nothing left that a host could do wrong.
const (
	InputBytes  Input = "bytes"
	InputFloats Input = "floats"
)

// input begins a network and returns its normalised input, which is named
// "input" either way.
//
// The mean is not folded into the first convolution: zero padding happens
// after normalisation, so that the border would be wrong, and where there is
// no padding it saves nothing that can be measured.
func (n *network) input(p infer.Preprocessing, in Input) tensor {
	if p.Order != "RGB" {
		panic("BUG: zoo: a network of the zoo wants " + p.Order)
	}
	x := tensor{name: "input", c: 3, h: p.Height, w: p.Width}
	if in == InputFloats {
		n.model.Inputs = []onnxfile.Value{x.value(onnxfile.Float)}
		return x
	}
	n.model.Inputs = []onnxfile.Value{{Name: "pixels", Type: onnxfile.Uint8, Dims: []onnxfile.Dim{
		{Size: -1, Name: "batch"}, {Size: int64(p.Height)}, {Size: int64(p.Width)}, {Size: 3},
	}}}
	// Bytes are transposed before they become four times as long.
	n.rawNode("Transpose", x.named("pixels/planes").value(onnxfile.Uint8), []string{"pixels"}, onnxfile.Ints("perm", 0, 3, 1, 2))
	n.node("Cast", x.named("pixels/float"), []string{"pixels/planes"}, onnxfile.Int("to", int64(onnxfile.Float)))
	perChannel := []int{1, 3, 1, 1}
	mean := n.constant("pixels/mean", perChannel, p.Mean[:]...)
	n.node("Sub", x.named("pixels/centred"), []string{"pixels/float", mean})

	// A product is cheaper than a quotient, and as exact for powers of two.
	op, scale := "Mul", p.Scale
	for c, s := range scale {
		if frac, _ := math.Frexp(float64(s)); math.Abs(frac) != 0.5 {
			op = "Div"
		}
		scale[c] = 1 / s
	}
	if op == "Div" {
		scale = p.Scale
	}
	return n.node(op, x, []string{"pixels/centred", n.constant("pixels/scale", perChannel, scale[:]...)})
}
