package zoo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/zoo/checkpoint"
	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
)

// Parameter counts as the authors, timm or torchvision state them.
func TestParameterCounts(t *testing.T) {
	want := map[string]int{
		"efficientnet-lite0": 4652008, "efficientnet-lite1": 5416680, "efficientnet-lite2": 6092072,
		"inception-resnet-v2": 55843464, "resnet50": 25557032, "vgg16": 138357544,
	}
	for _, a := range Architectures() {
		if got := a.ParameterCount(); got != want[a.Name] {
			t.Errorf("%s has %d parameters, want %d", a.Name, got, want[a.Name])
		}
		delete(want, a.Name)
	}
	for name := range want {
		t.Errorf("%s is missing", name)
	}
}

// The names and shapes of all weights are those of timm.
func TestParametersAreTimms(t *testing.T) {
	var g struct {
		Models map[string]struct{ Tensors map[string][]int }
	}
	b, err := os.ReadFile("testdata/architectures.json")
	if err == nil {
		err = json.Unmarshal(b, &g)
	}
	if err != nil || len(g.Models) != 3 {
		t.Fatalf("%d models, %v", len(g.Models), err)
	}
	for name, m := range g.Models {
		a, err := Find(name)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]int{}
		for _, p := range a.Parameters() {
			got[p.Name] = p.Shape
		}
		for tensor, shape := range m.Tensors {
			if !slices.Equal(got[tensor], shape) && !strings.HasSuffix(tensor, "num_batches_tracked") {
				t.Errorf("%s: %s has shape %v, want %v", name, tensor, got[tensor], shape)
			}
			delete(got, tensor)
		}
		for tensor := range got {
			t.Errorf("%s: %s is too many", name, tensor)
		}
	}
}

// SAME padding against its definition: the output has ceil(size/stride)
// elements, the padding is as small as it can be, and its odd zero lies
// behind.
func TestSamePads(t *testing.T) {
	for size := 1; size < 40; size++ {
		for k := 1; k <= 7; k++ {
			for stride := 1; stride <= 3; stride++ {
				p := samePads(size, size, k, k, stride)
				out := int(math.Ceil(float64(size) / float64(stride)))
				total := p[0] + p[2]
				if got := (size+total-k)/stride + 1; size+total >= k && got != out {
					t.Fatalf("size %d, kernel %d, stride %d: %d elements, want %d", size, k, stride, got, out)
				}
				if total > 0 && size+total-1 >= k && (size+total-1-k)/stride+1 == out {
					t.Fatalf("size %d, kernel %d, stride %d: padding %v is too large", size, k, stride, p)
				}
				if d := p[2] - p[0]; d != total%2 || p[0] != p[1] || p[2] != p[3] {
					t.Fatalf("size %d, kernel %d, stride %d: padding %v", size, k, stride, p)
				}
			}
		}
	}
}

// fixed are weights given one by one.
type fixed map[string][]float32

func (f fixed) Stream(p *Parameter, fn func([]float32) error) error {
	for _, v := range f[p.Name] { // the smallest pieces possible
		if err := fn([]float32{v}); err != nil {
			return err
		}
	}
	return nil
}

// A folded convolution gives what convolution and normalisation give one
// after the other, in float64.
func TestFolding(t *testing.T) {
	n := newNetwork("fold")
	n.conv(tensor{"x", 2, 1, 1}, conv{layer: "c", bn: "b", eps: 1e-3, bias: true, out: 3, kh: 1, kw: 1, rescale: 0.17})
	src := fixed{
		"c.weight": {1, -2, 3, 4, -5, 6}, "c.bias": {0.1, 0.2, 0.3},
		"b.weight": {0.9, -1.1, 1.3}, "b.bias": {1, 2, -3}, "b.running_mean": {0.3, -0.2, 0.1}, "b.running_var": {0.01, 2, 3},
	}
	var got [][]float32
	for i := range n.model.Initializers {
		var b bytes.Buffer
		if err := n.bind(src).Initializers[i].Write(&b); err != nil {
			t.Fatal(err)
		}
		v := make([]float32, b.Len()/4)
		for j := range v {
			v[j] = math.Float32frombits(uint32(b.Bytes()[4*j]) | uint32(b.Bytes()[4*j+1])<<8 | uint32(b.Bytes()[4*j+2])<<16 | uint32(b.Bytes()[4*j+3])<<24)
		}
		got = append(got, v)
	}
	for _, x := range [][2]float64{{0, 0}, {1, 0}, {0, 1}, {-7, 11}} {
		for o := range 3 {
			f := func(name string) float64 { return float64(src[name][o]) }
			y := float64(src["c.weight"][2*o])*x[0] + float64(src["c.weight"][2*o+1])*x[1] + f("c.bias")
			y = 0.17 * (f("b.weight")*(y-f("b.running_mean"))/math.Sqrt(f("b.running_var")+1e-3) + f("b.bias"))
			folded := float64(got[0][2*o])*x[0] + float64(got[0][2*o+1])*x[1] + float64(got[1][o])
			if math.Abs(y-folded) > 1e-5*max(1, math.Abs(y)) {
				t.Errorf("x = %v, channel %d: %g, want %g", x, o, folded, y)
			}
		}
	}
}

