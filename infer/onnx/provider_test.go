//go:build cgo && unix

package onnx

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/infer"
)

// runtimeWith is a runtime whose library offers what it says; nothing is
// loaded.
func runtimeWith(offers ...Offer) *Runtime {
	rt := &Runtime{library: "lib.so", file: "lib.so", version: "1.99"}
	for _, o := range append(offers, Offer{Accelerator: CPU}) {
		o.Library = rt.file
		rt.offers = append(rt.offers, o)
	}
	return rt
}

// What the caller asks for reaches the providers under their own names.
func TestProviderOptions(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "engines")
	rt := runtimeWith(Offer{Accelerator: OpenVINO, Precisions: []string{"fp32", "bf16"}}, Offer{Accelerator: CUDA, Precisions: []string{"fp32"}},
		Offer{Accelerator: TensorRT, Precisions: []string{"fp32", "fp16", "bf16"}})
	dynamic := plan{input: "x", batch: 1, dynamicBatch: true, planes: true, width: 6, height: 4}
	for name, c := range map[string]struct {
		cfg     ModelConfig
		made    string
		in      plan
		options map[string]string
		session map[string]string
		prec    string
		runs    int
	}{
		"cpu":           {cfg: ModelConfig{Accelerator: CPU}, made: "int8", prec: "int8", runs: runtime.GOMAXPROCS(0)},
		"cpu, as made":  {cfg: ModelConfig{Accelerator: CPU, Precision: "int8"}, made: "int8", prec: "int8", runs: runtime.GOMAXPROCS(0)},
		"one more":      {cfg: ModelConfig{Accelerator: CPU, OneMore: true}, made: "fp32", prec: "fp32", runs: runtime.GOMAXPROCS(0) + 1},
		"threads":       {cfg: ModelConfig{Accelerator: CPU, Threads: 1000}, made: "fp32", prec: "fp32", runs: 1},
		"session entry": {cfg: ModelConfig{Accelerator: CPU, Sessions: 3, Options: map[string]string{"session.x": "1"}}, made: "fp32", prec: "fp32", runs: 3, session: map[string]string{"session.x": "1"}},
		"openvino": {cfg: ModelConfig{Accelerator: OpenVINO, Sessions: 3, Threads: 2}, made: "fp32", in: dynamic, prec: "fp32", runs: 3, options: map[string]string{
			"device_type": "CPU", "num_of_threads": "3", "reshape_input": "x[1,3,4,6]",
			"load_config": `{"CPU":{"INFERENCE_PRECISION_HINT":"f32","NUM_STREAMS":"3","INFERENCE_NUM_THREADS":"6"}}`,
		}},
		"openvino, bf16": {cfg: ModelConfig{Accelerator: OpenVINO, Sessions: 1, Precision: "bf16"}, made: "fp32", prec: "bf16", runs: 1, options: map[string]string{
			"device_type": "CPU", "num_of_threads": "1",
			"load_config": `{"CPU":{"INFERENCE_PRECISION_HINT":"bf16","NUM_STREAMS":"1","INFERENCE_NUM_THREADS":"1"}}`,
		}},
		"openvino, half weights": {cfg: ModelConfig{Accelerator: OpenVINO, Sessions: 1}, made: "fp16", prec: "fp16", runs: 1, options: map[string]string{
			"device_type": "CPU", "num_of_threads": "1",
			"load_config": `{"CPU":{"INFERENCE_PRECISION_HINT":"f32","NUM_STREAMS":"1","INFERENCE_NUM_THREADS":"1"}}`,
		}},
		"openvino, the user's own": {cfg: ModelConfig{Accelerator: OpenVINO, Sessions: 1, Options: map[string]string{"load_config": "{}"}}, made: "int8", prec: "int8", runs: 1, options: map[string]string{
			"device_type": "CPU", "num_of_threads": "1", "load_config": "{}",
		}},
		"cuda":       {cfg: ModelConfig{Accelerator: CUDA}, made: "fp32", prec: "fp32", runs: gpuLanes, options: map[string]string{"device_id": "0", "use_tf32": "0"}},
		"cuda, much": {cfg: ModelConfig{Accelerator: CUDA, Device: 2, MemoryLimit: 1 << 30, Sessions: 1}, made: "fp16", prec: "fp16", runs: 1, options: map[string]string{"device_id": "2", "use_tf32": "0", "gpu_mem_limit": "1073741824", "arena_extend_strategy": "kSameAsRequested"}},
		"tensorrt": {cfg: ModelConfig{Accelerator: TensorRT, Precision: "fp16", EngineCache: cache}, made: "fp32", prec: "fp16", runs: gpuLanes, options: map[string]string{
			"device_id": "0", "trt_fp16_enable": "1", "trt_engine_cache_enable": "1", "trt_engine_cache_path": cache, "trt_timing_cache_enable": "1", "trt_timing_cache_path": cache,
		}},
	} {
		p, err := rt.chooseProvider(c.cfg, c.made, c.in, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !maps.Equal(p.options, c.options) || !maps.Equal(p.session, c.session) {
			t.Errorf("%s: options %v, session %v", name, p.options, p.session)
		}
		if rest := map[string]string{"device_id": "0", "use_tf32": "0"}; c.cfg.Accelerator == TensorRT && !maps.Equal(p.rest, rest) {
			t.Errorf("%s: CUDA's options %v", name, p.rest)
		}
		if p.precision != c.prec || p.runs != c.runs {
			t.Errorf("%s: precision %s, %d runs, want %s, %d", name, p.precision, p.runs, c.prec, c.runs)
		}
	}
	if _, err := os.Stat(cache); err != nil {
		t.Errorf("the folder of engines was not made: %v", err)
	}
}

