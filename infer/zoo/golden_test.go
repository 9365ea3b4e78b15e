//go:build cgo && unix

package zoo

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/onnx"
	"github.com/flipmeter/flipmeter/infer/zoo/checkpoint"
	"github.com/flipmeter/flipmeter/internal/assettest"
)

// flipmeterHome is where make setup puts what tests need.
func flipmeterHome(tb testing.TB) string { tb.Helper(); return assettest.Home(tb) }

// open runs a model file in ONNX Runtime.
func open(tb testing.TB, path string) infer.Classifier {
	tb.Helper()
	rt, err := onnx.Load(onnx.Config{Home: flipmeterHome(tb)})
	if err != nil {
		tb.Fatalf("%v (run make setup)", err)
	}
	c, err := rt.Open(context.Background(), onnx.ModelConfig{Path: path, Sessions: 1, Accelerator: "cpu"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
		if err := rt.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

// logits runs one picture of the network's size.
func logits(tb testing.TB, c infer.Classifier, rgb []byte) []float32 {
	tb.Helper()
	p := c.Model().Preprocessing
	f := &frame.Frame{Width: p.Width, Height: p.Height, Pictures: []frame.Picture{{Width: p.Width, Height: p.Height, Channels: 3, Pix: rgb}}}
	out := infer.Prediction{Logits: []float32{}}
	if err := c.Classify(context.Background(), f, 0, &out); err != nil {
		tb.Fatal(err)
	}
	return out.Logits
}

func readJSON(tb testing.TB, path string, into any) {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// golden is testdata/architectures.json; its "about" says how it came about.
type golden struct {
	Models map[string]struct {
		Parameters int
		Tensors    map[string][]int
		Pictures   []struct {
			Top5   []int
			Logits []float64
		}
	}
}

// goldenPicture is the picture k of testdata/architectures.json.
func goldenPicture(size, k int) []byte { return ReferencePicture(size, size, k) }

// writeWeights writes a network's made-up weights as a safetensors file, under
// their alternative names if renamed is set.
func writeWeights(tb testing.TB, a *Architecture, seed uint64, renamed bool) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), a.Name+".safetensors")
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	var values []checkpoint.Values
	for _, p := range a.Parameters() {
		if renamed {
			p = *p.Alternative
		}
		values = append(values, checkpoint.Values{Name: p.Name, Shape: p.Shape,
			Stream: func(fn func([]float32) error) error { return RandomWeights{seed}.Stream(&p, fn) }})
	}
	w := bufio.NewWriterSize(f, 1<<20)
	if err := checkpoint.WriteSafetensors(w, values, nil); err != nil {
		tb.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	return path
}

// TestAgainstTimm builds the networks from weights made by a formula and
// compares their logits with those that timm computes from the same formula.
func TestAgainstTimm(t *testing.T) {
	var g golden
	readJSON(t, "testdata/architectures.json", &g)
	if len(g.Models) != 3 {
		t.Fatalf("%d models", len(g.Models))
	}
	for name, want := range g.Models {
		t.Run(name, func(t *testing.T) {
			c := buildMadeUp(t, name, 1, false)
			for k, p := range want.Pictures {
				compare(t, c, k, p.Top5, p.Logits)
			}
		})
	}
}

// TestAgainstTimmUnderAnotherSeed: the figures above are not met by chance,
// nor by anything made for them. EfficientNet-Lite's weights go by timm's
// names here, which are others than the zoo's.
func TestAgainstTimmUnderAnotherSeed(t *testing.T) {
	for _, a := range Architectures() {
		t.Run(a.Name, func(t *testing.T) {
			want, err := a.Figures()
			if err != nil {
				t.Fatal(err)
			}
			if want.Seed == 1 || want.Picture < 2 {
				t.Errorf("seed %d and picture %d are those of TestAgainstTimm", want.Seed, want.Picture)
			}
			if want.Tensors != nil {
				for _, p := range a.Parameters() {
					if shape, ok := want.Tensors[p.Alternative.Name]; !ok || !slices.Equal(shape, p.Shape) {
						t.Errorf("%s %v is not timm's: %v", p.Alternative.Name, p.Shape, shape)
					}
					delete(want.Tensors, p.Alternative.Name)
				}
				for tensor := range want.Tensors {
					t.Errorf("timm's %s is missing", tensor)
				}
			}
			compare(t, buildMadeUp(t, a.Name, want.Seed, want.Tensors != nil), want.Picture, want.Top5, want.Logits)
		})
	}
}

// buildMadeUp writes made-up weights to a file, builds the network from that
// and opens it. The weights have their alternative names if renamed is set.
func buildMadeUp(t *testing.T, name string, seed uint64, renamed bool) infer.Classifier {
	t.Helper()
	a, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	store := Store{t.TempDir()}
	weights := writeWeights(t, a, seed, renamed)
	src, err := a.OpenSource(context.Background(), weights)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := store.Build(context.Background(), a, src, InputBytes)
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	// Not what is held at once but all that was ever taken: VGG16 is
	// a file of 553 MB.
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 128<<20 {
		t.Errorf("building took %d MiB of memory for a file of %d MiB", taken>>20, m.Bytes>>20)
	}
	if err := errors.Join(src.Close(), os.Remove(weights)); err != nil { // half a gigabyte
		t.Fatal(err)
	}
	return open(t, m.Path)
}

// compare wants logits within 2e-4 of the largest, and the same five best.
func compare(t *testing.T, c infer.Classifier, picture int, top5 []int, want []float64) {
	t.Helper()
	got := logits(t, c, goldenPicture(c.Model().Preprocessing.Width, picture))
	worst, largest := 0.0, 0.0
	order := make([]int, len(want))
	for i, w := range want {
		worst, largest = max(worst, math.Abs(float64(got[i])-w)), max(largest, math.Abs(w))
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(got[j], got[i]) })
	if !slices.Equal(order[:5], top5) {
		t.Errorf("picture %d: the five best are %v, want %v", picture, order[:5], top5)
	}
	if r := worst / largest; !(r <= 2e-4) {
		t.Errorf("picture %d: logits differ by %.2g of the largest", picture, r)
	} else {
		t.Logf("picture %d: logits differ by %.2g of the largest", picture, r)
	}
}
