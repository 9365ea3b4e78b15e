package onnxfile

// Parameters is the number of weights in the file.
func (m *Model) Parameters() int64 {
	n := int64(0)
	for i := range m.Initializers {
		n += m.Initializers[i].Elements()
	}
	return n
}

// MultiplyAdds is how many multiplications with a following addition the
// convolutions and matrix products take for one picture, which is nearly
// all of the work. It is known only where the file states the shapes of
// tensors in between.
func (m *Model) MultiplyAdds() (n int64, known bool) {
	shapes := make(map[string][]Dim)
	for _, list := range [][]Value{m.Values, m.Outputs} {
		for _, v := range list {
			shapes[v.Name] = v.Dims
		}
	}
	weights := make(map[string]*Initializer, len(m.Initializers))
	for i := range m.Initializers {
		weights[m.Initializers[i].Name] = &m.Initializers[i]
	}
	known = true
	for i := range m.Nodes {
		node := &m.Nodes[i]
		if len(node.Inputs) < 2 || len(node.Outputs) < 1 {
			continue
		}
		switch node.Op {
		case "Conv": // every output element is a sum over one channel's weights
			w, out := weights[node.Inputs[1]], shapes[node.Outputs[0]]
			if w == nil || len(w.Dims) != 4 || len(out) != 4 || w.Dims[0] <= 0 || out[2].Size <= 0 || out[3].Size <= 0 {
				known = false
				continue
			}
			n += w.Elements() * out[2].Size * out[3].Size
		case "Gemm", "MatMul":
			if w := weights[node.Inputs[1]]; w != nil && len(w.Dims) == 2 {
				n += w.Elements()
			} else {
				known = false
			}
		case "ConvInteger", "QLinearConv", "MatMulInteger", "QLinearMatMul", "ConvTranspose", "Einsum", "LSTM", "GRU":
			known = false
		}
	}
	return n, known && n > 0
}

// Depth is the number of layers with weights, convolutions and matrix
// products, on the longest way from the input to an output.
func (m *Model) Depth() int {
	depth := make(map[string]int)
	most := 0
	for i := range m.Nodes {
		n := &m.Nodes[i]
		d := 0
		for _, in := range n.Inputs {
			d = max(d, depth[in])
		}
		switch n.Op {
		case "Conv", "Gemm", "MatMul", "ConvTranspose", "QLinearConv", "ConvInteger", "QLinearMatMul", "MatMulInteger":
			d++
		}
		for _, out := range n.Outputs {
			depth[out] = d
		}
		most = max(most, d)
	}
	return most
}
