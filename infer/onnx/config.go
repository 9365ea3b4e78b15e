package onnx

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
)

// Config says which ONNX Runtime library to load.
type Config struct {
	// LibraryPath is the library or a folder with it. Empty: the environment
	// variable ONNXRUNTIME_SHARED_LIBRARY_PATH, then Home/lib, then the
	// system's loader. What is given but can't be loaded is an error.
	LibraryPath string
	// Home is flipmeter's folder. Empty: the environment variable
	// FLIPMETER_HOME, then ~/.local/share/flipmeter.
	Home string
	// Accelerator and Precision say what the library is wanted for, as in
	// ModelConfig; where several are installed, the one that has it is
	// loaded.
	Accelerator Accelerator
	Precision   string
	// Beside are the accelerators that are wanted in this process at the same
	// time: it can have only one library, which should have them all.
	Beside []Accelerator
	// Logger gets what was loaded, at debug level. Nil discards it.
	Logger *slog.Logger
}

// Accelerator is what the network runs on: an ONNX Runtime execution
// provider.
type Accelerator string

// Auto takes the best that the loaded library and the machine offer in the
// precision that is asked for, and never a lower precision than fp32 unasked.
// A provider that is asked for by name and can't be had is an error, never a
// silent fall-back.
const (
	Auto     Accelerator = "auto"
	CPU      Accelerator = "cpu"
	OpenVINO Accelerator = "openvino"
	CUDA     Accelerator = "cuda"
	TensorRT Accelerator = "tensorrt"
)

// ModelConfig says which model to open and how to run it. Only Path is
// required.
type ModelConfig struct {
	Path string
	// Name replaces the name in the file; where both are empty it is the
	// file's name.
	Name string
	// Sessions is how many runs there are at once, each on Threads threads;
	// 0 means as many as Go uses processors for them, and on a GPU two: one
	// that runs while the next one's pictures are put together.
	Sessions int
	// OneMore adds a run to the default of Sessions on the CPU provider, for
	// callers that have other work for the processors between two runs.
	OneMore bool
	// Threads of each run on a processor; 0 is 1, which gives the highest
	// throughput. More make each run faster and all of them slower.
	Threads     int
	Accelerator Accelerator // empty is Auto
	// Precision is fp32, fp16 or bf16 on accelerators; empty is as the file
	// is made. The CPU runs a file in the precision that it is made in.
	Precision string
	// Device is the number of the GPU.
	Device int
	// MemoryLimit bounds what the CUDA provider takes of the GPU's memory,
	// in bytes; 0 is no bound.
	MemoryLimit int64
	// EngineCache is the folder in which TensorRT keeps the engines that it
	// builds, so that only the first start waits for them. It is made if it
	// does not exist. Empty: engines are not kept.
	EngineCache string
	// Batch is for accelerators that want several pictures at once.
	Batch Batch
	// Options go to the provider as they are (for OpenVINO device_type, for
	// CUDA device_id, …), those that begin with "session." or "ep." to the
	// session's configuration.
	Options map[string]string

	// Labels replaces the labels in the file. A file with 1000 or 1001
	// classes and no labels has ImageNet's.
	Labels infer.LabelSet
	// Preprocessing is for a file that does not state its own; one that
	// does keeps it (see Override).
	Preprocessing *infer.Preprocessing
	// Stated is the same in parts, completed by the file beside the model
	// (package sidecar) and by what the network's input says; it counts
	// where Preprocessing is nil. For a file that states its own it must be
	// empty.
	Stated infer.Stated
	// Layout is "nchw" or "nhwc", for a file whose input leaves it open.
	Layout string
	// OutputName is the output that holds the scores, for a file with
	// several.
	OutputName string
	// Output says what the network emits where the file does not.
	Output infer.Output
	// Override changes what the file states, and so the identity of the
	// results.
	Override Override
}

// maxSessions bounds a mistyped number of sessions: each has its own buffers.
const maxSessions = 1024

// maxBatch bounds a mistyped size of a batch.
const maxBatch = 1024

func (c *ModelConfig) validate() error {
	for _, n := range []struct {
		what     string
		got, max int
	}{
		{"sessions", c.Sessions, maxSessions}, {"threads", c.Threads, maxSessions}, {"the size of a batch", c.Batch.Max, maxBatch},
	} {
		if n.got < 0 || n.got > n.max {
			return fmt.Errorf("%s must be between 1 and %d, got %d", n.what, n.max, n.got)
		}
	}
	switch {
	case c.Device < 0:
		return fmt.Errorf("the number of the device must not be negative, got %d", c.Device)
	case c.MemoryLimit < 0:
		return fmt.Errorf("the memory limit must not be negative, got %d", c.MemoryLimit)
	}
	return nil
}

// Batch says how many pictures a GPU gets at once. A processor gets one at a
// time, unless the file has a fixed batch of its own.
type Batch struct {
	// Max is the size that every run has, whatever is there to fill it: so a
	// frame's answer does not depend on which frames came along. 0 is 8.
	Max int
	// Delay is how long the first picture of a batch waits for the others. 0
	// is 5 ms; less than 0 never waits.
	Delay time.Duration
}

func (b Batch) size() int {
	if b.Max == 0 {
		return 8
	}
	return b.Max
}

func (b Batch) delay() time.Duration {
	if b.Delay == 0 {
		return 5 * time.Millisecond
	}
	return max(b.Delay, 0)
}

// Override replaces parts of a model's preprocessing; empty fields don't.
type Override struct {
	Filter frame.Filter
	Fit    frame.Fit
}

// ErrNoPreprocessing is what Open returns for a file that does not say how
// pictures are prepared, where the caller doesn't either.
var ErrNoPreprocessing = errors.New("the file does not say how pictures are prepared for it")
