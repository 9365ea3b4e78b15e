package onnxfile

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Tap is a feature map that can be looked at.
type Tap struct {
	Name                string
	Maps, Height, Width int
	// Factor is the product of the strides between the input and the map.
	Factor int
}

// Taps finds feature maps by name: of four dimensions, float32, and of known
// size.
func (m *Model) Taps(names []string) ([]Tap, error) {
	factors := m.subsampling()
	var taps []Tap
	for _, name := range names {
		i := slices.IndexFunc(m.Values, func(v Value) bool { return v.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("the model has no inner tensor %.100q of known shape", name)
		}
		v := &m.Values[i]
		if v.Type != Float || len(v.Dims) != 4 || v.Dims[1].Size < 1 || v.Dims[2].Size < 1 || v.Dims[3].Size < 1 {
			return nil, fmt.Errorf("the inner tensor %.100q is no feature map of known size", name)
		}
		taps = append(taps, Tap{name, int(v.Dims[1].Size), int(v.Dims[2].Size), int(v.Dims[3].Size), factors[name]})
	}
	return taps, nil
}

// subsampling is how many input pixels lie between neighbours of each tensor,
// by the strides of the operations before it.
func (m *Model) subsampling() map[string]int {
	factor := make(map[string]int)
	for _, in := range m.Inputs {
		factor[in.Name] = 1
	}
	for i := range m.Nodes {
		n := &m.Nodes[i]
		f := 0
		for _, in := range n.Inputs {
			f = max(f, factor[in])
		}
		switch n.Op {
		case "Conv", "MaxPool", "AveragePool", "LpPool", "QLinearConv", "ConvInteger":
			for _, a := range n.Attrs {
				if a.Name == "strides" && len(a.Ints) > 0 && a.Ints[0] > 0 && f < 1<<20 {
					f *= int(min(a.Ints[0], 1<<10))
				}
			}
		}
		for _, out := range n.Outputs {
			factor[out] = f
		}
	}
	return factor
}

// tapMeansName is the output of a network that WithTapMeans has made.
const tapMeansName = "flipmeter_tap_means"

// WithTapMeans makes, of the bytes of the model's file, those of a network
// that emits the spatial mean of every map of the taps, one after the other,
// in place of what it emitted. Everything else in the file stays as it is.
func (m *Model) WithTapMeans(file []byte, taps []Tap) ([]byte, error) {
	if len(taps) == 0 {
		return nil, errors.New("no feature maps are named")
	}
	var out message
	for b := file; len(b) > 0; {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, fmt.Errorf("not an ONNX file: %w", protowire.ParseError(n))
		}
		size := protowire.ConsumeFieldValue(num, typ, b[n:])
		if size < 0 {
			return nil, fmt.Errorf("not an ONNX file: %w", protowire.ParseError(size))
		}
		if num == 7 && typ == protowire.BytesType {
			graph, _ := protowire.ConsumeBytes(b[n:])
			rest, err := withoutOutputs(graph)
			if err != nil {
				return nil, err
			}
			out.sub(7, rest)
		} else {
			out = append(out, b[:n+size]...)
		}
		b = b[n+size:]
	}
	out.sub(7, tapMeansGraph(taps)) // parts of a message are merged
	return out, nil
}

// withoutOutputs is a graph without its outputs.
func withoutOutputs(graph []byte) (message, error) {
	out := make(message, 0, len(graph))
	for b := graph; len(b) > 0; {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, fmt.Errorf("not an ONNX file: %w", protowire.ParseError(n))
		}
		size := protowire.ConsumeFieldValue(num, typ, b[n:])
		if size < 0 {
			return nil, fmt.Errorf("not an ONNX file: %w", protowire.ParseError(size))
		}
		if num != 12 {
			out = append(out, b[:n+size]...)
		}
		b = b[n+size:]
	}
	return out, nil
}

// tapMeansGraph pools each tap and joins the results. The operators are of
// every opset.
func tapMeansGraph(taps []Tap) message {
	var g message
	join := Node{Op: "Concat", Name: tapMeansName, Outputs: []string{tapMeansName}, Attrs: []Attr{Int("axis", 1)}}
	total := 0
	for i, t := range taps {
		pooled, flat := fmt.Sprintf("flipmeter_tap_%d_pooled", i), fmt.Sprintf("flipmeter_tap_%d", i)
		for _, n := range []Node{
			{Op: "GlobalAveragePool", Name: pooled, Inputs: []string{t.Name}, Outputs: []string{pooled}},
			{Op: "Flatten", Name: flat, Inputs: []string{pooled}, Outputs: []string{flat}, Attrs: []Attr{Int("axis", 1)}},
		} {
			g.sub(1, n.encode())
		}
		join.Inputs = append(join.Inputs, flat)
		total += t.Maps
	}
	g.sub(1, join.encode())
	v := Value{Name: tapMeansName, Type: Float, Dims: []Dim{{Size: -1, Name: "batch"}, {Size: int64(total)}}}
	g.sub(12, v.encode())
	return g
}
