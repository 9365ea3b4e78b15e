package app

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/infer/onnx/onnxtest"
)

// What verify calls the same and what not: ties within the tolerance may
// change places, nothing else.
func TestVerifyCompares(t *testing.T) {
	want := []float64{10, 8, 6, 4, 2, 0}
	f := func(got []float32, wrong string) {
		t.Helper()
		var out bytes.Buffer
		v := &verification{o: &VerifyModelOptions{Tolerance: 0.01}, streams: Streams{Out: &out}}
		v.compare("x", "y", got, want)
		if all := strings.Join(v.wrong, "; "); (all == "") != (wrong == "") || !strings.Contains(all, wrong) {
			t.Errorf("%v: %q, want %q", got, all, wrong)
		}
	}
	f([]float32{10, 8, 6, 4, 2, 0}, "")
	f([]float32{10.09, 8, 6, 4, 2, 0}, "")
	f([]float32{10.11, 8, 6, 4, 2, 0}, "off by 0.011")
	f([]float32{8, 10, 6, 4, 2, 0}, "other classes are best")
	f([]float32{10, 8, 6, 4, 2}, "5 scores, 6 expected")
	f([]float32{10, 8, 6, 4, 2, float32(math.NaN())}, "off by NaN")
	want = []float64{10, 9.95, 6, 4, 2, 0}
	f([]float32{9.96, 9.98, 6, 4, 2, 0}, "") // a tie within the tolerance
}

// inspect says what is missing for a model that does not describe itself, and
// what the file beside it says.
func TestInspectSomebodysModel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "own.onnx")
	m := onnxtest.Model{Planes: true, Height: 24, Width: 32, Weights: onnxtest.Spread(2, 1)}
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(path, string(m.Bytes()))
	beside := strings.TrimSuffix(path, ".onnx") + ".yaml"
	f := func(want ...string) {
		t.Helper()
		var out bytes.Buffer
		if err := InspectModel(t.TempDir(), path, Streams{Out: &out, Err: &out}); err != nil {
			t.Error(err)
		}
		for _, w := range want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%q is missing in\n%s", w, out.String())
			}
		}
	}
	f("none: give --preprocess bytes|caffe|imagenet", "own.yaml", "picture float32 [any, 3, 24, 32]")
	write(beside, "preprocess: caffe\nlabels: names.txt\n")
	f("own.yaml can't be used", "names.txt")
	write(filepath.Join(filepath.Dir(path), "names.txt"), "cat\ndog\n")
	f("by "+beside, "caffe", `2, from "cat" to "dog"`)
}
