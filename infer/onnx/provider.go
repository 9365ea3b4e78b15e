//go:build cgo && unix

package onnx

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
)

// provider is what a network is to run on, and in which precision.
type provider struct {
	accelerator Accelerator
	precision   string
	options     map[string]string // the provider's own
	session     map[string]string // the session's configuration
}

// chooseProvider resolves what the caller asks for. made is the precision of
// the file's weights.
func chooseProvider(cfg ModelConfig, made string) (provider, error) {
	p := provider{accelerator: cfg.Accelerator, precision: cfg.Precision,
		options: make(map[string]string), session: make(map[string]string)}
	for k, v := range cfg.Options {
		if strings.HasPrefix(k, "session.") || strings.HasPrefix(k, "ep.") {
			p.session[k] = v
		} else {
			p.options[k] = v
		}
	}
	switch p.accelerator {
	case "", Auto, CPU:
		p.accelerator = CPU
		if p.precision != "" && p.precision != made {
			return p, fmt.Errorf("the CPU runs this file in %s, as it is made, not in %s: choose another accelerator or another file", made, p.precision)
		}
		p.precision = made
		if len(p.options) > 0 {
			return p, fmt.Errorf("the CPU provider knows no options besides session.*, got %v", p.options)
		}
		return p, nil
	case OpenVINO, CUDA, TensorRT:
	default:
		return p, fmt.Errorf("unknown accelerator %q (auto, cpu, openvino, cuda or tensorrt)", p.accelerator)
	}
	if p.precision == "" {
		p.precision = "fp32"
	}
	known := precisions[p.accelerator]
	if _, ok := known[p.precision]; !ok {
		return p, fmt.Errorf("%s has no precision %q (%s)", p.accelerator, p.precision, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	return p, nil
}

// precisions says which precisions an accelerator has, and by which option of
// its provider; the value is for OpenVINO's INFERENCE_PRECISION_HINT.
var precisions = map[Accelerator]map[string]string{
	OpenVINO: {"fp32": "f32", "fp16": "f16", "bf16": "bf16"},
	CUDA:     {"fp32": ""},
	TensorRT: {"fp32": "", "fp16": "trt_fp16_enable", "bf16": "trt_bf16_enable"},
}

// packages are the Python packages that carry a library with the provider.
var packages = map[Accelerator]string{
	OpenVINO: "onnxruntime-openvino", CUDA: "onnxruntime-gpu", TensorRT: "onnxruntime-gpu",
}

// replacesSignals tells whether the provider's libraries install signal
// handlers.
func (p *provider) replacesSignals() bool {
	return p.accelerator == CUDA || p.accelerator == TensorRT
}

// configure writes the provider and the threads of a run into the session's
// options.
func (p *provider) configure(opts *ort.SessionOptions, rt *Runtime, threads int) error {
	for _, err := range []error{
		opts.SetIntraOpNumThreads(threads), opts.SetInterOpNumThreads(1),
		opts.SetExecutionMode(ort.ExecutionModeSequential),
		opts.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll),
	} {
		if err != nil {
			return fmt.Errorf("configure ONNX Runtime: %w", oneLine(err))
		}
	}
	// Decoding shares the cores: a thread that has nothing to do must sleep.
	entries := map[string]string{"session.intra_op.allow_spinning": "0", "session.inter_op.allow_spinning": "0"}
	if p.accelerator != CPU {
		// Nodes that the provider can't run would go to the CPU in silence.
		entries["session.disable_cpu_ep_fallback"] = "1"
	}
	maps.Copy(entries, p.session)
	for k, v := range entries {
		if err := opts.AddSessionConfigEntry(k, v); err != nil {
			return fmt.Errorf("configure ONNX Runtime: option %s: %w", k, oneLine(err))
		}
	}
	if err := p.append(opts); err != nil {
		return fmt.Errorf("%s can't be had with the library %s (version %s): %s; let %s name the library of the package %s, with all that it needs beside it, or choose another accelerator",
			p.accelerator, rt.library, rt.version, strings.TrimSuffix(oneLine(err).Error(), "."), libraryEnv, packages[p.accelerator])
	}
	return nil
}

func (p *provider) append(opts *ort.SessionOptions) error {
	switch p.accelerator {
	case OpenVINO:
		return p.appendOpenVINO(opts)
	case CUDA:
		return p.appendCUDA(opts)
	case TensorRT:
		return p.appendTensorRT(opts)
	default:
		return nil
	}
}

func (p *provider) appendOpenVINO(opts *ort.SessionOptions) error {
	options := map[string]string{"device_type": "CPU"}
	maps.Copy(options, p.options)
	if _, ok := options["load_config"]; !ok {
		options["load_config"] = fmt.Sprintf(`{%q:{"INFERENCE_PRECISION_HINT":%q}}`, options["device_type"], precisions[OpenVINO][p.precision])
	}
	return opts.AppendExecutionProviderOpenVINO(options)
}

func (p *provider) appendCUDA(opts *ort.SessionOptions) (err error) {
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cuda.Destroy()) }()
	// TF32 rounds the inputs of products to 10 bits, which is not fp32.
	options := map[string]string{"use_tf32": "0"}
	maps.Copy(options, p.options)
	if err := cuda.Update(options); err != nil {
		return err
	}
	return opts.AppendExecutionProviderCUDA(cuda)
}

func (p *provider) appendTensorRT(opts *ort.SessionOptions) (err error) {
	options := make(map[string]string)
	if enable := precisions[TensorRT][p.precision]; enable != "" {
		options[enable] = "1"
	}
	maps.Copy(options, p.options)
	trt, err := ort.NewTensorRTProviderOptions()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trt.Destroy()) }()
	if err := trt.Update(options); err != nil {
		return err
	}
	return opts.AppendExecutionProviderTensorRT(trt)
}
