// Package onnxtest writes tiny ONNX image classifiers for tests: a few
// hundred bytes that ONNX Runtime really runs. It needs no cgo.
package onnxtest

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// TensorProto.DataType, in onnx.proto.
const (
	Float   = 1
	Uint8   = 2
	Int64   = 7
	Float16 = 10
)

// Model describes a network that emits for class k
//
//	Σ_c Weights[k][c]·mean_c
//
// where mean_c is the mean of input channel c over the picture. A zero field
// takes its default.
type Model struct {
	Elem          int  // of the input; default Float
	OutElem       int  // of the output; default Float
	Planes        bool // NCHW, else NHWC
	Batch         int  // 0 is dynamic
	Height, Width int  // 0 is dynamic
	Channels      int  // default 3
	Weights       [][3]float32
	Softmax       bool // as the last step
	Metadata      map[string]string

	// What makes a file that is no image classifier.
	ExtraInput, ExtraOutput bool
	OutputRank              int    // 0 is 2; 3 appends a dimension
	HideOutputShape         bool   // leave it to ONNX Runtime
	ExternalWeights         string // location of the weights' data
}

// Bytes is the serialised ModelProto.
func (m Model) Bytes() []byte {
	var b []byte
	b = varint(b, 1, 8) // ir_version
	b = text(b, 2, "onnxtest")
	b = message(b, 7, m.graph())
	b = message(b, 8, varint(nil, 2, opset))
	for _, k := range slices.Sorted(maps.Keys(m.Metadata)) {
		b = message(b, 14, text(text(nil, 1, k), 2, m.Metadata[k]))
	}
	return b
}

// opset 13 still has ReduceMean's axes as an attribute.
const opset = 13

func (m Model) graph() []byte {
	channels, axes := orElse(m.Channels, 3), []int64{1, 2}
	dims := []int{m.Batch, m.Height, m.Width, channels}
	if m.Planes {
		dims, axes = []int{m.Batch, channels, m.Height, m.Width}, []int64{2, 3}
	}
	classes := len(m.Weights)
	outElem := orElse(m.OutElem, Float)

	var b []byte
	b = message(b, 1, node("Cast", []string{"picture"}, "float", intAttr("to", Float)))
	b = message(b, 1, node("ReduceMean", []string{"float"}, "mean", intsAttr("axes", axes), intAttr("keepdims", 0)))
	b = message(b, 1, node("Gemm", []string{"mean", "weights"}, "sums", intAttr("transB", 1)))
	last := "sums"
	if m.Softmax {
		b = message(b, 1, node("Softmax", []string{last}, "soft", intAttr("axis", 1)))
		last = "soft"
	}
	if m.OutputRank == 3 {
		b = message(b, 1, node("Unsqueeze", []string{last, "axis2"}, "deep"))
		last = "deep"
		b = message(b, 5, int64Tensor("axis2", 2))
	}
	b = message(b, 1, node("Cast", []string{last}, "scores", intAttr("to", int64(outElem))))
	b = text(b, 2, "tiny")
	b = message(b, 5, m.weights(classes))
	b = message(b, 11, tensorInfo("picture", orElse(m.Elem, Float), dims))
	if m.ExtraInput {
		b = message(b, 11, tensorInfo("second", Float, dims))
	}
	switch out := []int{m.Batch, classes}; {
	case m.HideOutputShape:
		b = message(b, 12, message(text(nil, 1, "scores"), 2, message(nil, 1, varint(nil, 1, uint64(outElem)))))
	case m.OutputRank == 3:
		b = message(b, 12, tensorInfo("scores", outElem, append(out, 1)))
	default:
		b = message(b, 12, tensorInfo("scores", outElem, out))
	}
	if m.ExtraOutput {
		b = message(b, 12, tensorInfo("mean", Float, []int{m.Batch, channels}))
	}
	return b
}

// WeightsData is what the file at ExternalWeights must hold.
func (m Model) WeightsData() []byte {
	var raw []byte
	for _, row := range m.Weights {
		for _, w := range row {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(w))
		}
	}
	return raw
}

func (m Model) weights(classes int) []byte {
	var b []byte
	b = varint(b, 1, uint64(classes))
	b = varint(b, 1, 3)
	b = varint(b, 2, Float)
	b = text(b, 8, "weights")
	if m.ExternalWeights == "" {
		return message(b, 9, m.WeightsData())
	}
	b = message(b, 13, text(text(nil, 1, "location"), 2, m.ExternalWeights))
	return varint(b, 14, 1)
}

// Spread makes weights for n classes of which each is the top one for some
// mean colour: brightness decides, and class 0 is the darkest.
func Spread(n int, scale float32) [][3]float32 {
	w := make([][3]float32, n)
	for k := range w {
		x := float32(k) / float32(max(1, n-1))
		w[k] = [3]float32{scale * x, scale * (1 - x) * x, scale * x * x}
	}
	return w
}

func orElse(v, other int) int {
	if v == 0 {
		return other
	}
	return v
}

func node(op string, in []string, out string, attrs ...[]byte) []byte {
	var b []byte
	for _, i := range in {
		b = text(b, 1, i)
	}
	b = text(b, 2, out)
	b = text(b, 4, op)
	for _, a := range attrs {
		b = message(b, 5, a)
	}
	return b
}

func intAttr(name string, v int64) []byte {
	return varint(varint(text(nil, 1, name), 3, uint64(v)), 20, 2)
}

func intsAttr(name string, vs []int64) []byte {
	b := text(nil, 1, name)
	for _, v := range vs {
		b = varint(b, 8, uint64(v))
	}
	return varint(b, 20, 7)
}

func int64Tensor(name string, v int64) []byte {
	b := varint(nil, 1, 1)
	b = varint(b, 2, Int64)
	b = text(b, 8, name)
	return message(b, 9, binary.LittleEndian.AppendUint64(nil, uint64(v)))
}

// tensorInfo is a ValueInfoProto; a dimension of 0 gets a name instead.
func tensorInfo(name string, elem int, dims []int) []byte {
	var shape []byte
	for _, d := range dims {
		dim := varint(nil, 1, uint64(d))
		if d == 0 {
			dim = text(nil, 2, "any")
		}
		shape = message(shape, 1, dim)
	}
	tensor := message(varint(nil, 1, uint64(elem)), 2, shape)
	return message(text(nil, 1, name), 2, message(nil, 1, tensor))
}

func varint(b []byte, num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
}

func message(b []byte, num protowire.Number, m []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), m)
}

func text(b []byte, num protowire.Number, s string) []byte { return message(b, num, []byte(s)) }
