package onnx

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/flipmeter/flipmeter/infer/onnx/onnxtest"
)

func field(b []byte, num protowire.Number, m []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), m)
}

func number(b []byte, num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
}

// externalTensor is a TensorProto whose data lie elsewhere.
func externalTensor(location string) []byte {
	entry := field(field(nil, 1, []byte("location")), 2, []byte(location))
	return number(field(nil, 13, entry), 14, 1)
}

func TestParseModel(t *testing.T) {
	m := onnxtest.Model{Elem: onnxtest.Uint8, Height: 4, Width: 6, Weights: onnxtest.Spread(3, 1), Metadata: map[string]string{"a": "1", "b": ""}}
	got, err := parseModel(m.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := &modelFile{
		metadata: map[string]string{"a": "1", "b": ""},
		inputs:   []valueInfo{{name: "picture", tensor: true, elem: elemUint8, ranked: true, dims: []int64{dynamic, 4, 6, 3}}},
		outputs:  []valueInfo{{name: "scores", tensor: true, elem: elemFloat, ranked: true, dims: []int64{dynamic, 3}}},
		weights:  weightTypes{float32: 9},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Before IR version 4, initializers are listed among the inputs.
func TestParseModelLeavesOutInitializersAmongTheInputs(t *testing.T) {
	graph := field(nil, 5, field(nil, 8, []byte("weights")))
	graph = field(graph, 11, field(nil, 1, []byte("weights")))
	graph = field(graph, 11, field(nil, 1, []byte("picture")))
	m, err := parseModel(field(nil, 7, graph))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.inputs) != 1 || m.inputs[0].name != "picture" {
		t.Errorf("inputs %+v", m.inputs)
	}
}

// External data may hide wherever a tensor may be.
func TestParseModelFindsExternalDataEverywhere(t *testing.T) {
	tensor := externalTensor("weights.bin")
	attribute := func(num protowire.Number, m []byte) []byte { return field(nil, 5, field(nil, num, m)) } // in a node
	inNode := func(num protowire.Number, m []byte) []byte { return field(nil, 1, attribute(num, m)) }     // in a graph
	model := func(graph []byte) []byte { return field(nil, 7, graph) }
	initializer := field(nil, 5, tensor)
	empty := model(nil)
	for name, b := range map[string][]byte{
		"initializer":            model(initializer),
		"sparse values":          model(field(nil, 15, field(nil, 1, tensor))),
		"sparse indices":         model(field(nil, 15, field(nil, 2, tensor))),
		"attribute tensor":       model(inNode(5, tensor)),
		"attribute tensors":      model(inNode(10, tensor)),
		"attribute sparse":       model(inNode(22, field(nil, 1, tensor))),
		"attribute sparse list":  model(inNode(23, field(nil, 2, tensor))),
		"graph in a node":        model(inNode(6, initializer)),
		"graphs in a node":       model(inNode(11, initializer)),
		"graph in graph in node": model(inNode(6, inNode(11, initializer))),
		"function node":          slices.Concat(empty, field(nil, 25, field(nil, 7, attribute(5, tensor)))),
		"function attribute":     slices.Concat(empty, field(nil, 25, field(nil, 11, field(nil, 5, tensor)))),
		"training":               slices.Concat(empty, field(nil, 20, field(nil, 1, initializer))),
		"training algorithm":     slices.Concat(empty, field(nil, 20, field(nil, 2, initializer))),
		"a second graph field":   slices.Concat(empty, model(initializer)),
	} {
		m, err := parseModel(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(m.external, []string{"weights.bin"}) {
			t.Errorf("%s: external data %v", name, m.external)
		}
	}
	// Said to be external, but nowhere to be found: an empty location.
	m, err := parseModel(model(field(nil, 5, number(nil, 14, 1))))
	if err != nil || !slices.Equal(m.external, []string{""}) {
		t.Errorf("no location: %v, %v", m, err)
	}
}

func TestParseModelRefuses(t *testing.T) {
	nested := field(nil, 5, externalTensor("x"))
	for range maxDepth + 1 {
		nested = field(nil, 1, field(nil, 5, field(nil, 6, nested)))
	}
	valid := onnxtest.Model{Weights: onnxtest.Spread(2, 1)}.Bytes()
	for name, b := range map[string][]byte{
		"empty":     nil,
		"text":      []byte("this is not a model, this is a letter to one\n"),
		"cut off":   valid[:len(valid)-1],
		"no graph":  number(nil, 1, 8),
		"too deep":  field(nil, 7, nested),
		"a picture": []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
	} {
		if _, err := parseModel(b); !errors.Is(err, errNotONNX) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseModel(f *testing.F) {
	f.Add(onnxtest.Model{Weights: onnxtest.Spread(2, 1), Metadata: map[string]string{"k": "v"}}.Bytes())
	f.Add(onnxtest.Model{Weights: onnxtest.Spread(2, 1), ExternalWeights: "w.bin", ExtraInput: true, Planes: true, OutputRank: 3}.Bytes())
	f.Add(field(nil, 7, field(nil, 1, field(nil, 5, field(nil, 6, field(nil, 5, externalTensor("../x")))))))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseModel(b)
		if (m == nil) != (err != nil) {
			t.Fatalf("model %v, error %v", m, err)
		}
		if err != nil {
			return
		}
		p, err := newPlan(m, "", "")
		if err == nil && (p.batch < 1 || p.width < 0 || p.height < 0 || p.classes < 0) {
			t.Errorf("plan %+v", p)
		}
		_ = m.weights.precision()
	})
}
