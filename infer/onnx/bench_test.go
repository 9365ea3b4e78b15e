//go:build cgo && unix

package onnx

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/infertest"
)

// realModel is EfficientNet-Lite0 with its trained weights, as make setup
// builds it.
func realModel(tb testing.TB) string {
	return filepath.Join(flipmeterHome(tb), "models", "efficientnet-lite0.onnx")
}

// The session with nothing around it: the best that a program can reach here.
func BenchmarkBare(b *testing.B) {
	rt := load(b)
	cores := runtime.GOMAXPROCS(0)
	for _, c := range []struct{ parallel, threads int }{{1, cores}, {cores, 1}} {
		b.Run(fmt.Sprintf("runs=%d/threads=%d", c.parallel, c.threads), func(b *testing.B) {
			bare, err := rt.OpenBare(ModelConfig{Path: realModel(b)}, c.parallel, c.threads)
			if err != nil {
				b.Fatal(err)
			}
			defer bare.Close()
			b.ResetTimer()
			took, err := bare.Run(context.Background(), b.N)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/took.Seconds(), "frames/s")
		})
	}
}

// waitingCalls are how many calls there are beyond those that run at once.
var waitingCalls = []int{0, 1}

// The same network through Classify.
func BenchmarkClassify(b *testing.B) {
	rt := load(b)
	c, err := rt.Open(context.Background(), ModelConfig{Path: realModel(b)})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for _, waiting := range waitingCalls {
		b.Run(fmt.Sprintf("waiting=%d", waiting), func(b *testing.B) {
			benchmarkClassify(b, c, waiting)
		})
	}
}

func benchmarkClassify(b *testing.B, c infer.Classifier, waiting int) {
	b.ReportAllocs()
	calls := makeCalls(c, waiting)
	b.ResetTimer()
	calls.classify(b, b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
}

// calls are goroutines' worth of calls, made before the clock runs.
type calls struct {
	c      infer.Classifier
	frames []*frame.Frame
	outs   []infer.Prediction
}

func makeCalls(c infer.Classifier, waiting int) *calls {
	p := &calls{c: c}
	for i := range c.Parallel() + waiting {
		p.frames = append(p.frames, infertest.Frame(c.Model(), i))
		p.outs = append(p.outs, infer.Prediction{Probs: make([]float32, len(c.Model().Labels))})
	}
	return p
}

func (p *calls) classify(tb testing.TB, frames int) {
	var left atomic.Int64
	left.Store(int64(frames))
	var wg sync.WaitGroup
	for i := range p.frames {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := p.c.Classify(context.Background(), p.frames[i], 0, &p.outs[i]); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// Both in short rounds, one right after the other and each first in every
// second round, so that whatever else the machine does hits them alike;
// reports the medians of the rounds' ratios. Use -benchtime 40x or more.
func BenchmarkClassifyAgainstBare(b *testing.B) {
	rt := load(b)
	cores := runtime.GOMAXPROCS(0)
	c, err := rt.Open(context.Background(), ModelConfig{Path: realModel(b), Sessions: cores})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	bare, err := rt.OpenBare(ModelConfig{Path: realModel(b)}, cores, 1)
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	for _, waiting := range waitingCalls {
		b.Run(fmt.Sprintf("waiting=%d", waiting), func(b *testing.B) {
			benchmarkAgainstBare(b, bare, makeCalls(c, waiting))
		})
	}
}

func benchmarkAgainstBare(b *testing.B, bare *Bare, calls *calls) {
	const frames = 100 // a round
	alone := func() {
		if _, err := bare.Run(context.Background(), frames); err != nil {
			b.Fatal(err)
		}
	}
	scheduled := func() { calls.classify(b, frames) }
	var wall, cpu []float64
	for i := range b.N {
		first, second := alone, scheduled
		if i%2 == 1 {
			first, second = scheduled, alone
		}
		wall1, cpu1 := cost(b, first)
		wall2, cpu2 := cost(b, second)
		if i%2 == 1 {
			wall1, wall2, cpu1, cpu2 = wall2, wall1, cpu2, cpu1
		}
		wall, cpu = append(wall, wall1/wall2), append(cpu, cpu2/cpu1)
	}
	b.ReportMetric(median(wall), "of-bare-speed")
	b.ReportMetric(median(cpu), "of-bare-cpu")
}

func median(list []float64) float64 {
	slices.Sort(list)
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}

// cost is what f takes, in seconds of time and of processors.
func cost(tb testing.TB, f func()) (wall, cpu float64) {
	used := func() float64 {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			tb.Fatal(err)
		}
		return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
	}
	before, start := used(), time.Now()
	f()
	return time.Since(start).Seconds(), used() - before
}

func BenchmarkFill(b *testing.B) {
	const width, height = 299, 299
	pre := *plain(width, height)
	pre.Mean, pre.Scale = [3]float32{123.675, 116.28, 103.53}, [3]float32{58.395, 57.12, 57.375}
	pix := make([]byte, width*height*channels)
	for i := range pix {
		pix[i] = byte(i * 31)
	}
	dst := make([]float32, len(pix))
	for name, planes := range map[string]bool{"planes": true, "pixels": false} {
		fill := fillWithTables(dst, planes, pre, func(f float32) float32 { return f })
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(pix)))
			for b.Loop() {
				fill(pix)
			}
		})
	}
}
