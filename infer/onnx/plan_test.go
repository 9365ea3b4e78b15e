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
	}{
		"NCHW":             {tensorOf("x", elemFloat, dynamic, 3, 224, 200), scores, plan{planes: true, batch: 1, dynamicBatch: true, height: 224, width: 200, classes: 10}},
		"NHWC":             {tensorOf("x", elemUint8, dynamic, 224, 200, 3), scores, plan{batch: 1, dynamicBatch: true, height: 224, width: 200, classes: 10}},
		"fixed batch":      {tensorOf("x", elemFloat16, 4, 3, 8, 8), tensorOf("y", elemFloat16, 4, 2), plan{planes: true, batch: 4, height: 8, width: 8, classes: 2}},
		"any size":         {tensorOf("x", elemFloat, dynamic, 3, dynamic, dynamic), tensorOf("y", elemFloat, dynamic, dynamic), plan{planes: true, batch: 1, dynamicBatch: true}},
		"unknown output":   {tensorOf("x", elemFloat, 1, 3, 8, 8), valueInfo{name: "y", tensor: true, elem: elemFloat}, plan{planes: true, batch: 1, height: 8, width: 8}},
		"3 is the height":  {tensorOf("x", elemFloat, 1, 3, 3, 8), scores, plan{planes: true, batch: 1, height: 3, width: 8, classes: 10}},
		"3 in both places": {tensorOf("x", elemFloat, 1, 3, 8, 3), scores, plan{planes: true, batch: 1, height: 8, width: 3, classes: 10}},
	} {
		got, err := newPlan(&modelFile{inputs: []valueInfo{c.in}, outputs: []valueInfo{c.out}})
		c.want.input, c.want.output, c.want.inElem, c.want.outElem = c.in.name, c.out.name, c.in.elem, c.out.elem
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestNewPlanRefuses(t *testing.T) {
	picture, scores := tensorOf("x", elemFloat, 1, 3, 8, 8), tensorOf("y", elemFloat, 1, 10)
	for name, c := range map[string]struct {
		in, out []valueInfo
		want    string
	}{
		"two inputs":    {[]valueInfo{picture, tensorOf("mask", elemFloat, 1, 3, 8, 8)}, []valueInfo{scores}, "2 inputs (x, mask)"},
		"no input":      {nil, []valueInfo{scores}, "0 inputs (none)"},
		"two outputs":   {[]valueInfo{picture}, []valueInfo{scores, tensorOf("boxes", elemFloat, 1, 4)}, "2 outputs (y, boxes)"},
		"text":          {[]valueInfo{tensorOf("ids", 7, 1, 128)}, []valueInfo{scores}, `input "ids" is int64[1, 128]`},
		"wrong type":    {[]valueInfo{tensorOf("x", 11, 1, 3, 8, 8)}, []valueInfo{scores}, "float64[1, 3, 8, 8], flipmeter can fill"},
		"grey":          {[]valueInfo{tensorOf("x", elemFloat, 1, 1, 8, 8)}, []valueInfo{scores}, "takes 3 channels"},
		"video":         {[]valueInfo{tensorOf("x", elemFloat, 1, 3, 16, 8, 8)}, []valueInfo{scores}, "rank 4"},
		"a sequence":    {[]valueInfo{{name: "x"}}, []valueInfo{scores}, "no tensor"},
		"a picture out": {[]valueInfo{picture}, []valueInfo{tensorOf("y", elemFloat, 1, 3, 8, 8)}, "rank 2 (batch, classes)"},
		"a label out":   {[]valueInfo{picture}, []valueInfo{tensorOf("y", 7, 1, 1)}, "float32 or float16 scores"},
	} {
		_, err := newPlan(&modelFile{inputs: c.in, outputs: c.out})
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
