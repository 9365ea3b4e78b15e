package zoo

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
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

func TestFind(t *testing.T) {
	if a, err := Find("resnet50"); err != nil || a.Name != "resnet50" {
		t.Errorf("%v, %v", a, err)
	}
	if _, err := Find("alexnet"); err == nil || !strings.Contains(err.Error(), "efficientnet-lite0") {
		t.Errorf("the error does not name what exists: %v", err)
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
