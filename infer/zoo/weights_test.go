package zoo

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/zoo/checkpoint"
)

// The documented formula, on values computed by hand from it.
func TestRandomWeights(t *testing.T) {
	read := func(seed uint64, name string, shape ...int) []float32 {
		v, err := floats(RandomWeights{seed}, &Parameter{Name: name, Shape: shape})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if a, b := read(1, "a.weight", 10), read(1, "a.weight", 20); !slices.Equal(a, b[:10]) {
		t.Error("a value depends on more than its place")
	}
	if slices.Equal(read(1, "a", 10), read(2, "a", 10)) || slices.Equal(read(1, "a", 10), read(1, "b", 10)) {
		t.Error("seed or name have no effect")
	}
	for _, c := range []struct {
		name     string
		shape    []int
		low, top float64
	}{
		{"bn.running_var", []int{70000}, 0.5, 1.5}, {"bn.running_mean", []int{70000}, -0.2, 0.2},
		{"bn.weight", []int{70000}, 0.5, 1.5}, {"bn.bias", []int{70000}, -0.2, 0.2},
		{"conv.weight", []int{700, 100, 1, 1}, -math.Sqrt(0.06), math.Sqrt(0.06)},
		{"fc.weight", []int{700, 100}, -math.Sqrt(0.03), math.Sqrt(0.03)},
	} {
		v := read(3, c.name, c.shape...)
		low, top := float64(slices.Min(v)), float64(slices.Max(v))
		if width := c.top - c.low; low < c.low-1e-6 || top > c.top+1e-6 || low > c.low+width/1000 || top < c.top-width/1000 {
			t.Errorf("%s: from %g to %g, want %g to %g", c.name, low, top, c.low, c.top)
		}
	}
	if err := (RandomWeights{1}).Stream(&Parameter{Name: "x", Shape: []int{0}}, nil); err == nil {
		t.Error("an empty parameter")
	}
}

// checkpointOf writes tensors of ones.
func checkpointOf(t *testing.T, parameters []Parameter) *checkpoint.File {
	t.Helper()
	var values []checkpoint.Values
	for _, p := range parameters {
		values = append(values, checkpoint.Values{Name: p.Name, Shape: p.Shape, Stream: func(fn func([]float32) error) error {
			return fn(slices.Repeat([]float32{1}, p.Elements()))
		}})
	}
	var b bytes.Buffer
	if err := checkpoint.WriteSafetensors(&b, values, nil); err != nil {
		t.Fatal(err)
	}
	f, err := checkpoint.Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestMismatchListsEverything(t *testing.T) {
	need := []Parameter{{Name: "a", Shape: []int{2, 3}}, {Name: "b", Shape: []int{4}}, {Name: "c"},
		{Name: "d", Shape: []int{2, 2, 1}, Alternative: &Parameter{Name: "old.d", Shape: []int{2, 2}}}}
	have := []Parameter{{Name: "a", Shape: []int{3, 2}}, {Name: "c"}, {Name: "old.d", Shape: []int{2, 2}},
		{Name: "x", Shape: []int{1}}, {Name: "bn.num_batches_tracked"}}
	var m *MismatchError
	if err := match(need, checkpointOf(t, have)); !errors.As(err, &m) {
		t.Fatal(err)
	}
	want := []string{"a has shape [3 2], [2 3] is needed", "missing b [4]", "not known: x [1]"}
	if !slices.Equal(m.Problems, want) {
		t.Errorf("got %q, want %q", m.Problems, want)
	}
	have = append(have[1:3], Parameter{Name: "a", Shape: []int{2, 3}}, Parameter{Name: "b", Shape: []int{4}})
	if err := match(need, checkpointOf(t, have)); err != nil {
		t.Error(err)
	}
	if got := (&MismatchError{Problems: make([]string, 7)}).Error(); !strings.Contains(got, "and 2 more") {
		t.Error(got)
	}
}

func TestOpenSource(t *testing.T) {
	a, err := Find("efficientnet-lite0")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	write := func(p []checkpoint.Values) {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := checkpoint.WriteSafetensors(f, p, nil); err != nil {
			t.Fatal(err)
		}
	}
	var values []checkpoint.Values
	for _, p := range a.Parameters() {
		values = append(values, checkpoint.Values{Name: "module." + p.Name, Shape: p.Shape,
			Stream: func(fn func([]float32) error) error { return RandomWeights{1}.Stream(&p, fn) }})
	}
	write(values)
	src, err := a.OpenSource(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if src.File != "w.safetensors" || len(src.SHA256) != 64 || src.Random != "" {
		t.Errorf("%+v", src)
	}
	info := a.Info(src, InputFloats)
	if info.Name != a.Name || info.Metadata[infer.MetaSourceSHA256] != src.SHA256 || info.Preprocessing.InGraph {
		t.Errorf("%+v", info)
	}
	if err := src.Close(); err != nil {
		t.Error(err)
	}
	write(values[1:])
	var m *MismatchError
	if _, err := a.OpenSource(context.Background(), path); !errors.As(err, &m) || len(m.Problems) != 1 {
		t.Errorf("%v", err)
	}
}
