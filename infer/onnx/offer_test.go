package onnx

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeSurveyor has the machine and, for every provider's file, the libraries
// that it needs; those of found are known to the loader.
func fakeSurveyor(m Machine, found ...string) *surveyor {
	return &surveyor{machine: m,
		loadable: func(name string) error {
			if slices.Contains(found, name) {
				return nil
			}
			return errors.New(name + ": cannot open shared object file")
		},
		needs: func(path string) ([]string, bool, error) {
			switch filepath.Base(path) {
			case "libonnxruntime_providers_openvino.so":
				return []string{"libopenvino.so.2541", "libc.so.6"}, true, nil
			case "libonnxruntime_providers_cuda.so":
				return []string{"libcublas.so.13", "libcublasLt.so.13", "libcurand.so.10", "libcuda.so.1", "libc.so.6"}, false, nil
			case "libonnxruntime_providers_tensorrt.so":
				return []string{"libnvinfer.so.10", "libc.so.6"}, false, nil
			}
			return nil, true, nil
		},
	}
}

const shared = "libonnxruntime_providers_shared.so"

func TestOfferNamesTheMissingPiece(t *testing.T) {
	gpu := Machine{Processor: "P", GPUs: []string{"NVIDIA L4"}}
	openvino := []string{"libonnxruntime_providers_openvino.so", shared, "libopenvino_intel_cpu_plugin.so", "libopenvino.so.2541"}
	cuda := []string{"libonnxruntime_providers_cuda.so", shared}
	for name, c := range map[string]struct {
		machine       Machine
		files         []string
		found         []string
		a             Accelerator
		missing, mend string
		precisions    []string
	}{
		"cpu":                       {a: CPU},
		"openvino, another library": {a: OpenVINO, missing: "libonnxruntime_providers_openvino.so is not in ", mend: "make ort ACCEL=openvino", precisions: []string{"fp32"}},
		"openvino, no plugin":       {a: OpenVINO, files: openvino[:2], found: []string{"libc.so.6"}, missing: "libopenvino_intel_cpu_plugin.so is not in ", mend: "make ort ACCEL=openvino", precisions: []string{"fp32"}},
		"openvino, no core":         {a: OpenVINO, files: openvino[:3], found: []string{"libc.so.6"}, missing: "does not find libopenvino.so.2541", mend: "install libopenvino", precisions: []string{"fp32"}},
		"openvino":                  {a: OpenVINO, machine: Machine{Floats: []string{"bf16"}}, files: openvino, found: []string{"libc.so.6"}, precisions: []string{"fp32", "bf16"}},
		"cuda, no device":           {a: CUDA, files: cuda, missing: "no NVIDIA GPU", mend: "nvidia-smi", precisions: []string{"fp32"}},
		"cuda, another library":     {a: CUDA, machine: gpu, missing: "libonnxruntime_providers_cuda.so is not in ", mend: "make ort ACCEL=cuda", precisions: []string{"fp32"}},
		"cuda, no CUDA": {a: CUDA, machine: gpu, files: cuda, found: []string{"libc.so.6"}, precisions: []string{"fp32"},
			missing: "does not find libcublas.so.13, libcublasLt.so.13, libcuda.so.1, libcudnn.so.9, libcurand.so.10",
			mend:    "install CUDA 13, NVIDIA's driver, cuDNN 9, and let LD_LIBRARY_PATH"},
		"cuda, no cuDNN":        {a: CUDA, machine: gpu, files: cuda, found: []string{"libc.so.6", "libcublas.so.13", "libcublasLt.so.13", "libcuda.so.1", "libcurand.so.10"}, missing: "does not find libcudnn.so.9", mend: "install cuDNN 9, and", precisions: []string{"fp32"}},
		"cuda, no random":       {a: CUDA, machine: gpu, files: cuda, found: []string{"libc.so.6", "libcublas.so.13", "libcublasLt.so.13", "libcuda.so.1", "libcudnn.so.9"}, missing: "does not find libcurand.so.10", mend: "install CUDA, and", precisions: []string{"fp32"}},
		"cuda":                  {a: CUDA, machine: gpu, files: cuda, found: []string{"libc.so.6", "libcublas.so.13", "libcublasLt.so.13", "libcuda.so.1", "libcurand.so.10", "libcudnn.so.9"}, precisions: []string{"fp32"}},
		"tensorrt, no cuda":     {a: TensorRT, machine: gpu, files: []string{"libonnxruntime_providers_tensorrt.so", shared}, missing: "libonnxruntime_providers_cuda.so is not in ", mend: "make ort ACCEL=cuda", precisions: []string{"fp32", "fp16", "bf16"}},
		"tensorrt, no TensorRT": {a: TensorRT, machine: gpu, files: append([]string{"libonnxruntime_providers_tensorrt.so"}, cuda...), found: []string{"libc.so.6", "libcublas.so.13", "libcublasLt.so.13", "libcuda.so.1", "libcurand.so.10", "libcudnn.so.9"}, missing: "does not find libnvinfer.so.10", mend: "install TensorRT 10", precisions: []string{"fp32", "fp16", "bf16"}},
	} {
		dir := touch(t, t.TempDir(), append([]string{"libonnxruntime.so"}, c.files...)...)
		o := fakeSurveyor(c.machine, c.found...).offer(c.a, filepath.Join(dir, "libonnxruntime.so"))
		if (o.Missing == "") != (c.missing == "") || !strings.Contains(o.Missing, c.missing) || !strings.Contains(o.Mend, c.mend) {
			t.Errorf("%s: missing %q, mend %q", name, o.Missing, o.Mend)
		}
		if !slices.Equal(o.Precisions, c.precisions) || o.Accelerator != c.a {
			t.Errorf("%s: %s, precisions %q", name, o.Accelerator, o.Precisions)
		}
	}
}

