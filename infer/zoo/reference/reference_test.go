package reference

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
)

// weights are an initializer of a test's network.
func weights(name string, dims []int, values []float32) onnxfile.Initializer {
	t := onnxfile.Initializer{Name: name, Type: onnxfile.Float, Write: func(w io.Writer) error { return binary.Write(w, binary.LittleEndian, values) }}
	for _, d := range dims {
		t.Dims = append(t.Dims, int64(d))
	}
	return t
}

// file writes a network of one input, x, and reads it again.
func file(tb testing.TB, nodes []onnxfile.Node, init ...onnxfile.Initializer) (*onnxfile.Model, []byte) {
	tb.Helper()
	m := &onnxfile.Model{Name: "test", Opset: 17, Nodes: nodes, Inputs: []onnxfile.Value{{Name: "x", Type: onnxfile.Float}}, Initializers: init}
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		tb.Fatal(err)
	}
	got, err := onnxfile.Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		tb.Fatal(err)
	}
	return got, b.Bytes()
}

// compute runs one operation on x.
func compute(op string, x *Tensor, attrs []onnxfile.Attr, tb testing.TB, init ...onnxfile.Initializer) (*Tensor, error) {
	tb.Helper()
	inputs := []string{"x"}
	for _, i := range init {
		inputs = append(inputs, i.Name)
	}
	m, b := file(tb, []onnxfile.Node{{Op: op, Name: "n", Inputs: inputs, Outputs: []string{"y"}, Attrs: attrs}}, init...)
	out, err := Run(context.Background(), m, bytes.NewReader(b), x, "y")
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

func random(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func tensorOf(values []float32, dims ...int) *Tensor {
	t := newTensor(dims...)
	for i, v := range values {
		t.Values[i] = float64(v)
	}
	return t
}

func near(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !(math.Abs(a[i]-b[i]) <= 1e-12*max(1, math.Abs(b[i]))) {
			return false
		}
	}
	return true
}

// at is a map's value, 0 outside of it.
func at(x *Tensor, c, y, xx int) float64 {
	if y < 0 || xx < 0 || y >= x.Dims[2] || xx >= x.Dims[3] {
		return 0
	}
	return x.Values[(c*x.Dims[2]+y)*x.Dims[3]+xx]
}

// Convolutions against their definition, one output element at a time.
func TestConv(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		groups := 1 + r.IntN(3)
		cin, cout := groups*(1+r.IntN(3)), groups*(1+r.IntN(3))
		h, w, kh, kw := 4+r.IntN(6), 4+r.IntN(6), 1+r.IntN(4), 1+r.IntN(4)
		sy, sx := 1+r.IntN(3), 1+r.IntN(3)
		p := [4]int{r.IntN(3), r.IntN(3), r.IntN(3), r.IntN(3)}
		x := tensorOf(random(r, cin*h*w), 1, cin, h, w)
		filter, bias := random(r, cout*cin/groups*kh*kw), random(r, cout)
		got, err := compute("Conv", x, []onnxfile.Attr{
			onnxfile.Int("group", int64(groups)), onnxfile.Ints("strides", int64(sy), int64(sx)),
			onnxfile.Ints("pads", int64(p[0]), int64(p[1]), int64(p[2]), int64(p[3])),
		}, t, weights("w", []int{cout, cin / groups, kh, kw}, filter), weights("b", []int{cout}, bias))
		if err != nil {
			t.Fatal(err)
		}
		outH, outW := (h+p[0]+p[2]-kh)/sy+1, (w+p[1]+p[3]-kw)/sx+1
		want := newTensor(1, cout, outH, outW)
		for i := range want.Values {
			o, y, xx := i/(outH*outW), i/outW%outH, i%outW
			sum := float64(bias[o])
			for c := range cin / groups {
				for k := range kh * kw {
					in := o/(cout/groups)*(cin/groups) + c
					sum += float64(filter[(o*(cin/groups)+c)*kh*kw+k]) * at(x, in, y*sy+k/kw-p[0], xx*sx+k%kw-p[1])
				}
			}
			want.Values[i] = sum
		}
		if !slices.Equal(got.Dims, want.Dims) || !near(got.Values, want.Values) {
			t.Fatalf("%d groups, %d to %d channels, %d×%d by %d×%d, strides %d %d, padding %v: %v", groups, cin, cout, h, w, kh, kw, sy, sx, p, got.Dims)
		}
	}
}

