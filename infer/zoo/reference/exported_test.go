package reference

import (
	"slices"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
)

// TestExportedOperators: values worked out by hand from ONNX's definitions.
func TestExportedOperators(t *testing.T) {
	for _, c := range []struct {
		op    string
		x     *Tensor
		attrs []onnxfile.Attr
		init  []onnxfile.Initializer
		dims  []int
		want  []float64
	}{
		{"MatMul", tensorOf([]float32{1, 2, 3, 4}, 2, 2), nil, []onnxfile.Initializer{weights("w", []int{2, 3}, []float32{1, 0, 2, 0, 1, 5})},
			[]int{2, 3}, []float64{1, 2, 12, 3, 4, 26}},
		{"Reshape", tensorOf([]float32{1, 2, 3, 4, 5, 6}, 1, 3, 2), nil, []onnxfile.Initializer{weights("w", []int{2}, []float32{0, -1})},
			[]int{1, 6}, []float64{1, 2, 3, 4, 5, 6}},
		{"Squeeze", tensorOf([]float32{1, 2}, 1, 2, 1, 1), nil, []onnxfile.Initializer{weights("w", []int{2}, []float32{-1, 2})}, []int{1, 2}, []float64{1, 2}},
		{"Squeeze", tensorOf([]float32{1, 2}, 1, 2, 1, 1), nil, nil, []int{2}, []float64{1, 2}},
		{"HardSigmoid", tensorOf([]float32{-4, 0, 1, 4}, 4), nil, nil, []int{4}, []float64{0, 0.5, 0.7, 1}},
		{"HardSwish", tensorOf([]float32{-4, 0, 3, 1.5}, 4), nil, nil, []int{4}, []float64{0, 0, 3, 1.125}},
		{"LeakyRelu", tensorOf([]float32{-4, 2}, 2), nil, nil, []int{2}, []float64{-0.04, 2}},
		{"Tanh", tensorOf([]float32{0}, 1), nil, nil, []int{1}, []float64{0}},
	} {
		got, err := compute(c.op, c.x, c.attrs, t, c.init...)
		if err != nil {
			t.Errorf("%s: %v", c.op, err)
			continue
		}
		close := len(got.Values) == len(c.want)
		for i := range min(len(got.Values), len(c.want)) {
			d := got.Values[i] - c.want[i]
			close = close && d < 1e-7 && d > -1e-7 // defaults are float32
		}
		if !close || !slices.Equal(got.Dims, c.dims) {
			t.Errorf("%s of %v: %v %v, want %v %v", c.op, c.x.Values, got.Dims, got.Values, c.dims, c.want)
		}
	}
	for name, c := range map[string]struct {
		op   string
		init []onnxfile.Initializer
		want string
	}{
		"other rows":      {"MatMul", []onnxfile.Initializer{weights("w", []int{3, 1}, []float32{1, 2, 3})}, "weights [3 1] for [1 2]"},
		"two activations": {"MatMul", nil, "input 1 is missing"},
		"too many":        {"Reshape", []onnxfile.Initializer{weights("w", []int{1}, []float32{7})}, "shape [7] of [1 2]"},
		"negative":        {"Reshape", []onnxfile.Initializer{weights("w", []int{1}, []float32{-2})}, "shape [-2] of [1 2]"},
		"huge":            {"Reshape", []onnxfile.Initializer{weights("w", []int{3}, []float32{1 << 24, 1 << 24, 1 << 24})}, "shape"},
		"not one":         {"Squeeze", []onnxfile.Initializer{weights("w", []int{1}, []float32{1})}, "axes [1] of [1 2]"},
	} {
		if _, err := compute(c.op, tensorOf([]float32{1, 2}, 1, 2), nil, t, c.init...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