// Every graph is whole: each input of a node was made before, each tensor is
// made once and used, taps exist, and shapes are stated.
func TestGraphs(t *testing.T) {
	for _, a := range Architectures() {
		for _, in := range []Input{InputBytes, InputFloats} {
			n := a.network(in)
			made, used := map[string]bool{}, map[string]bool{"logits": true}
			for _, v := range n.model.Inputs {
				made[v.Name] = true
			}
			for _, i := range n.model.Initializers {
				if made[i.Name] {
					t.Errorf("%s: %s is there twice", a.Name, i.Name)
				}
				made[i.Name] = true
			}
			for _, node := range n.model.Nodes {
				for _, x := range node.Inputs {
					if !made[x] {
						t.Errorf("%s: %s needs %s", a.Name, node.Name, x)
					}
					used[x] = true
				}
				if made[node.Outputs[0]] {
					t.Errorf("%s: %s is made twice", a.Name, node.Outputs[0])
				}
				made[node.Outputs[0]] = true
			}
			for name := range made {
				if !used[name] {
					t.Errorf("%s: %s is of no use", a.Name, name)
				}
			}
			stated := map[string]bool{}
			for _, v := range n.model.Values {
				stated[v.Name] = true
			}
			if len(stated) != len(n.model.Nodes)-1 || len(n.model.Values) != len(stated) {
				t.Errorf("%s: %d shapes are stated for %d nodes", a.Name, len(stated), len(n.model.Nodes))
			}
			for _, tap := range n.taps {
				if !stated[tap] {
					t.Errorf("%s: tap %s does not exist", a.Name, tap)
				}
			}
			if len(n.taps) < 10 {
				t.Errorf("%s: %d taps", a.Name, len(n.taps))
			}
			if n.model.Outputs[0].Dims[1].Size != 1000 {
				t.Errorf("%s: output %v", a.Name, n.model.Outputs)
			}
		}
	}
}

// Work for one picture, in 10⁹ multiply-adds, as the papers and libraries
// state it.
func TestCosts(t *testing.T) {
	want := map[string]float64{
		"efficientnet-lite0": 0.384, "efficientnet-lite1": 0.603, "efficientnet-lite2": 0.859,
		"inception-resnet-v2": 13.2, "resnet50": 4.1, "vgg16": 15.5,
	}
	for _, a := range Architectures() {
		n, known := a.network(InputBytes).model.MultiplyAdds()
		if got := float64(n) / 1e9; !known || math.Abs(got/want[a.Name]-1) > 0.03 {
			t.Errorf("%s: %.3f, want %.3f", a.Name, got, want[a.Name])
		}
	}
}

func TestLabels(t *testing.T) {
	names, wnids := ImageNetLabels()
	if len(names) != 1000 || len(wnids) != 1000 || names[0] != "tench" || wnids[146] != "n02058221" || names[999] != "toilet tissue" {
		t.Errorf("%d names, %d ids, %s %s %s", len(names), len(wnids), names[0], wnids[146], names[999])
	}
	if !slices.IsSorted(wnids) {
		t.Error("the classes are not in the order of the WordNet ids")
	}
}

func TestFind(t *testing.T) {
	if a, err := Find("resnet50"); err != nil || a.Name != "resnet50" {
		t.Errorf("%v, %v", a, err)
	}
	if _, err := Find("alexnet"); err == nil || !strings.Contains(err.Error(), "efficientnet-lite0") {
		t.Errorf("the error does not name what exists: %v", err)
	}
}

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
	if got := (&MismatchError{make([]string, 7)}).Error(); !strings.Contains(got, "and 2 more") {
		t.Error(got)
	}
}

