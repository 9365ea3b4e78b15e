//go:build cgo && unix

package onnx

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
)

// provider is what a network is to run on, and in which precision.
type provider struct {
	accelerator Accelerator
	precision   string
	asked       string // precision that differs from the file's own, or ""
	why         string // why Auto came to it
	device      string
	threads     int               // of a run
	runs        int               // at once
	options     map[string]string // the provider's own
	rest        map[string]string // CUDA's, for what TensorRT leaves over
	session     map[string]string // the session's configuration
}

// chooseProvider resolves what the caller asks for. made is the precision of
// the file's weights; failed are accelerators that Auto has tried, with what
// came of it.
func (rt *Runtime) chooseProvider(cfg ModelConfig, made string, in plan, failed map[Accelerator]string) (provider, error) {
	p := provider{accelerator: cfg.Accelerator, precision: cfg.Precision, threads: max(cfg.Threads, 1),
		options: make(map[string]string), session: make(map[string]string)}
	for k, v := range cfg.Options {
		if strings.HasPrefix(k, "session.") || strings.HasPrefix(k, "ep.") {
			p.session[k] = v
		} else {
			p.options[k] = v
		}
	}
	if p.precision == made {
		p.precision = "" // as it is made needs no asking for
	}
	switch p.accelerator {
	case "", Auto:
		c := rt.auto(p.precision, failed)
		p.accelerator, p.why = c.offer.Accelerator, c.why
	case CPU, OpenVINO, CUDA, TensorRT:
	default:
		return p, fmt.Errorf("unknown accelerator %q (auto, cpu, openvino, cuda or tensorrt)", p.accelerator)
	}
	if err := p.fitOffer(rt, made); err != nil {
		return p, err
	}
	if p.asked = p.precision; p.asked == "" {
		p.precision = made
	}
	p.runs = runsAtOnce(p.accelerator, cfg.Sessions, p.threads, cfg.OneMore)
	return p, p.setOptions(cfg, in)
}

// fitOffer checks the wish against what there is.
func (p *provider) fitOffer(rt *Runtime, made string) error {
	offers := rt.Offers()
	i := slices.IndexFunc(offers, func(o Offer) bool { return o.Accelerator == p.accelerator })
	if i < 0 {
		return fmt.Errorf("%s is not known to the library %s", p.accelerator, rt.library)
	}
	o := offers[i]
	p.device = o.Device
	if p.accelerator == CPU {
		if p.precision == "" {
			return nil
		}
		also := ""
		if p.why != "" {
			also = " (" + p.why + ")"
		}
		return fmt.Errorf("the CPU runs this file in %s, as it is made, not in %s: choose another accelerator or another file%s", made, p.precision, also)
	}
	if o.Missing != "" {
		return fmt.Errorf("%s can't be had with the library %s (version %s): %s: %s, or choose another accelerator", p.accelerator, rt.library, rt.version, o.Missing, o.Mend)
	}
	if why := o.Refuses(p.precision); why != "" {
		return fmt.Errorf("%s can't run this model in %s: %s", p.accelerator, p.precision, why)
	}
	return nil
}

// auto is what comes first of what can be had with this library.
func (rt *Runtime) auto(precision string, failed map[Accelerator]string) choice {
	s := surveyor{machine: ThisMachine()}
	offers := slices.Clone(rt.offers)
	for i := range offers {
		if o := &offers[i]; o.Library != rt.file && o.Refuses(precision) == "" {
			o.Missing = "the library that is loaded, " + rt.library + ", has it not"
		} else if why, ok := failed[o.Accelerator]; ok && o.Library == rt.file {
			o.Missing = why
		}
	}
	return s.choose(offers, precision)
}

// runsAtOnce is how many runs a network gets at once. One more than the
// processors can carry out keeps them from resting while a frame is decoded and
// looked at (6 % of an analysis of bench/'s clip); where the network is all
// there is to do, it only gets into the others' way. OpenVINO schedules its
// streams itself.
func runsAtOnce(a Accelerator, sessions, threads int, oneMore bool) int {
	switch {
	case sessions > 0:
		return sessions
	case batches(a):
		return gpuLanes
	case a == CPU && threads == 1 && oneMore:
		return runtime.GOMAXPROCS(0) + 1
	default:
		return max(1, runtime.GOMAXPROCS(0)/threads)
	}
}

// gpuLanes are the batches that are under way at once: one runs while the
// next is put together.
const gpuLanes = 2

// batches tells whether an accelerator wants several pictures at once.
func batches(a Accelerator) bool { return a == CUDA || a == TensorRT }

