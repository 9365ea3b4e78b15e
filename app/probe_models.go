package app

import (
	"context"
	"errors"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/onnx"
	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
	"github.com/flipmeter/flipmeter/perturb/laboratory"
)

// probeModels opens the networks of a probe: laboratory.Models.
type probeModels struct {
	*onnx.Runtime
	o   *ProbeOptions
	out *output
}

func (o *ProbeOptions) loadModels(out *output, clean *cleanups) (laboratory.Models, error) {
	rt, err := onnx.Load(onnx.Config{
		Home: o.Home, Accelerator: onnx.Accelerator(o.Accelerator), Precision: o.Precision, Logger: o.Logger.With("component", "onnx"),
	})
	if err != nil {
		return nil, err
	}
	clean.push("unloading ONNX Runtime", rt.Close)
	return &probeModels{rt, o, out}, nil
}

func (m *probeModels) config(path string) onnx.ModelConfig {
	return m.o.Hardware.config(m.o.Home, onnx.ModelConfig{
		Path: path, Sessions: m.o.Sessions, Accelerator: onnx.Accelerator(m.o.Accelerator), Precision: m.o.Precision,
	})
}

// Open implements laboratory.Models.
func (m *probeModels) Open(ctx context.Context, name string) (laboratory.Network, error) {
	path, why, err := findModel(m.o.Home, name)
	if err != nil {
		return laboratory.Network{}, err
	}
	if why != "" {
		m.out.say("%s", why)
	}
	c, err := m.Runtime.Open(ctx, m.config(path))
	if err != nil {
		return laboratory.Network{}, err
	}
	file, err := onnxfile.ReadFile(path)
	if err != nil {
		return laboratory.Network{}, errors.Join(err, c.Close())
	}
	return laboratory.Network{Classifier: c, Path: path, Depth: file.Depth()}, nil
}

// OpenTaps implements laboratory.Models.
func (m *probeModels) OpenTaps(ctx context.Context, path string, maps []string) (infer.Classifier, error) {
	cfg := m.config(path)
	cfg.Labels, cfg.Output = infer.LabelSet{Names: maps}, infer.OutputLogits
	return m.Runtime.Open(ctx, cfg)
}