// The library that set-up fetched, read as it is.
func TestELFNeeds(t *testing.T) {
	if _, _, err := elfNeeds(filepath.Join(t.TempDir(), "nowhere.so")); err == nil {
		t.Error("no file: no error")
	}
	if _, _, err := elfNeeds("offer_test.go"); err == nil {
		t.Error("no library: no error")
	}
}

func TestChoose(t *testing.T) {
	missing := func(a Accelerator, why string) Offer { return Offer{Accelerator: a, Missing: why} }
	had := func(a Accelerator, precisions ...string) Offer {
		return Offer{Accelerator: a, Device: "D", Precisions: precisions}
	}
	cpu := had(CPU)
	gpus := Machine{GPUs: []string{"G"}}
	for name, c := range map[string]struct {
		machine   Machine
		offers    []Offer
		precision string
		want      Accelerator
		why       []string
	}{
		"nothing but cpu":           {offers: []Offer{cpu}, want: CPU, why: []string{"cuda: no NVIDIA GPU"}},
		"a GPU, no library":         {machine: gpus, offers: []Offer{cpu}, want: CPU, why: []string{"cuda: not installed (make ort ACCEL=cuda)"}},
		"a GPU, a piece missing":    {machine: gpus, offers: []Offer{cpu, missing(CUDA, "no cuDNN")}, want: CPU, why: []string{"cuda: no cuDNN"}},
		"two libraries":             {machine: gpus, offers: []Offer{missing(CUDA, "no cuDNN"), {Accelerator: CUDA, Missing: "x is not in y", absent: true}, cpu}, want: CPU, why: []string{"cuda: no cuDNN"}},
		"cuda":                      {machine: gpus, offers: []Offer{cpu, had(TensorRT, "fp32", "fp16"), had(CUDA, "fp32")}, want: CUDA},
		"cuda in the second":        {machine: gpus, offers: []Offer{cpu, missing(CUDA, "x"), had(CUDA, "fp32")}, want: CUDA},
		"fp32 said":                 {machine: gpus, offers: []Offer{cpu, had(CUDA, "fp32")}, precision: "fp32", want: CUDA},
		"openvino is not for fp32":  {offers: []Offer{cpu, had(OpenVINO, "fp32", "bf16")}, want: CPU},
		"never less unasked":        {offers: []Offer{cpu, had(OpenVINO, "bf16"), had(TensorRT, "fp16")}, want: CPU},
		"bf16":                      {offers: []Offer{cpu, had(OpenVINO, "fp32", "bf16")}, precision: "bf16", want: OpenVINO, why: []string{"tensorrt: no NVIDIA GPU"}},
		"bf16 on a GPU":             {machine: gpus, offers: []Offer{cpu, had(OpenVINO, "fp32", "bf16"), had(TensorRT, "fp32", "bf16")}, precision: "bf16", want: TensorRT},
		"bf16 that can't be had":    {offers: []Offer{cpu, had(OpenVINO, "fp32")}, precision: "bf16", want: CPU, why: []string{"openvino: D does not compute in bf16"}},
		"bf16, nothing installed":   {offers: []Offer{cpu}, precision: "bf16", want: CPU, why: []string{"openvino: not installed (make ort ACCEL=openvino)"}},
		"a precision of no network": {machine: gpus, offers: []Offer{cpu, had(TensorRT, "fp32")}, precision: "fp7", want: CPU, why: []string{`tensorrt: it has no precision "fp7" (fp32)`}},
	} {
		got := fakeSurveyor(c.machine).choose(c.offers, c.precision)
		if got.offer.Accelerator != c.want {
			t.Errorf("%s: %s (%s), want %s", name, got.offer.Accelerator, got.why, c.want)
		}
		if len(c.why) == 0 && c.want != CPU && got.why != "" {
			t.Errorf("%s: why %q", name, got.why)
		}
		for _, w := range c.why {
			if !strings.Contains(got.why, w) || !strings.Contains(got.text(), w) {
				t.Errorf("%s: why %q, want %q", name, got.why, w)
			}
		}
	}
}