func TestProviderRefuses(t *testing.T) {
	openvino := Offer{Accelerator: OpenVINO, Device: "P", Precisions: []string{"fp32"}}
	all := runtimeWith(openvino, Offer{Accelerator: CUDA, Missing: "no cuDNN", Mend: "install cuDNN"}, Offer{Accelerator: TensorRT, Precisions: []string{"fp32", "fp16"}})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, cfg := range map[string]ModelConfig{
		`unknown accelerator "abacus"`:                   {Accelerator: "abacus"},
		"cuda can't be had with the library lib.so (ver": {Accelerator: CUDA},
		"no cuDNN: install cuDNN, or choose another":     {Accelerator: CUDA, Precision: "bf16"},
		"in bf16: P does not compute in bf16":            {Accelerator: OpenVINO, Precision: "bf16"},
		`in int4: it has no precision "int4" (fp32)`:     {Accelerator: OpenVINO, Precision: "int4"},
		"openvino: P does not compute in fp16":           {Accelerator: Auto, Precision: "fp16"},
		"make the folder of TensorRT's engines":          {Accelerator: TensorRT, EngineCache: filepath.Join(file, "x")},
		"the CPU provider knows no options":              {Accelerator: CPU, Options: map[string]string{"device_id": "0"}},
	} {
		rt := all
		if cfg.Accelerator == Auto { // TensorRT would have it
			rt = runtimeWith(openvino)
		}
		if _, err := rt.chooseProvider(cfg, "fp32", plan{}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// What another installed library would have is told apart from what nothing
// here has.
func TestAutoSpeaksOfOtherLibraries(t *testing.T) {
	for want, precisions := range map[string][]string{
		"openvino: the library that is loaded, lib.so, has it not": {"fp32", "bf16"},
		"openvino: P does not compute in bf16":                     {"fp32"},
	} {
		rt := runtimeWith(Offer{Accelerator: OpenVINO, Missing: "x is not in y", absent: true})
		rt.offers = append(rt.offers, Offer{Accelerator: OpenVINO, Library: "other.so", Device: "P", Precisions: precisions})
		if got := rt.auto("bf16", nil); got.offer.Accelerator != CPU || !strings.Contains(got.why, want) {
			t.Errorf("%s (%s), want %q", got.offer.Accelerator, got.why, want)
		}
	}
}

// An accelerator that looks as if it were there and fails is passed over by
// Auto, which says so, and by nobody else.
func TestAutoPassesOverWhatFails(t *testing.T) {
	rt := load(t)
	for i := range rt.offers {
		if o := &rt.offers[i]; o.Accelerator == CUDA && o.Library == rt.file {
			o.Missing, o.Device, o.Precisions = "", "G", []string{"fp32"}
		}
	}
	path := write(t, described(t, nil))
	c, err := rt.Open(context.Background(), ModelConfig{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if m := c.Model(); m.Provider != "cpu" || !strings.Contains(m.ProviderWhy, "cuda: cuda can't be had with the library "+rt.Library()) {
		t.Errorf("%s: %s", m.Provider, m.ProviderWhy)
	}
	var out infer.Prediction
	if err := c.Classify(context.Background(), picture(6, 4, 1, 2, 3), 0, &out); err != nil {
		t.Error(err)
	}
	if c, err := rt.Open(context.Background(), ModelConfig{Path: path, Accelerator: CUDA}); err == nil || !strings.Contains(err.Error(), "cuda can't be had") {
		t.Errorf("asked for by name: %v", err)
		_ = c.Close()
	}
}

// Of several libraries the one that comes closest to an accelerator speaks
// for it, and the loaded one where they are equal.
func TestSurveyTakesTheClosest(t *testing.T) {
	rt := runtimeWith(Offer{Accelerator: CUDA, Missing: "absent", absent: true}, Offer{Accelerator: OpenVINO, Missing: "absent", absent: true}, Offer{Accelerator: TensorRT, Missing: "absent", absent: true})
	rt.offers = append([]Offer{{Accelerator: CPU, Library: "other.so"}}, rt.offers...)
	rt.offers = append(rt.offers, Offer{Accelerator: CUDA, Library: "other.so", Missing: "no cuDNN"}, Offer{Accelerator: OpenVINO, Library: "other.so"})
	got := make(map[Accelerator]string)
	for _, o := range rt.Survey() {
		got[o.Accelerator] = o.Library + " " + o.Missing
	}
	want := map[Accelerator]string{CPU: "lib.so ", CUDA: "other.so no cuDNN", OpenVINO: "other.so ", TensorRT: "lib.so absent"}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestOpenRefusesNumbers(t *testing.T) {
	for want, cfg := range map[string]ModelConfig{
		"threads must be between 1 and 1024, got 2000":   {Threads: 2000},
		"sessions must be between 1 and 1024, got -1":    {Sessions: -1},
		"the size of a batch must be between 1 and 1024": {Batch: Batch{Max: -1}},
		"device must not be negative":                    {Device: -1},
		"memory limit must not be negative":              {MemoryLimit: -1},
	} {
		if err := cfg.validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
