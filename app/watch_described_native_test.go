//go:build cgo && gocv_specific_modules

package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/infer/onnx/onnxtest"
)

// A camera's model that says nothing about itself is run as its configuration
// says; where that leaves out what must be known, the keys are named.
func TestWatchWithSomebodysModel(t *testing.T) {
	dir := t.TempDir()
	labels := filepath.Join(dir, "classes.txt")
	if err := os.WriteFile(labels, []byte("dark\ngrey\nlight\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	model := foreign(t, dir, "three.onnx", onnxtest.Model{Height: 32, Width: 32, Planes: true, Weights: onnxtest.Spread(3, 1)})
	own := func(o *app.WatchOptions) { o.Home, o.OpenModel = home(t), nil }
	camera := fmt.Sprintf(`
cameras:
  - name: door
    url: "synth:square?frames=100000&fps=20&size=64x48"
    model: {name: %q, accelerator: cpu, preprocess: unit, emits: logits, labels: %q}
`, model, labels)
	r := startWatch(t, camera, nil, own, withoutPictures)
	if l := r.observation("door").Label.Label; l != "dark" && l != "grey" && l != "light" {
		t.Errorf("label %q", l)
	}
	r.end()
	r.write(fmt.Sprintf("cameras: [{name: door, url: 'synth:square?frames=10&size=64x48', model: {name: %q, preprocess: unit}}]\n", model))
	err := app.Watch(t.Context(), app.WatchOptions{Config: r.config, Home: home(t)}, app.Streams{Out: &lockedBuffer{}, Err: &lockedBuffer{}})
	if why := "these options are the keys preprocess, input_size, layout, emits and labels of model"; err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("it ended with %v, want one that says %q", err, why)
	}
}