// The library that has the accelerator is loaded, wherever it lies.
func TestOrderPutsTheWantedLibraryFirst(t *testing.T) {
	home := t.TempDir()
	plain := filepath.Join(touch(t, filepath.Join(home, "lib"), "libonnxruntime.so"), "libonnxruntime.so")
	cuda := filepath.Join(touch(t, filepath.Join(home, "lib", "cuda"), "libonnxruntime.so", "libonnxruntime_providers_cuda.so", shared), "libonnxruntime.so")
	openvino := filepath.Join(touch(t, filepath.Join(home, "lib", "openvino"), "libonnxruntime.so", "libonnxruntime_providers_openvino.so", shared, "libopenvino_intel_cpu_plugin.so", "libopenvino.so.2541"), "libonnxruntime.so")
	all := []string{"libc.so.6", "libcublas.so.13", "libcublasLt.so.13", "libcuda.so.1", "libcurand.so.10", "libcudnn.so.9"}
	bf16 := Machine{Floats: []string{"bf16"}}
	for name, c := range map[string]struct {
		machine   Machine
		a         Accelerator
		precision string
		beside    []Accelerator
		want      string
	}{
		"cpu beside openvino": {a: CPU, beside: []Accelerator{CPU, OpenVINO}, want: openvino},
		"auto beside it":      {a: Auto, beside: []Accelerator{Auto, OpenVINO}, want: openvino},
		"cpu beside cpu":      {a: CPU, beside: []Accelerator{CPU, Auto}, want: plain},
		"two in no library":   {a: OpenVINO, machine: Machine{GPUs: []string{"G"}}, beside: []Accelerator{CUDA}, want: openvino},
		"auto":                {want: plain},
		"auto by name":        {a: Auto, machine: bf16, want: plain},
		"auto, bf16":          {a: Auto, machine: bf16, precision: "bf16", want: openvino},
		"auto, bf16, not had": {a: Auto, precision: "bf16", want: plain},
		"auto, a GPU":         {machine: Machine{GPUs: []string{"G"}}, want: cuda},
		"cpu":                 {a: CPU, machine: Machine{GPUs: []string{"G"}}, want: plain},
		"openvino":            {a: OpenVINO, want: openvino},
		"cuda":                {a: CUDA, machine: Machine{GPUs: []string{"G"}}, want: cuda},
		"cuda, no GPU":        {a: CUDA, want: cuda},
	} {
		paths, err := candidates(Config{Home: home, Accelerator: c.a}, func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		got, offers := fakeSurveyor(c.machine, all...).order(paths, Config{Accelerator: c.a, Precision: c.precision, Beside: c.beside})
		if got[0] != c.want || len(got) != len(paths) {
			t.Errorf("%s: %q, want %s first", name, got, c.want)
		}
		if len(offers) != 3*len(accelerators) {
			t.Errorf("%s: %d offers", name, len(offers))
		}
	}
}
