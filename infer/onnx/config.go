package onnx

import (
	"errors"
	"log/slog"

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
	// Logger gets what was loaded, at debug level. Nil discards it.
	Logger *slog.Logger
}

// Accelerator is what the network runs on: an ONNX Runtime execution
// provider.
type Accelerator string

// Auto is CPU for now. A provider that is asked for by name and can't be had
// is an error, never a silent fall-back.
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
	// Sessions is how many frames run at once, each on one thread; 0 means
	// as many as Go uses processors.
	Sessions    int
	Accelerator Accelerator // empty is Auto
	// Precision is fp32, fp16 or bf16 on accelerators; empty is fp32. The
	// CPU runs a file in the precision that it is made in.
	Precision string
	// Options go to the provider as they are (for OpenVINO device_type, for
	// CUDA device_id, …), those that begin with "session." or "ep." to the
	// session's configuration.
	Options map[string]string

	// Labels replaces the labels in the file. ImageNet names the outputs of
	// a file with 1000 or 1001 classes that has no labels.
	Labels, ImageNet infer.LabelSet
	// Preprocessing is for a file that does not state its own; one that
	// does keeps it (see Override).
	Preprocessing *infer.Preprocessing
	// Output says what the network emits where the file does not.
	Output infer.Output
	// Override changes what the file states, and so the identity of the
	// results.
	Override Override
}

// Override replaces parts of a model's preprocessing; empty fields don't.
type Override struct {
	Filter frame.Filter
	Fit    frame.Fit
}

// ErrNoPreprocessing is what Open returns for a file that does not say how
// pictures are prepared, where the caller doesn't either.
var ErrNoPreprocessing = errors.New("the file does not say how pictures are prepared for it")
