//go:build cgo && gocv_specific_modules && !race

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/onnx/onnxtest"
)

// memoryBound is how much more memory a clip of ten times the length may
// take.
const memoryBoundKB = 50 << 10

// TestMemoryDoesNotGrowWithLength analyses made-up footage of 2,000 and of
// 20,000 frames, full of flips, cuts and changes, with every output on, each
// in a process of its own, and compares their largest resident sets. It is
// left out under the race detector, whose own memory grows.
func TestMemoryDoesNotGrowWithLength(t *testing.T) {
	model := filepath.Join(t.TempDir(), "tiny.onnx")
	writeTinyModel(t, model)
	short, long := peakKB(t, model, 2000), peakKB(t, model, 20000)
	t.Logf("peak resident set: %d kB for 2,000 frames, %d kB for 20,000", short, long)
	if long-short > memoryBoundKB {
		t.Errorf("20,000 frames take %d kB more than 2,000, want at most %d", long-short, memoryBoundKB)
	}
}

// writeTinyModel writes a classifier that tells brightnesses apart, so that
// cuts and noise make it flip.
func writeTinyModel(t *testing.T, path string) {
	t.Helper()
	labels := []string{"night", "dusk", "day", "noon"}
	meta, err := infer.EncodeMetadata(&infer.ModelInfo{
		Name: "tiny", Labels: labels, Output: infer.OutputLogits,
		Preprocessing: infer.Preprocessing{
			Width: 16, Height: 16, Fit: frame.FitCrop, Filter: frame.FilterArea,
			Order: "RGB", Scale: [3]float32{1, 1, 1},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	m := onnxtest.Model{Width: 16, Height: 16, Weights: onnxtest.Spread(len(labels), 0.05), Metadata: meta}
	if err := os.WriteFile(path, m.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

// peakKB analyses footage of n frames in a process of its own and returns the
// process's largest resident set.
func peakKB(t *testing.T, model string, n int) int64 {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "analyze", "--quiet", "--out", t.TempDir(), "--model", model,
		fmt.Sprintf("synth:square?frames=%d&size=256x192&noise=3&cut=7&repeat=31&gap=997", n))
	cmd.Env = append(os.Environ(), "FLIPMETER_TEST_MAIN=1")
	if h := os.Getenv("FLIPMETER_HOME"); h == "" {
		home, err := filepath.Abs("../../.flipmeter")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, "FLIPMETER_HOME="+home)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
}
