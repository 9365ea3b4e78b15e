package checkpoint

import (
	"fmt"
	"math"
	"slices"
)

// storage is a stretch of a file that holds numbers of one format.
type storage struct {
	dtype    DType
	offset   int64 // bytes from the start of the file
	elements int64
}

const maxDims = 32

// view makes the tensor that looks at s from the given offset with the given
// shape and strides, all in elements, after checking that it stays inside s
// and is not larger than s. Nil strides mean row-major order.
func (s storage) view(name string, offset int64, shape, strides []int64) (*Tensor, error) {
	bad := func(format string, args ...any) (*Tensor, error) {
		return nil, fmt.Errorf("tensor %.200q: %s", name, fmt.Sprintf(format, args...))
	}
	if len(shape) > maxDims || strides != nil && len(strides) != len(shape) {
		return bad("%d dimensions, %d strides", len(shape), len(strides))
	}
	t := &Tensor{Name: name, DType: s.dtype, Shape: make([]int, len(shape))}
	for d, n := range shape {
		if n < 0 || n > math.MaxInt32 {
			return bad("dimension %d", n)
		}
		t.Shape[d] = int(n)
	}
	if slices.Contains(shape, 0) {
		return t, nil
	}
	elements, inOrder := int64(1), true
	for d := len(shape) - 1; d >= 0; d-- {
		if strides != nil && shape[d] != 1 && strides[d] != elements {
			inOrder = false
		}
		if shape[d] > s.elements/elements {
			return bad("shape %v is larger than the %d numbers stored for it", shape, s.elements)
		}
		elements *= shape[d]
	}
	if elements > s.elements { // a single number in an empty storage
		return bad("its storage is empty")
	}
	t.span = elements
	if !inOrder {
		last := int64(0)
		t.strides = make([]int, len(shape))
		for d, n := range shape {
			st := strides[d]
			if st < 0 || st > s.elements || st > 0 && n-1 > (s.elements-1-last)/st {
				return bad("shape %v with strides %v leaves its storage of %d numbers", shape, strides, s.elements)
			}
			last += (n - 1) * st
			t.strides[d] = int(st)
		}
		t.span = last + 1
	}
	if offset < 0 || offset > s.elements-t.span {
		return bad("%d numbers from offset %d leave its storage of %d", t.span, offset, s.elements)
	}
	t.offset = s.offset + offset*s.dtype.bytes()
	return t, nil
}