// vgg16 reads torchvision's own file as well as timm's.
func TestTorchvisionNames(t *testing.T) {
	a, err := Find("vgg16")
	if err != nil {
		t.Fatal(err)
	}
	var renamed int
	for _, p := range a.Parameters() {
		if p.Alternative != nil {
			renamed++
			if p.Alternative.Elements() != p.Elements() || !strings.HasPrefix(p.Alternative.Name, "classifier.") {
				t.Errorf("%s: %+v", p.Name, p.Alternative)
			}
		}
	}
	if renamed != 6 {
		t.Errorf("%d parameters have another name", renamed)
	}
}

func TestStore(t *testing.T) {
	s := Store{filepath.Join(t.TempDir(), "models")}
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Fatalf("a store without a folder: %v, %v", list, err)
	}
	a, err := Find("efficientnet-lite0")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	m, err := s.Build(ctx, a, RandomSource(7), InputBytes)
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "efficientnet-lite0-random-7" || m.Record.RandomWeights != "7" || m.Record.Parameters != 4652008 {
		t.Errorf("%+v, %+v", m, m.Record)
	}
	first, err := os.ReadFile(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	record, err := os.ReadFile(s.recordPath(m.Name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.Build(ctx, a, RandomSource(7), InputBytes); err != nil {
		t.Fatal(err)
	}
	again, _ := os.ReadFile(m.Path)
	recordAgain, _ := os.ReadFile(s.recordPath(m.Name))
	if !bytes.Equal(first, again) || !bytes.Equal(record, recordAgain) {
		t.Error("built twice, the bytes differ")
	}

	file, err := onnxfile.ReadFile(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := infer.DecodeMetadata(file.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	if info.Name != m.Name || info.RandomWeights != "7" || !info.Preprocessing.InGraph || len(info.Labels) != 1000 ||
		info.Output != infer.OutputLogits || strings.Contains(info.License, "Apache") {
		t.Errorf("%+v", info)
	}

	if err := os.WriteFile(filepath.Join(s.Dir, "own.onnx"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := s.List()
	if err != nil || len(list) != 2 || list[0].Name != m.Name || *list[0].Record != *m.Record || list[1].Name != "own" || list[1].Record != nil {
		t.Errorf("%+v, %v", list, err)
	}
	for _, name := range []string{"no such", "", "../models/own", ".."} {
		if _, err := s.Find(name); !errors.Is(err, ErrNotInstalled) {
			t.Errorf("%q: %v", name, err)
		}
	}
	// A record that belongs to another file is left out.
	if err := os.WriteFile(m.Path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if m, err := s.Find(m.Name); err != nil || m.Record != nil {
		t.Errorf("%+v, %v", m, err)
	}
}

// failingWeights end in the middle.
type failingWeights struct{ err error }

func (f failingWeights) Stream(*Parameter, func([]float32) error) error { return f.err }

func TestFailedBuildLeavesTheStoreAsItWas(t *testing.T) {
	s := Store{t.TempDir()}
	a, err := Find("efficientnet-lite0")
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Build(context.Background(), a, RandomSource(1), InputBytes)
	if err != nil {
		t.Fatal(err)
	}
	before := content(t, s.Dir)
	broken := errors.New("read error")
	if _, err := s.Build(context.Background(), a, &Source{Weights: failingWeights{broken}, Random: "1"}, InputFloats); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := errors.New("stop")
	cancel(stop)
	if _, err := s.Build(ctx, a, RandomSource(1), InputFloats); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	if err := os.Mkdir(filepath.Join(s.Dir, "efficientnet-lite0-random-2.onnx"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Build(context.Background(), a, RandomSource(2), InputFloats); err == nil {
		t.Error("a folder was replaced")
	}
	if err := os.Remove(filepath.Join(s.Dir, "efficientnet-lite0-random-2.onnx")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, s.Dir); got != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, got)
	}
	if again, err := s.Find(m.Name); err != nil || again.Record == nil {
		t.Errorf("%+v, %v", again, err)
	}
}

// content lists a folder's files with their sizes.
func content(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		fmt.Fprintln(&b, path, st.Size(), st.ModTime())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
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
