package onnx

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// modelFile is what flipmeter needs to know about an ONNX file before ONNX
// Runtime sees it.
type modelFile struct {
	metadata map[string]string
	inputs   []valueInfo // without initializers
	outputs  []valueInfo
	external []string // locations of external data, in order of appearance, each once
	weights  weightTypes
}

// valueInfo is one input or output of the graph.
type valueInfo struct {
	name   string
	tensor bool  // other values are sequences, maps, …
	elem   int32 // TensorProto.DataType
	ranked bool  // dims is known
	dims   []int64
}

// dynamic stands in valueInfo.dims for a dimension without a fixed size.
const dynamic = -1

// weightTypes counts the elements of the initializers by type, to tell what
// precision a file is made in.
type weightTypes struct{ float32, float16, bfloat16, int8 int64 }

// TensorProto.DataType in onnx.proto.
const (
	elemFloat    = 1
	elemUint8    = 2
	elemInt8     = 3
	elemFloat16  = 10
	elemBFloat16 = 16
)

// maxDepth bounds how deep graphs may be nested in nodes: a file from
// elsewhere must not be able to exhaust the stack.
const maxDepth = 64

var errNotONNX = errors.New("it is not an ONNX model")

// parseModel reads a serialised ModelProto (onnx.proto, IR versions 3 and
// later). Field numbers are those of onnx.proto. A message that occurs twice
// is merged, as protobuf readers do, so that nothing can hide in the second.
func parseModel(b []byte) (*modelFile, error) {
	m := &modelFile{metadata: make(map[string]string)}
	p := parser{m: m, initializers: make(map[string]bool), seen: make(map[string]bool)}
	graphs := 0
	err := fields(b, func(num protowire.Number, v value) error {
		switch num {
		case 7: // graph
			graphs++
			return p.graph(v.bytes, 0)
		case 14: // metadata_props
			key, val, err := stringEntry(v.bytes)
			m.metadata[key] = val
			return err
		case 20: // training_info: initialization and algorithm graphs
			return fields(v.bytes, func(num protowire.Number, v value) error {
				if num == 1 || num == 2 {
					return p.graph(v.bytes, 1)
				}
				return nil
			})
		case 25: // functions
			return p.function(v.bytes)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w (%w)", errNotONNX, err)
	case graphs == 0:
		return nil, fmt.Errorf("%w (it holds no graph)", errNotONNX)
	}
	m.inputs = slices.DeleteFunc(m.inputs, func(v valueInfo) bool { return p.initializers[v.name] })
	return m, nil
}

type parser struct {
	m            *modelFile
	initializers map[string]bool
	seen         map[string]bool // external locations
}

// graph reads a GraphProto; depth 0 is the model's own.
func (p *parser) graph(b []byte, depth int) error {
	if depth > maxDepth {
		return errors.New("graphs are nested too deeply")
	}
	return fields(b, func(num protowire.Number, v value) error {
		switch num {
		case 1: // node
			return p.node(v.bytes, depth)
		case 5: // initializer
			name, err := p.tensor(v.bytes)
			if depth == 0 {
				p.initializers[name] = true
			}
			return err
		case 15: // sparse_initializer
			return p.sparse(v.bytes)
		case 11, 12: // input, output
			if depth > 0 {
				return nil
			}
			info, err := parseValueInfo(v.bytes)
			if num == 11 {
				p.m.inputs = append(p.m.inputs, info)
			} else {
				p.m.outputs = append(p.m.outputs, info)
			}
			return err
		}
		return nil
	})
}

// node reads a NodeProto for the tensors and graphs in its attributes.
func (p *parser) node(b []byte, depth int) error {
	return fields(b, func(num protowire.Number, v value) error {
		if num != 5 { // attribute
			return nil
		}
		return p.attribute(v.bytes, depth)
	})
}

// attribute reads an AttributeProto.
func (p *parser) attribute(b []byte, depth int) error {
	return fields(b, func(num protowire.Number, v value) error {
		switch num {
		case 5, 10: // t, tensors
			_, err := p.tensor(v.bytes)
			return err
		case 6, 11: // g, graphs
			return p.graph(v.bytes, depth+1)
		case 22, 23: // sparse_tensor, sparse_tensors
			return p.sparse(v.bytes)
		}
		return nil
	})
}

// function reads a FunctionProto.
func (p *parser) function(b []byte) error {
	return fields(b, func(num protowire.Number, v value) error {
		switch num {
		case 7: // node
			return p.node(v.bytes, 1)
		case 11: // attribute_proto
			return p.attribute(v.bytes, 1)
		}
		return nil
	})
}

// sparse reads a SparseTensorProto: values and indices.
func (p *parser) sparse(b []byte) error {
	return fields(b, func(num protowire.Number, v value) error {
		if num == 1 || num == 2 {
			_, err := p.tensor(v.bytes)
			return err
		}
		return nil
	})
}

// tensor reads a TensorProto for its name, its type, its size and where its
// data lies.
func (p *parser) tensor(b []byte) (name string, err error) {
	var elem uint64
	elements := int64(1)
	external, location := false, ""
	err = fields(b, func(num protowire.Number, v value) error {
		switch num {
		case 1: // dims, packed or not
			return v.eachVarint(func(d uint64) { elements *= int64(d) })
		case 2:
			elem = v.varint
		case 8:
			name = string(v.bytes)
		case 13: // external_data
			key, val, err := stringEntry(v.bytes)
			external = true
			if key == "location" {
				location = val
			}
			return err
		case 14: // data_location: EXTERNAL is 1
			external = external || v.varint == 1
		}
		return nil
	})
	switch elem {
	case elemFloat:
		p.m.weights.float32 += elements
	case elemFloat16:
		p.m.weights.float16 += elements
	case elemBFloat16:
		p.m.weights.bfloat16 += elements
	case elemInt8, elemUint8:
		p.m.weights.int8 += elements
	}
	if external && !p.seen[location] {
		p.seen[location] = true
		p.m.external = append(p.m.external, location)
	}
	return name, err
}

// parseValueInfo reads a ValueInfoProto with its TypeProto.
func parseValueInfo(b []byte) (valueInfo, error) {
	var info valueInfo
	shape := func(num protowire.Number, v value) error {
		if num != 1 { // dim
			return nil
		}
		dim := int64(dynamic)
		err := fields(v.bytes, func(num protowire.Number, v value) error {
			if num == 1 && int64(v.varint) > 0 { // dim_value; 0 is how some exporters write "any"
				dim = int64(v.varint)
			}
			return nil
		})
		info.dims = append(info.dims, dim)
		return err
	}
	tensor := func(num protowire.Number, v value) error {
		switch num {
		case 1: // elem_type
			info.elem = int32(v.varint)
		case 2: // shape
			info.ranked = true
			return fields(v.bytes, shape)
		}
		return nil
	}
	err := fields(b, func(num protowire.Number, v value) error {
		switch num {
		case 1:
			info.name = string(v.bytes)
		case 2: // type
			return fields(v.bytes, func(num protowire.Number, v value) error {
				if num != 1 { // tensor_type
					return nil
				}
				info.tensor = true
				return fields(v.bytes, tensor)
			})
		}
		return nil
	})
	return info, err
}

// stringEntry reads a StringStringEntryProto.
func stringEntry(b []byte) (key, val string, err error) {
	err = fields(b, func(num protowire.Number, v value) error {
		switch num {
		case 1:
			key = string(v.bytes)
		case 2:
			val = string(v.bytes)
		}
		return nil
	})
	return key, val, err
}