// Pools against their definition.
func TestPools(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		h, w, k, s := 3+r.IntN(6), 3+r.IntN(6), 1+r.IntN(3), 1+r.IntN(3)
		p := r.IntN(k)
		counts := r.IntN(2)
		x := tensorOf(random(r, 2*h*w), 1, 2, h, w)
		attrs := []onnxfile.Attr{onnxfile.Ints("kernel_shape", int64(k), int64(k)), onnxfile.Ints("strides", int64(s), int64(s)),
			onnxfile.Ints("pads", int64(p), int64(p), int64(p), int64(p)), onnxfile.Int("count_include_pad", int64(counts))}
		outH, outW := (h+2*p-k)/s+1, (w+2*p-k)/s+1
		for _, op := range []string{"MaxPool", "AveragePool"} {
			got, err := compute(op, x, attrs, t)
			if err != nil {
				t.Fatal(err)
			}
			want := newTensor(1, 2, outH, outW)
			for i := range want.Values {
				var inside []float64
				for j := range k * k {
					y, xx := i/outW%outH*s+j/k-p, i%outW*s+j%k-p
					if y >= 0 && xx >= 0 && y < h && xx < w {
						inside = append(inside, at(x, i/(outH*outW), y, xx))
					}
				}
				n := len(inside)
				if counts == 1 {
					n = k * k
				}
				if op == "MaxPool" {
					want.Values[i] = slices.Max(inside)
					continue
				}
				for _, v := range inside {
					want.Values[i] += v / float64(n)
				}
			}
			if !slices.Equal(got.Dims, want.Dims) || !near(got.Values, want.Values) {
				t.Fatalf("%s: %d×%d by %d, stride %d, padding %d: %v, want %v", op, h, w, k, s, p, got, want)
			}
		}
	}
}

