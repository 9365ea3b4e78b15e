package onnxfile

import "fmt"

// OutputPatch is what must be appended to the bytes of the model's file to
// make tensors from its inside outputs as well, behind those that it has:
// protobuf merges a message that comes in parts. The tensors must be among
// m.Values, which state their shapes.
func (m *Model) OutputPatch(names ...string) ([]byte, error) {
	var graph message
	for _, name := range names {
		at := -1
		for i := range m.Values {
			if m.Values[i].Name == name {
				at = i
			}
		}
		if at < 0 {
			return nil, fmt.Errorf("the model has no inner tensor %.100q of known shape", name)
		}
		graph.sub(12, m.Values[at].encode())
	}
	var out message
	out.sub(7, graph)
	return out, nil
}
