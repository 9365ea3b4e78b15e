package onnx

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/onnx/onnxtest"
)

func writeFile(tb testing.TB, path string, b []byte) string {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func write(tb testing.TB, m onnxtest.Model) string {
	tb.Helper()
	return writeFile(tb, filepath.Join(tb.TempDir(), "tiny.onnx"), m.Bytes())
}

// described is a model file that says all about itself.
func described(tb testing.TB, change func(*infer.ModelInfo)) onnxtest.Model {
	tb.Helper()
	info := infer.ModelInfo{Name: "tiny-in-file", Labels: []string{"red", "green", "blue"}, WNIDs: []string{"n1", "n2", "n3"},
		Output: infer.OutputLogits, License: "Apache-2.0", Preprocessing: *plain(6, 4)}
	info.Preprocessing.InGraph = true
	if change != nil {
		change(&info)
	}
	props, err := infer.EncodeMetadata(&info)
	if err != nil {
		tb.Fatal(err)
	}
	return onnxtest.Model{Elem: onnxtest.Uint8, Height: 4, Width: 6, Weights: [][3]float32{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, Metadata: props}
}

func TestReadSource(t *testing.T) {
	m := described(t, nil)
	path := write(t, m)
	s, err := readSource(ModelConfig{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(m.Bytes())
	if s.info.SHA256 != hex.EncodeToString(sum[:]) || s.info.Name != "tiny-in-file" || s.info.License != "Apache-2.0" || len(s.info.Labels) != 3 {
		t.Errorf("info %+v", s.info)
	}
	if s.info.Preprocessing.Filter != frame.FilterArea {
		t.Errorf("preprocessing %+v", s.info.Preprocessing)
	}

	s, err = readSource(ModelConfig{Path: path, Name: "mine", Override: Override{Filter: frame.FilterLinear, Fit: frame.FitLetterbox},
		Labels: infer.LabelSet{Names: []string{"a", "b", "c"}}})
	if err != nil {
		t.Fatal(err)
	}
	if p := s.info.Preprocessing; p.Filter != frame.FilterLinear || p.Fit != frame.FitLetterbox || p.Width != 6 {
		t.Errorf("overridden preprocessing %+v", p)
	}
	if s.info.Name != "mine" || s.info.Labels[0] != "a" || len(s.info.WNIDs) != 0 {
		t.Errorf("overridden info %+v", s.info)
	}

	m.Metadata = nil
	s, err = readSource(ModelConfig{Path: write(t, m), Preprocessing: plain(6, 4), Output: infer.OutputProbabilities})
	if err != nil || s.info.Name != "tiny" || s.info.Output != infer.OutputProbabilities {
		t.Errorf("a file that says nothing: %+v, %v", s, err)
	}
}

func TestReadSourceRefuses(t *testing.T) {
	dir := t.TempDir()
	valid := described(t, nil)
	silent := valid
	silent.Metadata = nil
	for name, c := range map[string]struct {
		path string
		cfg  ModelConfig
		want string
	}{
		"missing":         {path: filepath.Join(dir, "nowhere.onnx"), want: "no such file"},
		"a folder":        {path: dir, want: "it is not an ONNX model"},
		"a letter":        {path: writeFile(t, filepath.Join(dir, "letter.onnx"), []byte("Dear model,\n")), want: "it is not an ONNX model"},
		"empty":           {path: writeFile(t, filepath.Join(dir, "empty.onnx"), nil), want: "it is not an ONNX model"},
		"two inputs":      {path: write(t, onnxtest.Model{Weights: onnxtest.Spread(2, 1), ExtraInput: true}), want: "it is not an image classifier: it has 2 inputs"},
		"two outputs":     {path: write(t, onnxtest.Model{Weights: onnxtest.Spread(2, 1), ExtraOutput: true}), want: "it is not an image classifier: it has 2 outputs"},
		"says nothing":    {path: write(t, silent), want: "does not say how pictures are prepared"},
		"names nothing":   {path: write(t, silent), want: "in the sidecar file); and the model has 3 classes and names none of them: give a file with one name a line (--labels FILE), or write it all into "},
		"says otherwise":  {path: write(t, described(t, func(m *infer.ModelInfo) { m.Preprocessing.Width = 8 })), want: "takes pictures of 6×4"},
		"told twice":      {path: write(t, valid), cfg: ModelConfig{Stated: infer.Stated{Preset: "unit"}}, want: "change what it says with --resize and --fit"},
		"emits otherwise": {path: write(t, valid), cfg: ModelConfig{Output: infer.OutputProbabilities}, want: "it emits logits, not probabilities"},
		"bad override":    {path: write(t, valid), cfg: ModelConfig{Override: Override{Fit: "tile"}}, want: `unknown fit "tile"`},
		"bad metadata":    {path: write(t, onnxtest.Model{Weights: onnxtest.Spread(2, 1), Metadata: map[string]string{infer.MetaSchema: "99"}}), want: infer.MetaSchema},
	} {
		c.cfg.Path = c.path
		_, err := readSource(c.cfg)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "open model "+c.path+": ") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := readSource(ModelConfig{Path: write(t, silent)}); !errors.Is(err, ErrNoPreprocessing) {
		t.Errorf("says nothing: %v is not ErrNoPreprocessing", err)
	}
}

func TestExternalDataStaysInTheModelsFolder(t *testing.T) {
	outside := writeFile(t, filepath.Join(t.TempDir(), "secret"), []byte("secret"))
	dir := filepath.Join(t.TempDir(), "model")
	m := described(t, nil)
	writeFile(t, filepath.Join(dir, "sub", "weights.bin"), m.WeightsData())
	writeFile(t, filepath.Join(filepath.Dir(dir), "weights.bin"), m.WeightsData())
	if err := os.Symlink(outside, filepath.Join(dir, "link.bin")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(outside), filepath.Join(dir, "linked")); err != nil {
		t.Fatal(err)
	}
	for location, want := range map[string]string{
		"sub/weights.bin":            "",
		"sub/../sub/weights.bin":     "",
		"../weights.bin":             "is refused",
		"sub/../../weights.bin":      "is refused",
		outside:                      "is refused",
		"link.bin":                   "is refused",
		"linked/secret":              "is refused",
		"nowhere.bin":                "no such file",
		"/":                          "is refused",
		"..":                         "is refused",
		"sub/../../model/../secret/": "is refused",
	} {
		m.ExternalWeights = location
		path := writeFile(t, filepath.Join(dir, "m.onnx"), m.Bytes())
		_, err := readSource(ModelConfig{Path: path})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", location, err, want)
		}
	}
}

// Other weights make another model, even where they lie outside the file.
func TestHashCoversExternalWeights(t *testing.T) {
	dir := t.TempDir()
	m := described(t, nil)
	m.ExternalWeights = "weights.bin"
	path := writeFile(t, filepath.Join(dir, "m.onnx"), m.Bytes())
	hash := func() string {
		s, err := readSource(ModelConfig{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		return s.info.SHA256
	}
	weights := m.WeightsData()
	writeFile(t, filepath.Join(dir, "weights.bin"), weights)
	before := hash()
	weights[3] ^= 1
	writeFile(t, filepath.Join(dir, "weights.bin"), weights)
	if after := hash(); after == before {
		t.Error("the hash is the same with other weights")
	}
}

func TestPrecisionOfTheFile(t *testing.T) {
	for want, w := range map[string]weightTypes{
		"fp32": {float32: 10, int8: 9}, "int8": {float32: 9, int8: 10}, "fp16": {float32: 1, float16: 2}, "bf16": {bfloat16: 1},
	} {
		if got := w.precision(); got != want {
			t.Errorf("%+v: %s", w, got)
		}
	}
	if got := (weightTypes{}).precision(); got != "fp32" {
		t.Errorf("no weights: %s", got)
	}
}
