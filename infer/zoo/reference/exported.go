package reference

import (
	"fmt"
	"slices"
)

// What exporters write that the networks of the zoo have no need of.

// matmul multiplies rows by a matrix that lies in the file, which is read row
// by row.
func matmul(r *run, n *node) (*Tensor, error) {
	x, err := r.input(n, 0)
	if err != nil {
		return nil, err
	}
	w, err := r.weights(n, 1)
	if err != nil {
		return nil, fmt.Errorf("only by weights it can be recomputed: %w", err)
	}
	d := dims(w)
	if len(d) != 2 || len(x.Dims) == 0 || x.Dims[len(x.Dims)-1] != d[0] || d[0] == 0 || d[1] < 1 {
		return nil, fmt.Errorf("weights %v for %v", d, x.Dims)
	}
	rows := len(x.Values) / d[0]
	if d[1] > maxElements || rows*d[1] > maxElements {
		return nil, fmt.Errorf("its output of %d×%d is too large", rows, d[1])
	}
	out := newTensor(append(slices.Clone(x.Dims[:len(x.Dims)-1]), d[1])...)
	part := make([]float32, d[1])
	for k := range d[0] {
		if err := w.Values(r.src, int64(k)*int64(d[1]), part); err != nil {
			return nil, err
		}
		for row := range rows {
			v, dst := x.Values[row*d[0]+k], out.Values[row*d[1]:][:d[1]]
			for j, weight := range part {
				dst[j] += v * float64(weight)
			}
		}
	}
	return out, nil
}

// reshape takes its shape from the file: 0 keeps a dimension, −1 is what is
// left.
func reshape(r *run, n *node) (*Tensor, error) {
	x, err := r.input(n, 0)
	if err != nil {
		return nil, err
	}
	if n.int("allowzero", 0) != 0 {
		return nil, fmt.Errorf("with allowzero it can't be recomputed")
	}
	to, err := r.input(n, 1)
	if err != nil {
		return nil, err
	}
	shape, rest, known := make([]int, len(to.Values)), -1, 1
	for i, v := range to.Values {
		shape[i] = int(v)
		switch {
		case v == 0 && i < len(x.Dims):
			shape[i] = x.Dims[i]
		case v == -1 && rest < 0:
			rest = i
			continue
		case v < 1 || v > maxElements:
			return nil, fmt.Errorf("shape %v of %v", to.Values, x.Dims)
		}
		if known *= shape[i]; known > maxElements {
			return nil, fmt.Errorf("shape %v of %v", to.Values, x.Dims)
		}
	}
	if rest >= 0 && known > 0 {
		shape[rest] = len(x.Values) / known
	}
	if elements(shape) != len(x.Values) {
		return nil, fmt.Errorf("shape %v of %v", to.Values, x.Dims)
	}
	return &Tensor{shape, x.Values}, nil
}

// squeeze takes dimensions of 1 away: those that are named, or all.
func squeeze(r *run, n *node) (*Tensor, error) {
	x, err := r.input(n, 0)
	if err != nil {
		return nil, err
	}
	axes := n.ints("axes")
	if n.has(1) {
		t, err := r.input(n, 1)
		if err != nil {
			return nil, err
		}
		for _, v := range t.Values {
			axes = append(axes, int(v))
		}
	}
	gone := make([]bool, len(x.Dims))
	for _, a := range axes {
		if a < 0 {
			a += len(x.Dims)
		}
		if a < 0 || a >= len(x.Dims) || x.Dims[a] != 1 {
			return nil, fmt.Errorf("axes %v of %v", axes, x.Dims)
		}
		gone[a] = true
	}
	shape := []int{}
	for i, d := range x.Dims {
		if !gone[i] && (len(axes) > 0 || d != 1) {
			shape = append(shape, d)
		}
	}
	return &Tensor{shape, x.Values}, nil
}

func hardSigmoid(r *run, n *node) (*Tensor, error) {
	alpha, beta := n.float("alpha", 0.2), n.float("beta", 0.5)
	return elementwise(func(v float64) float64 { return min(max(alpha*v+beta, 0), 1) })(r, n)
}

func hardSwish(v float64) float64 { return v * min(max(v/6+0.5, 0), 1) }

func leakyRelu(r *run, n *node) (*Tensor, error) {
	alpha := n.float("alpha", 0.01)
	return elementwise(func(v float64) float64 {
		if v < 0 {
			return alpha * v
		}
		return v
	})(r, n)
}
