package onnxfile

import (
	"bytes"
	"strings"
	"testing"
)

func TestTapMeans(t *testing.T) {
	m := &Model{
		Name: "g", Opset: 17, Metadata: map[string]string{"k": "v"},
		Inputs:  []Value{{Name: "x", Type: Float, Dims: []Dim{{Size: 1}, {Size: 3}, {Size: 64}, {Size: 64}}}},
		Outputs: []Value{{Name: "y", Type: Float, Dims: []Dim{{Size: 1}, {Size: 10}}}},
		Values: []Value{
			{Name: "a", Type: Float, Dims: []Dim{{Size: 1}, {Size: 4}, {Size: 32}, {Size: 31}}},
			{Name: "b", Type: Float, Dims: []Dim{{Size: 1}, {Size: 8}, {Size: 8}, {Size: 8}}},
			{Name: "flat", Type: Float, Dims: []Dim{{Size: 1}, {Size: 8}}},
		},
		Nodes: []Node{
			{Op: "Conv", Inputs: []string{"x", "w"}, Outputs: []string{"a0"}, Attrs: []Attr{Ints("strides", 2, 2)}},
			{Op: "Relu", Inputs: []string{"a0"}, Outputs: []string{"a"}},
			{Op: "Conv", Inputs: []string{"a", "w"}, Outputs: []string{"s"}},
			{Op: "MaxPool", Inputs: []string{"s"}, Outputs: []string{"p"}, Attrs: []Attr{Ints("kernel_shape", 4, 4), Ints("strides", 4, 4)}},
			{Op: "Concat", Inputs: []string{"p", "p"}, Outputs: []string{"b"}},
			{Op: "Flatten", Inputs: []string{"b"}, Outputs: []string{"y"}},
		},
	}
	taps, err := m.Taps([]string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	if taps[0] != (Tap{"a", 4, 32, 31, 2}) || taps[1] != (Tap{"b", 8, 8, 8, 8}) {
		t.Errorf("%+v", taps)
	}
	if d := m.Depth(); d != 2 {
		t.Errorf("depth %d, want 2", d)
	}
	for _, name := range []string{"none", "flat", "y"} {
		if _, err := m.Taps([]string{name}); err == nil {
			t.Errorf("%s is a feature map", name)
		}
	}
	file := encode(t, m)
	made, err := m.WithTapMeans(file, taps)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(made), int64(len(made)))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Outputs) != 1 || got.Outputs[0].Name != tapMeansName || got.Outputs[0].Dims[1].Size != 12 || got.Metadata["k"] != "v" || got.Opset != 17 {
		t.Errorf("%+v", got.Outputs)
	}
	if n := len(got.Nodes); n != len(m.Nodes)+5 || got.Nodes[n-1].Op != "Concat" || strings.Join(got.Nodes[n-1].Inputs, " ") != "flipmeter_tap_0 flipmeter_tap_1" {
		t.Errorf("%d nodes", n)
	}
	for _, bad := range [][]byte{{0xff}, {0x3a, 0x05, 0x01}, {0x3a, 0x01, 0xff}} {
		if _, err := m.WithTapMeans(bad, taps); err == nil {
			t.Errorf("% x was taken", bad)
		}
	}
	if _, err := m.WithTapMeans(file, nil); err == nil {
		t.Error("no taps")
	}
}