// openVINOTypes are OpenVINO's names of the precisions.
var openVINOTypes = map[string]string{"fp32": "f32", "fp16": "f16", "bf16": "bf16"}

// tensorRTOptions enable a precision.
var tensorRTOptions = map[string]string{"fp16": "trt_fp16_enable", "bf16": "trt_bf16_enable"}

// setOptions writes the provider's options; what the caller gave under the
// provider's own names goes before.
func (p *provider) setOptions(cfg ModelConfig, in plan) error {
	own := make(map[string]string)
	switch p.accelerator {
	case CPU:
		if len(p.options) > 0 {
			return fmt.Errorf("the CPU provider knows no options besides session.*, got %v", slices.Sorted(maps.Keys(p.options)))
		}
	case OpenVINO:
		// A stream for each run, none of which shares its threads: the same
		// reason as for single-threaded sessions.
		hint := orText(openVINOTypes[p.asked], "f32") // whatever the weights are made in
		own["device_type"] = "CPU"
		own["num_of_threads"] = strconv.Itoa(p.runs)
		own["load_config"] = fmt.Sprintf(`{"CPU":{"INFERENCE_PRECISION_HINT":%q,"NUM_STREAMS":"%d","INFERENCE_NUM_THREADS":"%d"}}`, hint, p.runs, p.runs*p.threads)
		if in.dynamicBatch && plainName(in.input) {
			// A network whose shapes are all known is planned once and for
			// all, and runs a little faster.
			own["reshape_input"] = fmt.Sprintf("%s[%s]", in.input, strings.Trim(strings.Join(strings.Fields(fmt.Sprint(in.inputShape())), ","), "[]"))
		}
	case CUDA:
		own["device_id"] = strconv.Itoa(cfg.Device)
		// TF32 rounds the inputs of products to 10 bits, which is not fp32.
		own["use_tf32"] = "0"
		if cfg.MemoryLimit > 0 {
			own["gpu_mem_limit"] = strconv.FormatInt(cfg.MemoryLimit, 10)
			// The default doubles what it holds until the limit is hit.
			own["arena_extend_strategy"] = "kSameAsRequested"
		}
	case TensorRT:
		own["device_id"] = strconv.Itoa(cfg.Device)
		p.rest = map[string]string{"device_id": own["device_id"], "use_tf32": "0"}
		if enable := tensorRTOptions[p.asked]; enable != "" {
			own[enable] = "1"
		}
		if cfg.EngineCache != "" {
			if err := os.MkdirAll(cfg.EngineCache, 0o755); err != nil {
				return fmt.Errorf("make the folder of TensorRT's engines: %w", err)
			}
			own["trt_engine_cache_enable"], own["trt_engine_cache_path"] = "1", cfg.EngineCache
			own["trt_timing_cache_enable"], own["trt_timing_cache_path"] = "1", cfg.EngineCache
		}
	}
	maps.Copy(own, p.options)
	p.options = own
	return nil
}

// plainName tells whether a tensor's name can stand in an option that is a
// list.
func plainName(s string) bool {
	return s != "" && !strings.ContainsAny(s, "[],; \t\n")
}

// configure writes the provider and the threads of a run into the session's
// options.
func (p *provider) configure(opts *ort.SessionOptions, rt *Runtime) error {
	for _, err := range []error{
		opts.SetIntraOpNumThreads(p.threads), opts.SetInterOpNumThreads(1),
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
		return fmt.Errorf("%s can't be had with the library %s (version %s): %s", p.accelerator, rt.library, rt.version, strings.TrimSuffix(oneLine(err).Error(), "."))
	}
	return nil
}

func (p *provider) append(opts *ort.SessionOptions) error {
	switch p.accelerator {
	case OpenVINO:
		return opts.AppendExecutionProviderOpenVINO(p.options)
	case CUDA:
		return appendCUDA(opts, p.options)
	case TensorRT:
		if err := p.appendTensorRT(opts); err != nil {
			return err
		}
		// Nodes that TensorRT can't run stay on the GPU.
		return appendCUDA(opts, p.rest)
	default:
		return nil
	}
}

func appendCUDA(opts *ort.SessionOptions, options map[string]string) (err error) {
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cuda.Destroy()) }()
	if err := cuda.Update(options); err != nil {
		return err
	}
	return opts.AppendExecutionProviderCUDA(cuda)
}

func (p *provider) appendTensorRT(opts *ort.SessionOptions) (err error) {
	trt, err := ort.NewTensorRTProviderOptions()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trt.Destroy()) }()
	if err := trt.Update(p.options); err != nil {
		return err
	}
	return opts.AppendExecutionProviderTensorRT(trt)
}
