//go:build cgo && unix

package zoo

import (
	"bufio"
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
func goldenPicture(size, k int) []byte {
	var rgb []byte
	for y := range size {
		for x := range size {
			for c := range 3 {
				rgb = append(rgb, byte(x*(7+3*c+k)+y*(11-2*c)+((x*y)>>4)*5+((x^y)&63)*2))
			}
		}
	}
	return rgb
}

// writeWeights writes a network's made-up weights as a safetensors file.
func writeWeights(tb testing.TB, a *Architecture, seed uint64) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), a.Name+".safetensors")
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	var values []checkpoint.Values
	for _, p := range a.Parameters() {
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
			a, err := Find(name)
			if err != nil {
				t.Fatal(err)
			}
			store := Store{t.TempDir()}
			weights := writeWeights(t, a, 1)
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
			c := open(t, m.Path)
			for k, p := range want.Pictures {
				got := logits(t, c, goldenPicture(a.Preprocessing.Width, k))
				worst, largest := 0.0, 0.0
				order := make([]int, len(p.Logits))
				for i, w := range p.Logits {
					worst, largest = max(worst, math.Abs(float64(got[i])-w)), max(largest, math.Abs(w))
					order[i] = i
				}
				slices.SortStableFunc(order, func(i, j int) int {
					if got[i] > got[j] {
						return -1
					}
					return 1
				})
				if !slices.Equal(order[:5], p.Top5) {
					t.Errorf("picture %d: the five best are %v, want %v", k, order[:5], p.Top5)
				}
				if r := worst / largest; !(r <= 2e-4) {
					t.Errorf("picture %d: logits differ by %.2g of the largest", k, r)
				} else {
					t.Logf("picture %d: logits differ by %.2g of the largest", k, r)
				}
			}
		})
	}
}
