package onnx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flipmeter/flipmeter/infer"
)

// plan is how pictures go into a network and scores come out of it.
type plan struct {
	input, output string
	inElem        int32
	outElem       int32
	planes        bool // NCHW, else NHWC
	batch         int  // rows that every run has
	dynamicBatch  bool // the network takes any number of rows
	width, height int
	classes       int // 0 where only a run can tell
	tail          int // dimensions of 1 behind the classes in the output
}

// rank of a batch of pictures: N, and C, H, W in one of two orders.
const pictureRank = 4

// channels that pictures have.
const channels = 3

// newPlan reads from the graph's inputs and outputs what kind of network this
// is, and refuses what isn't an image classifier. layout ("nchw", "nhwc" or
// empty) and output say what the graph may leave open.
func newPlan(m *modelFile, layout, output string) (plan, error) {
	var p plan
	if len(m.inputs) != 1 {
		return p, fmt.Errorf("it has %d inputs (%s), an image classifier has one", len(m.inputs), names(m.inputs))
	}
	out, err := chooseOutput(m.outputs, output)
	if err != nil {
		return p, err
	}
	in := m.inputs[0]
	p = plan{input: in.name, output: out.name, inElem: in.elem, outElem: out.elem, batch: 1}
	if err := p.takeInput(in, layout); err != nil {
		return p, err
	}
	return p, p.takeOutput(out)
}

// chooseOutput is the output that holds the scores.
func chooseOutput(outputs []valueInfo, name string) (valueInfo, error) {
	if name == "" {
		if len(outputs) != 1 {
			return valueInfo{}, infer.Unstated("it has %d outputs (%s), an image classifier has one: if one of them holds the scores, name it (output_name in the file beside the model)", len(outputs), names(outputs))
		}
		return outputs[0], nil
	}
	for _, out := range outputs {
		if out.name == name {
			return out, nil
		}
	}
	return valueInfo{}, fmt.Errorf("it has no output %q, but %s", name, names(outputs))
}

func (p *plan) takeInput(in valueInfo, layout string) error {
	if !in.tensor || !in.ranked || len(in.dims) != pictureRank {
		return fmt.Errorf("input %q is %s, an image classifier takes a tensor of rank 4 (batch, channels, height, width)", in.name, in.describe())
	}
	if in.elem != elemUint8 && in.elem != elemFloat && in.elem != elemFloat16 {
		return fmt.Errorf("input %q is %s, flipmeter can fill uint8, float32 and float16", in.name, in.describe())
	}
	may := func(d int64) bool { return d == channels || d == dynamic }
	first, last := may(in.dims[1]), may(in.dims[3])
	switch layout {
	case "nchw":
		last = false
	case "nhwc":
		first = false
	case "":
		// A dimension of 3 is the channels where the other one is open.
		if first && last && in.dims[1] != in.dims[3] {
			first, last = in.dims[1] == channels, in.dims[3] == channels
		}
	default:
		return fmt.Errorf("the layout must be nchw or nhwc, got %.20q", layout)
	}
	switch {
	case first && last:
		return infer.Unstated("input %q is %s, which does not tell where the channels are: say it (--layout nchw or nhwc)", in.name, in.describe())
	case !first && !last:
		return fmt.Errorf("input %q is %s, an image classifier takes 3 channels%s", in.name, in.describe(), map[bool]string{true: " where the layout has them"}[layout != ""])
	}
	h, w := in.dims[2], in.dims[3]
	if p.planes = first; last {
		h, w = in.dims[1], in.dims[2]
	}
	p.height, p.width = int(max(h, 0)), int(max(w, 0))
	if p.dynamicBatch = in.dims[0] == dynamic; !p.dynamicBatch {
		p.batch = int(in.dims[0])
	}
	return nil
}

func (p *plan) takeOutput(out valueInfo) error {
	if !out.tensor || out.ranked && !isRow(out.dims) {
		return fmt.Errorf("output %q is %s, an image classifier emits a tensor of rank 2 (batch, classes)", out.name, out.describe())
	}
	if out.elem != elemFloat && out.elem != elemFloat16 {
		return fmt.Errorf("output %q is %s, an image classifier emits float32 or float16 scores", out.name, out.describe())
	}
	if out.ranked {
		p.classes, p.tail = int(max(out.dims[1], 0)), len(out.dims)-2
	}
	return nil
}

// isRow says whether a shape is (batch, classes), or the same with dimensions
// of 1 behind, as networks emit that end in a convolution.
func isRow(dims []int64) bool {
	return len(dims) >= 2 && len(dims) <= pictureRank && !slices.ContainsFunc(dims[2:], func(d int64) bool { return d != 1 })
}

// fit checks that the preprocessing suits the network, and gives dynamic
// sizes their value.
func (p *plan) fit(pre infer.Preprocessing) error {
	if p.width != 0 && p.width != pre.Width || p.height != 0 && p.height != pre.Height {
		return fmt.Errorf("the network takes pictures of %d×%d, but its preprocessing makes %d×%d", p.width, p.height, pre.Width, pre.Height)
	}
	p.width, p.height = pre.Width, pre.Height
	switch {
	case pre.InGraph && (p.inElem != elemUint8 || p.planes):
		return fmt.Errorf("its preprocessing is said to be in the graph, which then takes uint8 pixels (batch, height, width, channels), but input %q does not", p.input)
	case !pre.InGraph && p.inElem == elemUint8 && (pre.Mean != [3]float32{} || pre.Scale != [3]float32{1, 1, 1}):
		return fmt.Errorf("input %q takes bytes, so a mean of %v and a scale of %v can't be applied before it", p.input, pre.Mean, pre.Scale)
	}
	return nil
}

// inputShape and outputShape are the tensors' dimensions.
func (p *plan) inputShape() []int64 {
	n, h, w := int64(p.batch), int64(p.height), int64(p.width)
	if p.planes {
		return []int64{n, channels, h, w}
	}
	return []int64{n, h, w, channels}
}

func (p *plan) outputShape() []int64 {
	shape := []int64{int64(p.batch), int64(p.classes)}
	for range p.tail {
		shape = append(shape, 1)
	}
	return shape
}

func names(values []valueInfo) string {
	if len(values) == 0 {
		return "none"
	}
	var list []string
	for _, v := range values {
		list = append(list, v.name)
	}
	return strings.Join(list, ", ")
}

var elemNames = map[int32]string{
	elemFloat: "float32", elemUint8: "uint8", elemInt8: "int8", elemFloat16: "float16", elemBFloat16: "bfloat16",
	6: "int32", 7: "int64", 8: "string", 9: "bool", 11: "float64",
}

// describe is the type as a person reads it: float32[?, 3, 224, 224].
func (v valueInfo) describe() string {
	if !v.tensor {
		return "no tensor"
	}
	name, ok := elemNames[v.elem]
	if !ok {
		name = fmt.Sprintf("type %d", v.elem)
	}
	if !v.ranked {
		return name + " of unknown shape"
	}
	var dims []string
	for _, d := range v.dims {
		if d == dynamic {
			dims = append(dims, "?")
		} else {
			dims = append(dims, fmt.Sprint(d))
		}
	}
	return name + "[" + strings.Join(dims, ", ") + "]"
}
