//go:build cgo && gocv_specific_modules

package app_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/infer/onnx/onnxtest"
)

// foreign writes a model that says nothing about itself.
func foreign(t *testing.T, dir, name string, m onnxtest.Model) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, m.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAnalyzeWithSomebodysModel runs models that don't describe themselves:
// what is missing is asked for as a usage error, and what was inferred is said.
func TestAnalyzeWithSomebodysModel(t *testing.T) {
	dir := t.TempDir()
	labels := filepath.Join(dir, "classes.txt")
	if err := os.WriteFile(labels, []byte("dark\ngrey\nlight\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	three := foreign(t, dir, "three.onnx", onnxtest.Model{Planes: true, Height: 32, Width: 32, Weights: onnxtest.Spread(3, 1)})
	anySize := foreign(t, dir, "any.onnx", onnxtest.Model{Weights: onnxtest.Spread(1001, 1), Softmax: true})
	run := func(change func(*app.AnalyzeOptions)) (said string, labels []string, err error) {
		o := nativeOptions(t)
		o.Sources = []string{"synth:square?frames=12&size=64x48"}
		o.Tables, o.Quiet = "csv", false
		change(&o)
		var stdout, stderr bytes.Buffer
		err = app.Analyze(t.Context(), o, app.Streams{Out: &stdout, Err: &stderr})
		if b, readErr := os.ReadFile(filepath.Join(o.Out, "frames.csv")); readErr == nil {
			labels = strings.Split(string(b), "\n")
		}
		return stderr.String(), labels, err
	}

	for _, c := range []struct {
		change func(*app.AnalyzeOptions)
		want   string
	}{
		{func(o *app.AnalyzeOptions) { o.Model = three }, "--preprocess"},
		{func(o *app.AnalyzeOptions) { o.Model = anySize; o.Described.Preprocess = "unit" }, "--input-size"},
		{func(o *app.AnalyzeOptions) { o.Model = three; o.Described.Preprocess = "vgg" }, "--preprocess must be one of"},
		{func(o *app.AnalyzeOptions) { o.Model = three; o.Described.InputSize = "big" }, "--input-size must be"},
		{func(o *app.AnalyzeOptions) { o.Model = three; o.Described.Preprocess = "unit" }, "--labels FILE"},
	} {
		if _, _, err := run(c.change); !errors.Is(err, app.ErrUsage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	_, rows, err := run(func(o *app.AnalyzeOptions) {
		o.Model = three
		o.Described = app.ModelDescription{Preprocess: "unit", Labels: labels, Emits: "logits"}
	})
	if err != nil || len(rows) < 12 || !strings.Contains(strings.Join(rows, "\n"), ",dark,") && !strings.Contains(strings.Join(rows, "\n"), ",light,") {
		t.Errorf("%v, %q", err, rows)
	}
	said, _, err := run(func(o *app.AnalyzeOptions) {
		o.Model = anySize
		o.Described = app.ModelDescription{Preprocess: "bytes", InputSize: "40x30"}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1001 classes have no names: those of ImageNet", "with the background before them", "by the first frame, probabilities"} {
		if strings.Count(said, want) != 1 {
			t.Errorf("%q is not said once in\n%s", want, said)
		}
	}
}
