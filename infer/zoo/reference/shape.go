package reference

import (
	"errors"
	"fmt"
	"slices"
)

func flatten(r *run, n *node) (*Tensor, error) {
	x, err := r.input(n, 0)
	if err != nil {
		return nil, err
	}
	axis := n.int("axis", 1)
	if axis < 0 {
		axis += len(x.Dims)
	}
	if axis < 0 || axis > len(x.Dims) {
		return nil, fmt.Errorf("axis %d of %v", axis, x.Dims)
	}
	return &Tensor{[]int{elements(x.Dims[:axis]), elements(x.Dims[axis:])}, x.Values}, nil
}

func concat(r *run, n *node) (*Tensor, error) {
	var parts []*Tensor
	for i := range n.Inputs {
		x, err := r.input(n, i)
		if err != nil {
			return nil, err
		}
		parts = append(parts, x)
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("it has no inputs")
	}
	shape := slices.Clone(parts[0].Dims)
	axis := n.int("axis", 0)
	if axis < 0 {
		axis += len(shape)
	}
	if axis < 0 || axis >= len(shape) {
		return nil, fmt.Errorf("axis %d of %v", axis, shape)
	}
	shape[axis] = 0
	for _, x := range parts {
		if len(x.Dims) != len(shape) || !slices.Equal(x.Dims[:axis], parts[0].Dims[:axis]) || !slices.Equal(x.Dims[axis+1:], parts[0].Dims[axis+1:]) {
			return nil, fmt.Errorf("shapes %v and %v do not fit", parts[0].Dims, x.Dims)
		}
		shape[axis] += x.Dims[axis]
	}
	if elements(shape) > maxElements {
		return nil, errors.New("its output is too large")
	}
	out := &Tensor{Dims: shape}
	for i := range elements(shape[:axis]) {
		for _, x := range parts {
			size := elements(x.Dims[axis:])
			out.Values = append(out.Values, x.Values[i*size:][:size]...)
		}
	}
	return out, nil
}

func transpose(r *run, n *node) (*Tensor, error) {
	x, err := r.input(n, 0)
	if err != nil {
		return nil, err
	}
	perm := n.ints("perm")
	sorted := slices.Sorted(slices.Values(perm))
	for i, p := range sorted {
		if p != i || len(perm) != len(x.Dims) {
			return nil, fmt.Errorf("permutation %v of %v", perm, x.Dims)
		}
	}
	if len(perm) == 0 {
		return nil, fmt.Errorf("without a permutation it can't be recomputed")
	}
	shape, strides := make([]int, len(perm)), make([]int, len(perm))
	for i, p := range perm {
		shape[i], strides[i] = x.Dims[p], elements(x.Dims[p+1:])
	}
	out := newTensor(shape...)
	for i := range out.Values {
		at, rest := 0, i
		for d := len(shape) - 1; d >= 0; d-- {
			at += rest % shape[d] * strides[d]
			rest /= shape[d]
		}
		out.Values[i] = x.Values[at]
	}
	return out, nil
}

// reduceMean averages over the axes, which are a setting or an input.
func reduceMean(r *run, n *node) (*Tensor, error) {
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
	reduced := make([]bool, len(x.Dims))
	for _, a := range axes {
		if a < 0 {
			a += len(x.Dims)
		}
		if a < 0 || a >= len(x.Dims) {
			return nil, fmt.Errorf("axes %v of %v", axes, x.Dims)
		}
		reduced[a] = true
	}
	if len(axes) == 0 {
		return nil, fmt.Errorf("without axes it can't be recomputed")
	}
	kept, full, count := []int{}, []int{}, 1
	for d, size := range x.Dims {
		if reduced[d] {
			count *= size
			full = append(full, 1)
			continue
		}
		kept, full = append(kept, size), append(full, size)
	}
	out := newTensor(full...)
	strides, _ := broadcast(x.Dims, full)
	for i, v := range x.Values {
		at, rest := 0, i
		for d := len(x.Dims) - 1; d >= 0; d-- {
			at += rest % x.Dims[d] * strides[d]
			rest /= x.Dims[d]
		}
		out.Values[at] += v / float64(count)
	}
	if n.int("keepdims", 1) == 0 {
		out.Dims = kept
	}
	return out, nil
}
