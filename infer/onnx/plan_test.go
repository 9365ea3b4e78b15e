package onnx

import (
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/infer"
)

func tensorOf(name string, elem int32, dims ...int64) valueInfo {
	return valueInfo{name: name, tensor: true, elem: elem, ranked: true, dims: dims}
}

func TestNewPlan(t *testing.T) {
	scores := tensorOf("scores", elemFloat, dynamic, 10)
	for name, c := range map[string]struct {
		in, out valueInfo
		want    plan
		layout  string
	}{
		"NCHW":            {in: tensorOf("x", elemFloat, dynamic, 3, 224, 200), out: scores, want: plan{planes: true, batch: 1, dynamicBatch: true, height: 224, width: 200, classes: 10}},
		"NHWC":            {in: tensorOf("x", elemUint8, dynamic, 224, 200, 3), out: scores, want: plan{batch: 1, dynamicBatch: true, height: 224, width: 200, classes: 10}},
		"fixed batch":     {in: tensorOf("x", elemFloat16, 4, 3, 8, 8), out: tensorOf("y", elemFloat16, 4, 2), want: plan{planes: true, batch: 4, height: 8, width: 8, classes: 2}},
		"any size":        {in: tensorOf("x", elemFloat, dynamic, 3, dynamic, dynamic), out: tensorOf("y", elemFloat, dynamic, dynamic), want: plan{planes: true, batch: 1, dynamicBatch: true}},
		"any size, NHWC":  {in: tensorOf("x", elemFloat, dynamic, dynamic, dynamic, 3), out: scores, want: plan{batch: 1, dynamicBatch: true, classes: 10}},
		"open channels":   {in: tensorOf("x", elemFloat, 1, dynamic, 8, 9), out: scores, want: plan{planes: true, batch: 1, height: 8, width: 9, classes: 10}},
		"unknown output":  {in: tensorOf("x", elemFloat, 1, 3, 8, 8), out: valueInfo{name: "y", tensor: true, elem: elemFloat}, want: plan{planes: true, batch: 1, height: 8, width: 8}},
		"maps of 1×1 out": {in: tensorOf("x", elemFloat, 1, 3, 8, 8), out: tensorOf("y", elemFloat, 1, 10, 1, 1), want: plan{planes: true, batch: 1, height: 8, width: 8, classes: 10, tail: 2}},
		"3 is the height": {in: tensorOf("x", elemFloat, 1, 3, 3, 8), out: scores, want: plan{planes: true, batch: 1, height: 3, width: 8, classes: 10}},
		"told, NCHW":      {in: tensorOf("x", elemFloat, 1, 3, 8, 3), out: scores, layout: "nchw", want: plan{planes: true, batch: 1, height: 8, width: 3, classes: 10}},
		"told, NHWC":      {in: tensorOf("x", elemFloat, 1, dynamic, dynamic, dynamic), out: scores, layout: "nhwc", want: plan{batch: 1, classes: 10}},
	} {
		got, err := newPlan(&modelFile{inputs: []valueInfo{c.in}, outputs: []valueInfo{c.out}}, c.layout, "")
		c.want.input, c.want.output, c.want.inElem, c.want.outElem = c.in.name, c.out.name, c.in.elem, c.out.elem
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestNewPlanRefuses(t *testing.T) {
	picture, scores := tensorOf("x", elemFloat, 1, 3, 8, 8), tensorOf("y", elemFloat, 1, 10)
	for name, c := range map[string]struct {
		in, out        []valueInfo
		want           string
		layout, output string
	}{
		"two inputs":    {in: []valueInfo{picture, tensorOf("mask", elemFloat, 1, 3, 8, 8)}, out: []valueInfo{scores}, want: "2 inputs (x, mask)"},
		"no input":      {in: nil, out: []valueInfo{scores}, want: "0 inputs (none)"},
		"two outputs":   {in: []valueInfo{picture}, out: []valueInfo{scores, tensorOf("boxes", elemFloat, 1, 4)}, want: "2 outputs (y, boxes)"},
		"text":          {in: []valueInfo{tensorOf("ids", 7, 1, 128)}, out: []valueInfo{scores}, want: `input "ids" is int64[1, 128]`},
		"wrong type":    {in: []valueInfo{tensorOf("x", 11, 1, 3, 8, 8)}, out: []valueInfo{scores}, want: "float64[1, 3, 8, 8], flipmeter can fill"},
		"grey":          {in: []valueInfo{tensorOf("x", elemFloat, 1, 1, 8, 8)}, out: []valueInfo{scores}, want: "takes 3 channels"},
		"video":         {in: []valueInfo{tensorOf("x", elemFloat, 1, 3, 16, 8, 8)}, out: []valueInfo{scores}, want: "rank 4"},
		"a sequence":    {in: []valueInfo{{name: "x"}}, out: []valueInfo{scores}, want: "no tensor"},
		"a picture out": {in: []valueInfo{picture}, out: []valueInfo{tensorOf("y", elemFloat, 1, 3, 8, 8)}, want: "rank 2 (batch, classes)"},
		"a label out":   {in: []valueInfo{picture}, out: []valueInfo{tensorOf("y", 7, 1, 1)}, want: "float32 or float16 scores"},
		"3 twice":       {in: []valueInfo{tensorOf("x", elemFloat, 1, 3, 8, 3)}, out: []valueInfo{scores}, want: "say it (--layout nchw or nhwc)"},
		"all open":      {in: []valueInfo{tensorOf("x", elemFloat, dynamic, dynamic, dynamic, dynamic)}, out: []valueInfo{scores}, want: "say it (--layout nchw or nhwc)"},
		"told wrong":    {in: []valueInfo{picture}, out: []valueInfo{scores}, layout: "nhwc", want: "3 channels where the layout has them"},
		"no layout":     {in: []valueInfo{picture}, out: []valueInfo{scores}, layout: "chw", want: "must be nchw or nhwc"},
		"no such":       {in: []valueInfo{picture}, out: []valueInfo{scores}, output: "z", want: `no output "z", but y`},
	} {
		_, err := newPlan(&modelFile{inputs: c.in, outputs: c.out}, c.layout, c.output)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestPlanFit(t *testing.T) {
	fixed := plan{input: "x", inElem: elemUint8, batch: 1, width: 6, height: 4}
	inGraph := *plain(6, 4)
	inGraph.InGraph, inGraph.Mean = true, [3]float32{127, 127, 127}
	scaled := *plain(6, 4)
	scaled.Scale = [3]float32{255, 255, 255}
	floats, planes, anySize := fixed, fixed, fixed
	floats.inElem, planes.planes, anySize.width, anySize.height = elemFloat, true, 0, 0
	for name, c := range map[string]struct {
		p    plan
		pre  infer.Preprocessing
		want string // of the error
	}{
		"bytes as they are":     {fixed, *plain(6, 4), ""},
		"in the graph":          {fixed, inGraph, ""},
		"floats, scaled":        {floats, scaled, ""},
		"any size":              {anySize, *plain(12, 34), ""},
		"bytes, scaled":         {fixed, scaled, "can't be applied"},
		"another size":          {fixed, *plain(4, 6), "takes pictures of 6×4, but its preprocessing makes 4×6"},
		"in the graph, floats":  {floats, inGraph, "said to be in the graph"},
		"in the graph, planes":  {planes, inGraph, "said to be in the graph"},
		"bytes in planes as is": {planes, *plain(6, 4), ""},
	} {
		err := c.p.fit(c.pre)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err == nil && (c.p.width != c.pre.Width || c.p.height != c.pre.Height) {
			t.Errorf("%s: plan for %d×%d", name, c.p.width, c.p.height)
		}
	}
}
