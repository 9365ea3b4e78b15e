package sidecar

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/infer"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "net.v2.onnx")
	if f, _, err := Read(model); f != nil || err != nil {
		t.Errorf("%+v, %v", f, err)
	}
	write(t, filepath.Join(dir, "net.v2.yaml"), "preprocess: imagenet\ninput_size: 224\nlabels: names.txt\n")
	if _, _, err := Read(model); err == nil || !strings.Contains(err.Error(), "must lie beside the model") {
		t.Errorf("%v", err)
	}
	write(t, filepath.Join(dir, "names.txt"), "a\nb\n")
	f, labels, err := Read(model)
	if err != nil || len(labels.Names) != 2 {
		t.Fatal(labels, err)
	}
	if got, want := f.Stated(), (infer.Stated{Preset: "imagenet", Width: 224, Height: 224}); got != want {
		t.Errorf("%+v", got)
	}
	// A link does not lead out of the folder either.
	outside := filepath.Join(t.TempDir(), "secret")
	write(t, outside, "x\n")
	if err := os.Remove(filepath.Join(dir, "names.txt")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "names.txt")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Read(model); err == nil {
		t.Error("a link led out of the folder")
	}
}

func TestEmptyFileStatesNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.yaml"), "# nothing yet\n")
	f, _, err := Read(filepath.Join(dir, "m.onnx"))
	if err != nil || f == nil || !f.Stated().Nothing() {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string][2]int{"": {}, "224": {224, 224}, "320x240": {320, 240}, "1x1": {1, 1}} {
		if w, h, err := ParseSize(text); w != want[0] || h != want[1] || err != nil {
			t.Errorf("%q: %d×%d, %v", text, w, h, err)
		}
	}
	for _, text := range []string{"0", "-1", "x", "1x", "x1", "1x2x3", "1 x 2", "224px", "99999", "1.5"} {
		if w, h, err := ParseSize(text); err == nil {
			t.Errorf("%q: %d×%d", text, w, h)
		}
	}
}

// Every preset that exists can be named in the file, and no other.
func TestPresetsAreThoseOfInfer(t *testing.T) {
	dir := t.TempDir()
	for _, name := range append(infer.PresetNames(), "other") {
		write(t, filepath.Join(dir, "m.yaml"), "preprocess: "+name+"\n")
		if _, _, err := Read(filepath.Join(dir, "m.onnx")); (err == nil) != (name != "other") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
