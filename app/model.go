package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/onnx"
	"github.com/flipmeter/flipmeter/perturb"
)

// preferredModels are tried in this order where the user names none.
var preferredModels = [...]string{"inception-resnet-v2", "efficientnet-lite0"}

// Home is flipmeter's folder: models, libraries, footage.
func Home() (string, error) {
	if h := os.Getenv("FLIPMETER_HOME"); h != "" {
		return h, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no home folder (set FLIPMETER_HOME): %w", err)
	}
	return filepath.Join(home, ".local", "share", "flipmeter"), nil
}

// findModel turns --model into a file. why says how it was chosen, where the
// user did not name a file.
func findModel(home, name string) (path, why string, err error) {
	if strings.HasSuffix(strings.ToLower(name), ".onnx") || strings.ContainsRune(name, filepath.Separator) {
		if _, err := os.Stat(name); err != nil {
			return "", "", fmt.Errorf("model file %s can't be opened: %w", name, errors.Unwrap(err))
		}
		return name, "", nil
	}
	dir := filepath.Join(home, "models")
	if name != "" {
		path = filepath.Join(dir, name+".onnx")
		if _, err := os.Stat(path); err != nil {
			return "", "", fmt.Errorf("model %q is not installed in %s: see flipmeter models list, or give an ONNX file", name, dir)
		}
		return path, "", nil
	}
	for i, name := range preferredModels {
		path = filepath.Join(dir, name+".onnx")
		if _, err := os.Stat(path); err != nil {
			continue
		}
		why = "model " + name
		if i > 0 {
			why += " (" + preferredModels[0] + " is not installed)"
		}
		return path, why, nil
	}
	return "", "", fmt.Errorf("no model is installed in %s: build one with flipmeter models build, or give an ONNX file with --model, or as model.name in a configuration", dir)
}

// Hardware says how the network is run on what there is: the finer points,
// which come from a configuration file.
type Hardware struct {
	Threads     int           // of a run on a processor; 0: one
	Device      int           // number of the GPU
	MemoryLimit int64         // of the GPU, in bytes; 0: none
	EngineCache string        // TensorRT's folder; empty: engines in the home folder
	Batch       int           // frames of a run on a GPU; 0: 8
	BatchDelay  time.Duration // that a frame waits for company; 0: none
}

// config completes a model's configuration.
func (h *Hardware) config(home string, cfg onnx.ModelConfig) onnx.ModelConfig {
	cfg.Threads, cfg.Device, cfg.MemoryLimit, cfg.EngineCache = h.Threads, h.Device, h.MemoryLimit, h.EngineCache
	if cfg.EngineCache == "" {
		cfg.EngineCache = filepath.Join(home, "engines")
	}
	cfg.Batch = onnx.Batch{Max: h.Batch, Delay: h.BatchDelay}
	if h.BatchDelay == 0 {
		cfg.Batch.Delay = -1
	}
	return cfg
}

// openClassifier loads ONNX Runtime and the model; the steps that undo it are
// pushed on the stack.
func openClassifier(ctx context.Context, o *AnalyzeOptions, path string, clean *cleanups, log *slog.Logger) (infer.Classifier, error) {
	var beside []onnx.Accelerator
	for _, a := range o.beside {
		beside = append(beside, onnx.Accelerator(a))
	}
	rt, err := onnx.Load(onnx.Config{
		Home: o.Home, Accelerator: onnx.Accelerator(o.Accelerator), Precision: o.Precision, Beside: beside,
		Logger: log.With("component", "onnx"),
	})
	if err != nil {
		return nil, err
	}
	clean.push("unloading ONNX Runtime", rt.Close)
	cfg := o.Hardware.config(o.Home, onnx.ModelConfig{
		Path: path, Sessions: o.Sessions, OneMore: true,
		Accelerator: onnx.Accelerator(o.Accelerator), Precision: o.Precision,
		Override: onnx.Override{Filter: frame.Filter(o.Resize), Fit: frame.Fit(o.Fit)},
	})
	if err := o.Described.apply(&cfg); err != nil {
		return nil, err
	}
	c, err := rt.Open(ctx, cfg)
	if err != nil {
		return nil, toBeSaid(err)
	}
	clean.push("closing the model", c.Close)
	if o.TTA > 1 {
		return perturb.NewAveraged(c, o.TTA)
	}
	return c, nil
}

// findClasses resolves the classes to trace: a label, a number or
// a WordNet id.
func findClasses(m *infer.ModelInfo, names []string) ([]int32, error) {
	var out []int32
	for _, name := range names {
		i, err := findClass(m, name)
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, nil
}

func findClass(m *infer.ModelInfo, name string) (int32, error) {
	for i, l := range m.Labels {
		if strings.EqualFold(l, name) || i < len(m.WNIDs) && m.WNIDs[i] == name {
			return int32(i), nil
		}
	}
	n, err := strconv.Atoi(name)
	if err == nil && n >= 0 && (len(m.Labels) == 0 || n < len(m.Labels)) {
		return int32(n), nil
	}
	hint := ""
	for _, l := range m.Labels {
		if strings.Contains(strings.ToLower(l), strings.ToLower(name)) {
			hint = fmt.Sprintf("; did you mean %q?", l)
			break
		}
	}
	return 0, fmt.Errorf("%w: trace: %q is not a class of %s%s", ErrUsage, name, m.Name, hint)
}
