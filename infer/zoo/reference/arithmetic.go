package reference

import (
	"fmt"
	"math"
)

func relu(v float64) float64    { return max(v, 0) }
func sigmoid(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

func add(a, b float64) float64 { return a + b }
func sub(a, b float64) float64 { return a - b }
func mul(a, b float64) float64 { return a * b }
func div(a, b float64) float64 { return a / b }

// same passes its input on: in float64 a change of format is none.
func same(r *run, n *node) (*Tensor, error) { return r.input(n, 0) }

func elementwise(f func(float64) float64) operation {
	return func(r *run, n *node) (*Tensor, error) {
		x, err := r.input(n, 0)
		if err != nil {
			return nil, err
		}
		out := newTensor(x.Dims...)
		for i, v := range x.Values {
			out.Values[i] = f(v)
		}
		return out, nil
	}
}

func clip(r *run, n *node) (*Tensor, error) {
	low, high := n.float("min", math.Inf(-1)), n.float("max", math.Inf(1))
	for i, bound := range []*float64{&low, &high} {
		if !n.has(i + 1) {
			continue
		}
		v, err := r.vector(n, i+1, 1)
		if err != nil {
			return nil, err
		}
		*bound = v[0]
	}
	return elementwise(func(v float64) float64 { return min(max(v, low), high) })(r, n)
}

// pairwise combines two tensors; of the second a dimension of 1, or one that is
// missing in front, stands for all.
func pairwise(f func(a, b float64) float64) operation {
	return func(r *run, n *node) (*Tensor, error) {
		a, err := r.input(n, 0)
		if err != nil {
			return nil, err
		}
		b, err := r.input(n, 1)
		if err != nil {
			return nil, err
		}
		swapped := len(b.Values) > len(a.Values)
		if swapped {
			a, b = b, a
		}
		strides, ok := broadcast(a.Dims, b.Dims)
		if !ok {
			return nil, fmt.Errorf("shapes %v and %v do not fit", a.Dims, b.Dims)
		}
		out := newTensor(a.Dims...)
		for i := range out.Values {
			at, rest := 0, i
			for d := len(a.Dims) - 1; d >= 0; d-- {
				at += rest % a.Dims[d] * strides[d]
				rest /= a.Dims[d]
			}
			if swapped {
				out.Values[i] = f(b.Values[at], a.Values[i])
			} else {
				out.Values[i] = f(a.Values[i], b.Values[at])
			}
		}
		return out, nil
	}
}

// broadcast is how far a step in each of a's dimensions leads in b.
func broadcast(a, b []int) (strides []int, ok bool) {
	if len(b) > len(a) {
		return nil, false
	}
	strides = make([]int, len(a))
	step := 1
	for i := 1; i <= len(b); i++ {
		switch d := b[len(b)-i]; d {
		case a[len(a)-i]:
			strides[len(a)-i] = step
			step *= d
		case 1:
		default:
			return nil, false
		}
	}
	return strides, true
}

// normalise is batch normalisation with its running statistics.
func normalise(r *run, n *node) (*Tensor, error) {
	x, err := r.input(n, 0)
	if err != nil {
		return nil, err
	}
	if len(x.Dims) < 2 {
		return nil, fmt.Errorf("its input has %d dimensions", len(x.Dims))
	}
	var p [4][]float64 // scale, bias, mean, variance
	for i := range p {
		if p[i], err = r.vector(n, i+1, x.Dims[1]); err != nil {
			return nil, err
		}
	}
	eps := n.float("epsilon", 1e-5)
	out, size := newTensor(x.Dims...), elements(x.Dims[2:])
	for i, v := range x.Values {
		c := i / size % x.Dims[1]
		out.Values[i] = p[0][c]*(v-p[2][c])/math.Sqrt(p[3][c]+eps) + p[1][c]
	}
	return out, nil
}

// softmax over the last dimension, which is what classifiers end in.
func softmax(r *run, n *node) (*Tensor, error) {
	x, err := r.input(n, 0)
	if err != nil {
		return nil, err
	}
	axis := n.int("axis", -1)
	if axis < 0 {
		axis += len(x.Dims)
	}
	if len(x.Dims) == 0 || axis < 0 || axis >= len(x.Dims) || elements(x.Dims[axis+1:]) != 1 {
		return nil, fmt.Errorf("axis %d of %v can't be recomputed", axis, x.Dims)
	}
	out, size := newTensor(x.Dims...), x.Dims[axis]
	for at := 0; at < len(x.Values); at += size {
		row, dst := x.Values[at:at+size], out.Values[at:at+size]
		top, sum := math.Inf(-1), 0.0
		for _, v := range row {
			top = max(top, v)
		}
		for i, v := range row {
			dst[i] = math.Exp(v - top)
			sum += dst[i]
		}
		for i := range dst {
			dst[i] /= sum
		}
	}
	return out, nil
}
