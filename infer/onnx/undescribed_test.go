package onnx

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/onnx/onnxtest"
)

// silent is a model that says nothing about itself, in a folder of its own,
// with a file beside it if beside is not empty.
func silent(tb testing.TB, m onnxtest.Model, beside string) string {
	tb.Helper()
	m.Weights = onnxtest.Spread(3, 1)
	path := write(tb, m)
	writeFile(tb, filepath.Join(filepath.Dir(path), "names.txt"), []byte("a\nb\nc\n"))
	if beside != "" {
		writeFile(tb, strings.TrimSuffix(path, ".onnx")+".yaml", []byte(beside))
	}
	return path
}

func TestUndescribedModels(t *testing.T) {
	planes := onnxtest.Model{Planes: true, Height: 64, Width: 96}
	for name, c := range map[string]struct {
		model  onnxtest.Model
		beside string
		cfg    ModelConfig
		check  func(m *infer.ModelInfo) bool
	}{
		"a preset by flag": {model: planes, cfg: ModelConfig{Stated: infer.Stated{Preset: "caffe"}},
			check: func(m *infer.ModelInfo) bool {
				p := m.Preprocessing
				return m.Name == "tiny" && p.Order == "BGR" && p.Mean[0] == 103.939 && p.Width == 96 && p.Height == 64 && p.ShortSide == 73 && p.Filter == frame.FilterArea
			}},
		"all in the sidecar": {model: planes, beside: "name: mine\npreprocess: unit\nlabels: names.txt\nemits: probabilities\nfit: squash\nfilter: linear\nlicense: MIT\n",
			check: func(m *infer.ModelInfo) bool {
				p := m.Preprocessing
				return m.Name == "mine" && p.Scale[0] == 255 && p.Fit == frame.FitSquash && p.ShortSide == 0 && p.Filter == "linear" && m.Output == infer.OutputProbabilities && m.Labels[2] == "c" && m.License == "MIT"
			}},
		"a flag before the sidecar": {model: planes, beside: "order: BGR\nmean: [1, 2, 3]\nscale: [2]\n", cfg: ModelConfig{Stated: infer.Stated{Preset: "lite"}},
			check: func(m *infer.ModelInfo) bool {
				return m.Preprocessing.Order == "RGB" && m.Preprocessing.Mean[0] == 127
			}},
		"numbers in the sidecar": {model: planes, beside: "order: BGR\nmean: [1, 2, 3]\nscale: [2]\nshort_side: -1\n",
			check: func(m *infer.ModelInfo) bool {
				p := m.Preprocessing
				return p.Order == "BGR" && p.Mean == [3]float32{1, 2, 3} && p.Scale == [3]float32{2, 2, 2} && p.ShortSide == 0
			}},
		"parts over a preset": {model: planes, beside: "preprocess: imagenet\norder: BGR\n",
			check: func(m *infer.ModelInfo) bool {
				return m.Preprocessing.Mean == [3]float32{103.53, 116.28, 123.675}
			}},
		"any size": {model: onnxtest.Model{Planes: true}, beside: "preprocess: unit\ninput_size: \"32x16\"\n",
			check: func(m *infer.ModelInfo) bool { return m.Preprocessing.Width == 32 && m.Preprocessing.Height == 16 }},
		"bytes": {model: onnxtest.Model{Elem: onnxtest.Uint8, Height: 64, Width: 64}, beside: "order: BGR\n",
			check: func(m *infer.ModelInfo) bool {
				p := m.Preprocessing
				return p.Order == "BGR" && p.Scale == [3]float32{1, 1, 1} && !p.InGraph
			}},
		"another output": {model: onnxtest.Model{Planes: true, Height: 8, Width: 8, ExtraOutput: true}, beside: "preprocess: unit\noutput_name: scores\n",
			check: func(m *infer.ModelInfo) bool { return true }},
		"a layout that is open": {model: onnxtest.Model{Channels: -1, Planes: true}, cfg: ModelConfig{Layout: "nchw", Stated: infer.Stated{Preset: "unit", Width: 9, Height: 9}},
			check: func(m *infer.ModelInfo) bool { return m.Preprocessing.Width == 9 }},
	} {
		t.Run(name, func(t *testing.T) {
			c.cfg.Path = silent(t, c.model, c.beside)
			s, err := readSource(c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			if !c.check(&s.info) {
				t.Errorf("%+v", s.info)
			}
		})
	}
}

// What can't be known is asked for, all of it, and with the words to say it.
func TestWhatIsMissingIsAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		model  onnxtest.Model
		beside string
		cfg    ModelConfig
		want   []string
	}{
		"nothing said":    {model: onnxtest.Model{Planes: true, Height: 8, Width: 8}, want: []string{"mean, scale, channel order", "--preprocess bytes, caffe, imagenet, inception, lite, unit", "tiny.yaml"}},
		"any size, too":   {model: onnxtest.Model{Planes: true}, want: []string{"mean, scale, channel order", "--input-size 224"}},
		"only the size":   {model: onnxtest.Model{Planes: true}, cfg: ModelConfig{Stated: infer.Stated{Preset: "unit"}}, want: []string{"--input-size 224"}},
		"bytes":           {model: onnxtest.Model{Elem: onnxtest.Uint8, Height: 8, Width: 8}, want: []string{"channel order", "--preprocess bytes"}},
		"half a sidecar":  {model: onnxtest.Model{Planes: true, Height: 8, Width: 8}, beside: "order: RGB\nmean: [0]\n", want: []string{"not known: scale ("}},
		"wrong size":      {model: onnxtest.Model{Planes: true, Height: 8, Width: 8}, cfg: ModelConfig{Stated: infer.Stated{Preset: "unit", Width: 9, Height: 9}}, want: []string{"takes pictures of 8×8"}},
		"bytes prepared":  {model: onnxtest.Model{Elem: onnxtest.Uint8, Height: 8, Width: 8}, cfg: ModelConfig{Stated: infer.Stated{Preset: "unit"}}, want: []string{"takes bytes"}},
		"layout":          {model: onnxtest.Model{Channels: -1}, want: []string{"--layout nchw or nhwc"}},
		"two outputs":     {model: onnxtest.Model{Planes: true, Height: 8, Width: 8, ExtraOutput: true}, want: []string{"output_name"}},
		"a typing error":  {model: onnxtest.Model{Planes: true, Height: 8, Width: 8}, beside: "preproces: unit\n", want: []string{"tiny.yaml:1", "preprocess"}},
		"no such labels":  {model: onnxtest.Model{Planes: true, Height: 8, Width: 8}, beside: "preprocess: unit\nlabels: none.txt\n", want: []string{"none.txt", "beside the model"}},
		"labels outside":  {model: onnxtest.Model{Planes: true, Height: 8, Width: 8}, beside: "preprocess: unit\nlabels: ../names.txt\n", want: []string{"beside the model"}},
		"short side":      {model: onnxtest.Model{Planes: true, Height: 8, Width: 8}, beside: "preprocess: unit\nshort_side: 7\n", want: []string{"does not cover"}},
		"several at once": {model: onnxtest.Model{Planes: true, Height: 8, Width: 8}, beside: "order: GBR\nmean: [1, 2]\nscale: [0]\n", want: []string{"tiny.yaml:1", "tiny.yaml:2", "tiny.yaml:3"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.cfg.Path = silent(t, c.model, c.beside)
			_, err := readSource(c.cfg)
			if err == nil {
				t.Fatal("opened")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v lacks %q", err, want)
				}
			}
			if c.beside == "" && c.cfg.Stated.Nothing() && name != "layout" && name != "two outputs" && !errors.Is(err, ErrNoPreprocessing) {
				t.Errorf("%v is not ErrNoPreprocessing", err)
			}
		})
	}
}

// A model that describes itself has no use for a file beside it, and says so.
func TestSidecarOfADescribedModel(t *testing.T) {
	path := write(t, described(t, nil))
	if err := os.WriteFile(strings.TrimSuffix(path, ".onnx")+".yaml", []byte("preprocess: caffe\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := readSource(ModelConfig{Path: path})
	if err != nil || s.info.Preprocessing.Order != "RGB" || len(s.info.Notes) != 1 || !strings.Contains(s.info.Notes[0], "tiny.yaml is not read") {
		t.Errorf("%+v, %v", s, err)
	}
}
