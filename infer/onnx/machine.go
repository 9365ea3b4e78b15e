package onnx

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/cpu"
)

// Machine is what a network can run on here, as far as the operating system
// tells without loading anybody's library.
type Machine struct {
	Processor string   // "Intel(R) Xeon(R) …", empty where unknown
	Floats    []string // float types below fp32 that the processor computes in: bf16, fp16
	GPUs      []string // NVIDIA's, by name
	Driver    string   // NVIDIA's version, "570.86.15"
}

// ThisMachine looks at the machine that the program runs on.
func ThisMachine() Machine { return readMachine(os.DirFS("/"), cpu.X86.HasAVXVNNIInt8) }

// readMachine looks at the file system that begins at the machine's root.
// newAVX2 is set where the processor has the AVX2 instructions for bytes and
// half floats, which came together and which Linux does not list.
func readMachine(root fs.FS, newAVX2 bool) Machine {
	var m Machine
	flags := m.readProcessor(root)
	// What OpenVINO 2025.4 asks of a processor before it computes in these
	// types. On others it takes fp32 in silence, whatever it was asked for.
	has := func(all ...string) bool {
		return !slices.ContainsFunc(all, func(f string) bool { return !flags[f] })
	}
	if newAVX2 || has("avx512f", "avx512bw", "avx512vl", "avx512dq") {
		m.Floats = append(m.Floats, "bf16")
	}
	if newAVX2 || has("avx512_fp16") {
		m.Floats = append(m.Floats, "fp16")
	}
	m.readNVIDIA(root)
	return m
}

// readProcessor returns the processor's flags, as Linux names them.
func (m *Machine) readProcessor(root fs.FS) map[string]bool {
	flags := make(map[string]bool)
	text, err := fs.ReadFile(root, "proc/cpuinfo")
	if err != nil {
		return flags
	}
	for line := range bytes.Lines(text) {
		key, value, ok := strings.Cut(string(line), ":")
		if !ok {
			continue
		}
		switch strings.TrimSpace(key) {
		case "model name":
			m.Processor = strings.TrimSpace(value)
		case "flags":
			for _, f := range strings.Fields(value) {
				flags[f] = true
			}
			return flags // one processor stands for all
		}
	}
	return flags
}

// readNVIDIA asks the driver's own files; where it runs in another system's
// kernel (WSL) there is only a device.
func (m *Machine) readNVIDIA(root fs.FS) {
	if text, err := fs.ReadFile(root, "proc/driver/nvidia/version"); err == nil {
		m.Driver = driverVersion(text)
	}
	files, _ := fs.Glob(root, "proc/driver/nvidia/gpus/*/information")
	for _, name := range files {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			continue
		}
		gpu := path.Base(path.Dir(name))
		for line := range bytes.Lines(text) {
			if value, ok := strings.CutPrefix(string(line), "Model:"); ok {
				gpu = strings.TrimSpace(value)
			}
		}
		m.GPUs = append(m.GPUs, gpu)
	}
	if len(m.GPUs) > 0 {
		return
	}
	for _, device := range []string{"dev/nvidia0", "dev/dxg"} {
		if _, err := fs.Stat(root, device); err == nil {
			m.GPUs = append(m.GPUs, "/"+device)
			return
		}
	}
}

// driverVersion finds the number in NVIDIA's line "NVRM version: NVIDIA UNIX
// x86_64 Kernel Module  570.86.15  Wed …".
func driverVersion(text []byte) string {
	s := bufio.NewScanner(bytes.NewReader(text))
	for s.Scan() {
		if !strings.HasPrefix(s.Text(), "NVRM version:") {
			continue
		}
		for _, word := range strings.Fields(s.Text()) {
			if word[0] >= '0' && word[0] <= '9' && strings.Contains(word, ".") {
				return word
			}
		}
	}
	return ""
}