func TestOperations(t *testing.T) {
	x := func() *Tensor { return tensorOf([]float32{-1, 2, 3, -4, 5, 6}, 1, 3, 1, 2) }
	row := func() *Tensor { return tensorOf([]float32{1, 2, 3}, 1, 3) }
	f := func(op string, x *Tensor, want []float64, dims []int, attrs []onnxfile.Attr, init ...onnxfile.Initializer) {
		t.Helper()
		got, err := compute(op, x, attrs, t, init...)
		if err != nil || !near(got.Values, want) || !slices.Equal(got.Dims, dims) {
			t.Errorf("%s: %v, %v", op, got, err)
		}
	}
	shape := []int{1, 3, 1, 2}
	f("Relu", x(), []float64{0, 2, 3, 0, 5, 6}, shape, nil)
	f("Sigmoid", tensorOf([]float32{0}, 1), []float64{0.5}, []int{1}, nil)
	f("Clip", x(), []float64{0, 2, 3, 0, 5, 5}, shape, nil, weights("low", nil, []float32{0}), weights("high", nil, []float32{5}))
	f("Clip", x(), []float64{-1, 2, 3, -1, 4, 4}, shape, []onnxfile.Attr{{Name: "min", Kind: onnxfile.KindFloat, F: -1}, {Name: "max", Kind: onnxfile.KindFloat, F: 4}})
	f("Identity", x(), []float64{-1, 2, 3, -4, 5, 6}, shape, nil)
	f("Sub", x(), []float64{-2, 1, 1, -6, 2, 3}, shape, nil, weights("c", []int{1, 3, 1, 1}, []float32{1, 2, 3}))
	f("Div", row(), []float64{0.5, 1, 1.5}, []int{1, 3}, nil, weights("c", nil, []float32{2}))
	f("Mul", row(), []float64{2, 6, 12}, []int{1, 3}, nil, weights("c", []int{3}, []float32{2, 3, 4}))
	f("Sub", tensorOf([]float32{10}, 1), []float64{9, 8}, []int{2}, nil, weights("c", []int{2}, []float32{1, 2})) // the second is the larger
	f("Concat", row(), []float64{1, 2, 3, 7}, []int{1, 4}, []onnxfile.Attr{onnxfile.Int("axis", 1)}, weights("c", []int{1, 1}, []float32{7}))
	f("Flatten", x(), []float64{-1, 2, 3, -4, 5, 6}, []int{1, 6}, nil)
	f("Transpose", x(), []float64{-1, 3, 5, 2, -4, 6}, []int{1, 1, 2, 3}, []onnxfile.Attr{onnxfile.Ints("perm", 0, 2, 3, 1)})
	f("GlobalAveragePool", x(), []float64{0.5, -0.5, 5.5}, []int{1, 3, 1, 1}, nil)
	f("ReduceMean", x(), []float64{0.5, -0.5, 5.5}, []int{1, 3}, []onnxfile.Attr{onnxfile.Ints("axes", 2, -1), onnxfile.Int("keepdims", 0)})
	f("ReduceMean", x(), []float64{7. / 3, 4. / 3}, []int{1, 1, 1, 2}, []onnxfile.Attr{onnxfile.Ints("axes", 1)})
	f("Gemm", row(), []float64{1 + 4 + 9 + 10, 20}, []int{1, 2}, []onnxfile.Attr{onnxfile.Int("transB", 1)},
		weights("w", []int{2, 3}, []float32{1, 2, 3, 0, 0, 0}), weights("b", []int{2}, []float32{10, 20}))
	f("BatchNormalization", row(), []float64{5, 6, 9}, []int{1, 3}, []onnxfile.Attr{{Name: "epsilon", Kind: onnxfile.KindFloat, F: 0}},
		weights("s", []int{3}, []float32{2, 1, 4}), weights("b", []int{3}, []float32{5, 6, 1}), weights("m", []int{3}, []float32{1, 2, 1}), weights("v", []int{3}, []float32{4, 1, 1}))
	e := math.E
	f("Softmax", row(), []float64{1 / (1 + e + e*e), e / (1 + e + e*e), e * e / (1 + e + e*e)}, []int{1, 3}, []onnxfile.Attr{onnxfile.Int("axis", 1)})
}

