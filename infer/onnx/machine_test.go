package onnx

import (
	"reflect"
	"testing"
	"testing/fstest"
)

func cpuinfo(flags string) string {
	one := "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Some Processor @ 2 GHz\nflags\t\t: fpu sse2 " + flags + "\nbugs\t\t: none\n\n"
	return one + one
}

const nvidiaVersion = `NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (builder@host)  Thu Jan 1 00:00:00 UTC 2025
GCC version:  gcc version 12.2.0
`

func TestReadMachine(t *testing.T) {
	const processor = "Some Processor @ 2 GHz"
	const avx512 = "avx512f avx512dq avx512bw avx512vl"
	for name, c := range map[string]struct {
		files   map[string]string
		newAVX2 bool
		want    Machine
	}{
		"nothing is known":  {want: Machine{}},
		"an old processor":  {files: map[string]string{"proc/cpuinfo": cpuinfo("avx2")}, want: Machine{Processor: processor}},
		"half of AVX-512":   {files: map[string]string{"proc/cpuinfo": cpuinfo("avx512f avx512dq")}, want: Machine{Processor: processor}},
		"AVX-512":           {files: map[string]string{"proc/cpuinfo": cpuinfo(avx512)}, want: Machine{Processor: processor, Floats: []string{"bf16"}}},
		"AVX-512 with fp16": {files: map[string]string{"proc/cpuinfo": cpuinfo(avx512 + " avx512_fp16")}, want: Machine{Processor: processor, Floats: []string{"bf16", "fp16"}}},
		"newer AVX2":        {files: map[string]string{"proc/cpuinfo": cpuinfo("avx2")}, newAVX2: true, want: Machine{Processor: processor, Floats: []string{"bf16", "fp16"}}},
		"ARM":               {files: map[string]string{"proc/cpuinfo": "processor\t: 0\nFeatures\t: fp asimd\n"}, want: Machine{}},
		"NVIDIA": {files: map[string]string{
			"proc/driver/nvidia/version":                       nvidiaVersion,
			"proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t NVIDIA L4\nIRQ:   \t\t 1\n",
			"proc/driver/nvidia/gpus/0000:02:00.0/information": "IRQ:   \t\t 1\n",
			"dev/nvidia0": "",
		}, want: Machine{Driver: "570.86.15", GPUs: []string{"NVIDIA L4", "0000:02:00.0"}}},
		"NVIDIA in a container": {files: map[string]string{"dev/nvidia0": ""}, want: Machine{GPUs: []string{"/dev/nvidia0"}}},
		"NVIDIA in WSL":         {files: map[string]string{"dev/dxg": ""}, want: Machine{GPUs: []string{"/dev/dxg"}}},
	} {
		root := fstest.MapFS{}
		for path, text := range c.files {
			root[path] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := readMachine(root, c.newAVX2); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
