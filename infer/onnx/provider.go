//go:build cgo && unix

package onnx

import (
	"errors"
	"fmt"
	"maps"
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
	return p, nil
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
		return fmt.Errorf("%s can't be had with the library %s (version %s): %w: install the ONNX Runtime package for it and let %s name its library, or choose another accelerator",
			p.accelerator, rt.library, rt.version, oneLine(err), libraryEnv)
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

// openVINOPrecisions are the names of OpenVINO's INFERENCE_PRECISION_HINT.
var openVINOPrecisions = map[string]string{"fp32": "f32", "fp16": "f16", "bf16": "bf16"}

func (p *provider) appendOpenVINO(opts *ort.SessionOptions) error {
	hint, ok := openVINOPrecisions[p.precision]
	if !ok {
		return fmt.Errorf("it has no precision %q (fp32, fp16 or bf16)", p.precision)
	}
	options := map[string]string{"device_type": "CPU"}
	maps.Copy(options, p.options)
	if _, ok := options["load_config"]; !ok {
		options["load_config"] = fmt.Sprintf(`{%q:{"INFERENCE_PRECISION_HINT":%q}}`, options["device_type"], hint)
	}
	return opts.AppendExecutionProviderOpenVINO(options)
}

func (p *provider) appendCUDA(opts *ort.SessionOptions) (err error) {
	if p.precision != "fp32" {
		return fmt.Errorf("it runs a file in the precision that it is made in, not in %s", p.precision)
	}
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
	options := map[string]string{}
	switch p.precision {
	case "fp32":
	case "fp16":
		options["trt_fp16_enable"] = "1"
	case "bf16":
		options["trt_bf16_enable"] = "1"
	default:
		return fmt.Errorf("it has no precision %q (fp32, fp16 or bf16)", p.precision)
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