// What can't be computed is refused with the operator's name, and never wrong.
func TestRunRefuses(t *testing.T) {
	x := tensorOf([]float32{1, 2, 3, 4}, 1, 1, 2, 2)
	one := weights("w", []int{1, 1, 1, 1}, []float32{1})
	for name, c := range map[string]struct {
		op    string
		attrs []onnxfile.Attr
		init  []onnxfile.Initializer
		want  string
	}{
		"unknown":        {op: "LSTM", want: "not among those"},
		"dilated":        {op: "Conv", attrs: []onnxfile.Attr{onnxfile.Ints("dilations", 2, 2)}, init: []onnxfile.Initializer{one}, want: "dilated"},
		"auto_pad":       {op: "Conv", attrs: []onnxfile.Attr{{Name: "auto_pad", Kind: onnxfile.KindString, S: "SAME_UPPER"}}, init: []onnxfile.Initializer{one}, want: "padding"},
		"ceil":           {op: "MaxPool", attrs: []onnxfile.Attr{onnxfile.Ints("kernel_shape", 2, 2), onnxfile.Int("ceil_mode", 1)}, want: "padding"},
		"groups":         {op: "Conv", attrs: []onnxfile.Attr{onnxfile.Int("group", 2)}, init: []onnxfile.Initializer{one}, want: "do not fit"},
		"no filter":      {op: "Conv", want: "input 1 is missing"},
		"large kernel":   {op: "MaxPool", attrs: []onnxfile.Attr{onnxfile.Ints("kernel_shape", 3, 3)}, want: "larger than the picture"},
		"stride 0":       {op: "MaxPool", attrs: []onnxfile.Attr{onnxfile.Ints("kernel_shape", 1, 1), onnxfile.Ints("strides", 0, 1)}, want: "strides"},
		"negative pads":  {op: "MaxPool", attrs: []onnxfile.Attr{onnxfile.Ints("kernel_shape", 1, 1), onnxfile.Ints("pads", -1, 0, 0, 0)}, want: "padding"},
		"shapes":         {op: "Add", init: []onnxfile.Initializer{weights("w", []int{3}, []float32{1, 2, 3})}, want: "do not fit"},
		"transA":         {op: "Gemm", init: []onnxfile.Initializer{weights("w", []int{1, 4}, []float32{1, 2, 3, 4})}, want: "x · Wᵀ"},
		"permutation":    {op: "Transpose", attrs: []onnxfile.Attr{onnxfile.Ints("perm", 0, 0, 1, 2)}, want: "permutation"},
		"softmax's axis": {op: "Softmax", attrs: []onnxfile.Attr{onnxfile.Int("axis", 1)}, want: "axis 1"},
	} {
		_, err := compute(c.op, x, c.attrs, t, c.init...)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.op) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	m, b := file(t, []onnxfile.Node{{Op: "Relu", Inputs: []string{"x"}, Outputs: []string{"y"}}})
	if _, err := Run(context.Background(), m, bytes.NewReader(b), x, "z"); err == nil || !strings.Contains(err.Error(), "nothing makes") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := errors.New("stop")
	cancel(stop)
	if _, err := Run(ctx, m, bytes.NewReader(b), x, "y"); !errors.Is(err, stop) {
		t.Error(err)
	}
}

// FuzzRun: no file makes it panic or take memory without end.
func FuzzRun(f *testing.F) {
	_, b := file(f, []onnxfile.Node{
		{Op: "Conv", Name: "c", Inputs: []string{"x", "w", "b"}, Outputs: []string{"y"}, Attrs: []onnxfile.Attr{onnxfile.Ints("strides", 2, 1), onnxfile.Ints("pads", 1, 1, 1, 1)}},
		{Op: "Concat", Inputs: []string{"y", "y"}, Outputs: []string{"yy"}, Attrs: []onnxfile.Attr{onnxfile.Int("axis", 1)}},
		{Op: "MaxPool", Inputs: []string{"yy"}, Outputs: []string{"p"}, Attrs: []onnxfile.Attr{onnxfile.Ints("kernel_shape", 2, 2)}},
		{Op: "GlobalAveragePool", Inputs: []string{"p"}, Outputs: []string{"g"}},
		{Op: "Flatten", Inputs: []string{"g"}, Outputs: []string{"f"}},
		{Op: "Gemm", Inputs: []string{"f", "m"}, Outputs: []string{"z"}, Attrs: []onnxfile.Attr{onnxfile.Int("transB", 1)}},
	}, weights("w", []int{2, 3, 3, 3}, make([]float32, 54)), weights("b", []int{2}, []float32{1, 2}), weights("m", []int{5, 4}, make([]float32, 20)))
	f.Add(b)
	_, b = file(f, []onnxfile.Node{
		{Op: "GlobalAveragePool", Inputs: []string{"x"}, Outputs: []string{"g"}},
		{Op: "Squeeze", Inputs: []string{"g"}, Outputs: []string{"s"}},
		{Op: "Reshape", Inputs: []string{"s", "to"}, Outputs: []string{"r"}},
		{Op: "MatMul", Inputs: []string{"r", "w"}, Outputs: []string{"z"}},
	}, weights("to", []int{2}, []float32{1, -1}), weights("w", []int{3, 4}, make([]float32, 12)))
	f.Add(b)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := onnxfile.Read(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		x := newTensor(1, 3, 8, 8)
		_, _ = Run(context.Background(), m, bytes.NewReader(data), x, "z")
	})
}
