package onnx

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Offer says whether networks can run on an accelerator here, and if not,
// which piece is missing.
type Offer struct {
	Accelerator Accelerator
	Library     string   // of ONNX Runtime, that was looked at
	Device      string   // what it runs on
	Precisions  []string // that may be asked for; none: as the model is made
	Missing     string   // the piece that is missing, empty if none is
	Mend        string   // the command or deed that brings it
	absent      bool     // what is missing is the provider itself: another library may have it
}

// distance is how far the accelerator is from being had: 0 if it can be.
func (o *Offer) distance() int {
	switch {
	case o.Missing == "":
		return 0
	case !o.absent:
		return 1
	default:
		return 2
	}
}

// accelerators are all that there are, the fastest kind of device first.
var accelerators = [...]Accelerator{TensorRT, CUDA, OpenVINO, CPU}

// providerParts are what an accelerator needs beside libonnxruntime, besides
// what those files say themselves that they need.
var providerParts = map[Accelerator]struct {
	files  []string // in the library's folder
	loaded []string // by the provider, at run time
	fetch  string   // for make ort
}{
	OpenVINO: {
		files: []string{"libonnxruntime_providers_openvino.so", "libonnxruntime_providers_shared.so", "libopenvino_intel_cpu_plugin.so"},
		fetch: "openvino",
	},
	CUDA: {
		files:  []string{"libonnxruntime_providers_cuda.so", "libonnxruntime_providers_shared.so"},
		loaded: []string{"libcudnn.so.9"},
		fetch:  "cuda",
	},
	TensorRT: {
		files:  []string{"libonnxruntime_providers_tensorrt.so", "libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"},
		loaded: []string{"libcudnn.so.9"},
		fetch:  "cuda",
	},
}

const noGPU = "no NVIDIA GPU with a driver is to be seen"

// surveyor finds out what can be had. Its fields stand between it and the
// machine, for tests.
type surveyor struct {
	machine Machine
	// loadable tells whether the system's loader finds a library.
	loadable func(name string) error
	// needs are the libraries that a library asks for, and whether it looks
	// for them in its own folder.
	needs func(path string) (names []string, beside bool, err error)
}

// offers looks at all accelerators with each of the libraries.
func (s *surveyor) offers(libraries []string) (all []Offer) {
	for _, l := range libraries {
		for _, a := range accelerators {
			all = append(all, s.offer(a, l))
		}
	}
	return all
}

// offer looks at one accelerator with the library that lies at a path.
func (s *surveyor) offer(a Accelerator, library string) Offer {
	o := Offer{Accelerator: a, Library: library}
	switch a {
	case CPU:
		o.Device = orText(s.machine.Processor, "the processor")
		return o
	case OpenVINO:
		o.Device = orText(s.machine.Processor, "the processor")
		o.Precisions = append([]string{"fp32"}, s.machine.Floats...)
	case CUDA:
		o.Device, o.Precisions = strings.Join(s.machine.GPUs, ", "), []string{"fp32"}
	case TensorRT:
		o.Device, o.Precisions = strings.Join(s.machine.GPUs, ", "), []string{"fp32", "fp16", "bf16"}
	}
	parts := providerParts[a]
	dir := filepath.Dir(library)
	if (a == CUDA || a == TensorRT) && len(s.machine.GPUs) == 0 {
		o.Missing, o.Mend = noGPU, "make nvidia-smi list the GPU: install NVIDIA's driver, or hand the device to the container"
		return o
	}
	for _, f := range parts.files {
		if _, err := os.Stat(filepath.Join(dir, f)); err != nil {
			o.Missing = fmt.Sprintf("%s is not in %s", f, dir)
			o.Mend, o.absent = "make ort ACCEL="+parts.fetch, true
			return o
		}
	}
	if missing := s.missingLibraries(dir, parts.files, parts.loaded); len(missing) > 0 {
		o.Missing = "the system's loader does not find " + strings.Join(missing, ", ")
		o.Mend = mendLibraries(missing)
	}
	return o
}

// missingLibraries are those that a provider's files need and that neither
// lie where the files look nor are known to the system's loader.
func (s *surveyor) missingLibraries(dir string, files, loaded []string) (missing []string) {
	wanted := slices.Clone(loaded)
	for _, f := range files {
		names, beside, err := s.needs(filepath.Join(dir, f))
		if err != nil {
			return append(missing, f+" ("+oneText(err)+")")
		}
		for _, name := range names {
			if _, err := os.Stat(filepath.Join(dir, name)); beside && err == nil {
				continue
			}
			wanted = append(wanted, name)
		}
	}
	slices.Sort(wanted)
	for _, name := range slices.Compact(wanted) {
		if s.loadable(name) != nil {
			missing = append(missing, name)
		}
	}
	return missing
}

// mendLibraries says where the libraries that NVIDIA's providers need come
// from; a file's number is its package's.
func mendLibraries(missing []string) string {
	var from []string
	for _, name := range missing {
		base, number, _ := strings.Cut(name, ".so.")
		switch base {
		case "libcublas", "libcublasLt", "libcudart":
			from = append(from, "CUDA "+number)
		case "libcudnn":
			from = append(from, "cuDNN "+number)
		case "libnvinfer", "libnvonnxparser":
			from = append(from, "TensorRT "+number)
		case "libcuda":
			from = append(from, "NVIDIA's driver")
		case "libcurand", "libcufft": // parts of CUDA with numbers of their own
		default:
			from = append(from, name)
		}
	}
	if len(from) == 0 {
		from = []string{"CUDA"}
	}
	slices.Sort(from)
	return "install " + strings.Join(slices.Compact(from), ", ") + ", and let LD_LIBRARY_PATH name the folders of their libraries"
}

// elfNeeds reads what a library asks for from the file itself.
func elfNeeds(path string) (names []string, beside bool, err error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	if names, err = f.ImportedLibraries(); err != nil {
		return nil, false, err
	}
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		list, err := f.DynString(tag)
		if err != nil {
			return nil, false, err
		}
		for _, l := range list {
			beside = beside || slices.Contains(strings.Split(l, ":"), "$ORIGIN")
		}
	}
	return names, beside, nil
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func oneText(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
