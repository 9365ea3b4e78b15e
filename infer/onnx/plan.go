package onnx

import (
	"fmt"
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
}

// rank of a batch of pictures: N, and C, H, W in one of two orders.
const pictureRank = 4

// channels that pictures have.
const channels = 3

// newPlan reads from the graph's inputs and outputs what kind of network this
// is, and refuses what isn't an image classifier.
func newPlan(m *modelFile) (plan, error) {
	var p plan
	if len(m.inputs) != 1 {
		return p, fmt.Errorf("it has %d inputs (%s), an image classifier has one", len(m.inputs), names(m.inputs))
	}
	if len(m.outputs) != 1 {
		return p, fmt.Errorf("it has %d outputs (%s), an image classifier has one", len(m.outputs), names(m.outputs))
	}
	in, out := m.inputs[0], m.outputs[0]
	p = plan{input: in.name, output: out.name, inElem: in.elem, outElem: out.elem, batch: 1}
	if !in.tensor || !in.ranked || len(in.dims) != pictureRank {
		return p, fmt.Errorf("input %q is %s, an image classifier takes a tensor of rank 4 (batch, channels, height, width)", in.name, in.describe())
	}
	if in.elem != elemUint8 && in.elem != elemFloat && in.elem != elemFloat16 {
		return p, fmt.Errorf("input %q is %s, flipmeter can fill uint8, float32 and float16", in.name, in.describe())
	}
	h, w := in.dims[2], in.dims[3]
	switch {
	case in.dims[1] == channels:
		p.planes = true
	case in.dims[3] == channels:
		h, w = in.dims[1], in.dims[2]
	default:
		return p, fmt.Errorf("input %q is %s, an image classifier takes 3 channels", in.name, in.describe())
	}
	p.height, p.width = int(max(h, 0)), int(max(w, 0))
	if p.dynamicBatch = in.dims[0] == dynamic; !p.dynamicBatch {
		p.batch = int(in.dims[0])
	}
	if !out.tensor || out.ranked && len(out.dims) != 2 {
		return p, fmt.Errorf("output %q is %s, an image classifier emits a tensor of rank 2 (batch, classes)", out.name, out.describe())
	}
	if out.elem != elemFloat && out.elem != elemFloat16 {
		return p, fmt.Errorf("output %q is %s, an image classifier emits float32 or float16 scores", out.name, out.describe())
	}
	if out.ranked {
		p.classes = int(max(out.dims[1], 0))
	}
	return p, nil
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

func (p *plan) outputShape() []int64 { return []int64{int64(p.batch), int64(p.classes)} }

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
