//go:build cgo

package onnx

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/infertest"
	"github.com/flipmeter/flipmeter/infer/onnx/onnxtest"
)

// loadOpenVINO loads the library that make setup puts into a folder of its
// own. OpenVINO's processor plugin runs on any x86_64.
func loadOpenVINO(tb testing.TB) *Runtime {
	tb.Helper()
	rt, err := Load(Config{Home: flipmeterHome(tb), Accelerator: OpenVINO})
	if err != nil {
		tb.Fatalf("%v (run make setup)", err)
	}
	for _, o := range rt.Offers() {
		if o.Accelerator == OpenVINO && o.Missing != "" {
			tb.Fatalf("%s: %s: run make setup", o.Library, o.Missing)
		}
	}
	tb.Cleanup(func() {
		if err := rt.Close(); err != nil {
			tb.Error(err)
		}
	})
	return rt
}

func TestOpenVINOClassifierSuite(t *testing.T) {
	rt := loadOpenVINO(t)
	for name, m := range map[string]onnxtest.Model{
		"bytes":        {Elem: onnxtest.Uint8, Height: 4, Width: 6, Weights: onnxtest.Spread(5, 0.05)},
		"floats":       {Planes: true, Height: 16, Width: 16, Weights: onnxtest.Spread(7, 0.05)},
		"a batch of 2": {Planes: true, Batch: 2, Height: 16, Width: 16, Weights: onnxtest.Spread(7, 0.05)},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, m)
			infertest.TestClassifier(t, func(t *testing.T) infer.Classifier {
				c, err := rt.Open(context.Background(), ModelConfig{Path: path, Accelerator: OpenVINO, Sessions: 3, Labels: classNames(len(m.Weights)), Preprocessing: plain(m.Width, m.Height)})
				if err != nil {
					t.Fatal(err)
				}
				if i := c.Model(); i.Provider != "openvino" || i.Precision != "fp32" {
					t.Errorf("identity %+v", i)
				}
				return c
			})
		})
	}
}

// The trained network gives the same probabilities in fp32 on both providers,
// to rounding. (docs/accelerators.md has the figures for footage.)
func TestOpenVINOAgreesWithTheCPU(t *testing.T) {
	const frames = 6
	classify := func(rt *Runtime, a Accelerator) (got [frames]infer.Prediction) {
		c, err := rt.Open(context.Background(), ModelConfig{Path: realModel(t), Accelerator: a, Sessions: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var wg sync.WaitGroup
		for i := range frames {
			wg.Go(func() {
				if err := c.Classify(context.Background(), infertest.Frame(c.Model(), i), 0, &got[i]); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		return got
	}
	rt := loadOpenVINO(t)
	// The same library has both providers.
	want, got := classify(rt, CPU), classify(rt, OpenVINO)
	for i := range want {
		for k := range want[i].Probs {
			if d := math.Abs(float64(want[i].Probs[k] - got[i].Probs[k])); d > 1e-4 {
				t.Fatalf("frame %d, class %d: %g on the CPU provider, %g with OpenVINO", i, k, want[i].Probs[k], got[i].Probs[k])
			}
		}
	}
}

// OpenVINO computes in fp32 where the processor knows nothing faster, and
// says nothing: the results would carry the wrong name.
func TestOpenVINORefusesPrecisionsThatTheProcessorLacks(t *testing.T) {
	rt := loadOpenVINO(t)
	for _, precision := range []string{"bf16", "fp16"} {
		for _, a := range []Accelerator{OpenVINO, Auto} {
			c, err := rt.Open(context.Background(), ModelConfig{Path: realModel(t), Accelerator: a, Precision: precision, Sessions: 1})
			if slices.Contains(ThisMachine().Floats, precision) {
				if err != nil {
					t.Error(err)
				} else if i := c.Model(); i.Precision != precision || i.Provider != "openvino" {
					t.Errorf("%s, %s: identity %+v", a, precision, i)
				}
			} else if err == nil || !strings.Contains(err.Error(), "does not compute in "+precision) {
				t.Errorf("%s, %s: %v", a, precision, err)
			}
			if c != nil {
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// signalStack is the alternate signal stack of the calling thread.
func signalStack(t *testing.T) (address, size uintptr) {
	t.Helper()
	var stack struct { // stack_t
		address uintptr
		flags   int32
		size    uintptr
	}
	if _, _, errno := syscall.Syscall(syscall.SYS_SIGALTSTACK, 0, uintptr(unsafe.Pointer(&stack)), 0); errno != 0 {
		t.Fatal(errno)
	}
	return stack.address, stack.size
}

// OpenVINO replaces the signal stack of the thread that opens the first
// session and frees it with the last one: Go's must be back in between.
func TestOpenVINOLeavesGoItsSignalStack(t *testing.T) {
	rt := loadOpenVINO(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, size := signalStack(t)
	if before == 0 || size < 16<<10 {
		t.Fatalf("Go's signal stack is %#x, %d bytes", before, size)
	}
	c, err := rt.Open(context.Background(), ModelConfig{Path: write(t, described(t, nil)), Accelerator: OpenVINO, Sessions: 1})
	if err != nil {
		t.Fatal(err)
	}
	if after, _ := signalStack(t); after != before {
		t.Errorf("signal stack %#x, before %#x", after, before)
	}
	closed := make(chan error)
	go func() { closed <- c.Close() }() // on another thread
	if err := <-closed; err != nil {
		t.Error(err)
	}
	for range 100 { // a stack that is gone ends the process here
		if err := syscall.Tgkill(syscall.Getpid(), syscall.Gettid(), syscall.SIGURG); err != nil {
			t.Fatal(err)
		}
	}
}

// Its libraries stay in memory when the last user is gone, with whatever
// threads they have, and can be used again.
func TestOpenVINOAgainAfterTheLastClose(t *testing.T) {
	path := write(t, described(t, nil))
	for round := range 10 {
		rt, err := Load(Config{Home: flipmeterHome(t), Accelerator: OpenVINO})
		if err != nil {
			t.Fatal(err)
		}
		c, err := rt.Open(context.Background(), ModelConfig{Path: path, Accelerator: OpenVINO, Sessions: 2})
		if err != nil {
			t.Fatal(err)
		}
		if err := rt.Close(); err != nil { // classifiers outlive it
			t.Error(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				var out infer.Prediction
				if err := c.Classify(context.Background(), picture(6, 4, 1, 2, 3), 0, &out); err != nil && !errors.Is(err, infer.ErrClosed) {
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		if round%2 == 0 {
			wg.Wait()
		}
		if err := c.Close(); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		wg.Wait()
	}
}
