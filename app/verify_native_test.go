//go:build cgo && gocv_specific_modules

package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/infer/onnx/onnxtest"
)

// TestVerifySomebodysModel: order, layout, scale and the background class are
// recomputed from what was said about the model.
func TestVerifySomebodysModel(t *testing.T) {
	dir := t.TempDir()
	labels := filepath.Join(dir, "classes.txt")
	if err := os.WriteFile(labels, []byte(strings.Repeat("class\n", 5)), 0o600); err != nil {
		t.Fatal(err)
	}
	verify := func(name string, m onnxtest.Model, d app.ModelDescription) (string, error) {
		var out bytes.Buffer
		err := app.VerifyModel(t.Context(), app.VerifyModelOptions{
			Home: home(t), Model: foreign(t, dir, name, m), Accelerator: "cpu", Tolerance: app.DefaultTolerance, Described: d,
		}, app.Streams{Out: &out, Err: &out})
		return out.String(), err
	}
	for name, c := range map[string]struct {
		model onnxtest.Model
		said  app.ModelDescription
	}{
		"planes.onnx":     {onnxtest.Model{Planes: true, Height: 24, Width: 32, Weights: onnxtest.Spread(5, 0.1)}, app.ModelDescription{Preprocess: "caffe", Labels: labels, Emits: "logits"}},
		"pixels.onnx":     {onnxtest.Model{Weights: onnxtest.Spread(5, 1)}, app.ModelDescription{Preprocess: "imagenet", InputSize: "17x9", Labels: labels, Emits: "logits"}},
		"bytes.onnx":      {onnxtest.Model{Elem: onnxtest.Uint8, Height: 8, Width: 8, Weights: onnxtest.Spread(5, 0.05)}, app.ModelDescription{Preprocess: "bytes", Labels: labels, Emits: "logits"}},
		"background.onnx": {onnxtest.Model{Planes: true, Height: 8, Width: 8, Softmax: true, Weights: onnxtest.Spread(1001, 9)}, app.ModelDescription{Preprocess: "unit"}},
	} {
		out, err := verify(name, c.model, c.said)
		if err != nil || strings.Count(out, "the same five best") != 2 || strings.Contains(out, "network") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	if _, err := verify("rank3.onnx", onnxtest.Model{Planes: true, Height: 8, Width: 8, Weights: onnxtest.Spread(5, 1), OutputRank: 3}, app.ModelDescription{Preprocess: "unit", Labels: labels}); err == nil || !strings.Contains(err.Error(), "Unsqueeze") {
		t.Errorf("%v", err)
	}
}
