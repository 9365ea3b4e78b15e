//go:build cgo && unix

package onnx

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	ort "github.com/yalue/onnxruntime_go"
)

// Bare is a network in ONNX Runtime without anything of flipmeter around it:
// what benchmarks compare with. It is run on one input over and over.
type Bare struct {
	network *network
	tensors []*tensor
	runs    []*ort.IoBinding
}

// OpenBare loads a model for parallel runs side by side, each on threads
// threads, with the accelerator and precision of cfg, where none is named on
// the CPU. The input is all zeros, which costs a network as much as any other.
func (rt *Runtime) OpenBare(cfg ModelConfig, parallel, threads int) (_ *Bare, err error) {
	cfg.Sessions, cfg.Threads = parallel, threads
	if cfg.Accelerator == "" {
		cfg.Accelerator = CPU
	}
	src, err := readSource(cfg)
	if err != nil {
		return nil, err
	}
	n, err := rt.openNetwork(src, cfg)
	if err != nil {
		return nil, fmt.Errorf("open model %s: %w", cfg.Path, err)
	}
	b := &Bare{network: n}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open model %s: %w", cfg.Path, err), b.Close())
		}
	}()
	for range parallel {
		if err = b.bind(); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// bind adds one run's tensors.
func (b *Bare) bind() error {
	p := b.network.plan
	in, err := newTensor(p.inElem, p.inputShape())
	if err != nil {
		return err
	}
	b.tensors = append(b.tensors, in)
	out, err := newTensor(p.outElem, p.outputShape())
	if err != nil {
		return err
	}
	b.tensors = append(b.tensors, out)
	binding, err := b.network.session.CreateIoBinding()
	if err != nil {
		return oneLine(err)
	}
	b.runs = append(b.runs, binding)
	if err := binding.BindInput(p.input, in.value); err != nil {
		return oneLine(err)
	}
	if err := binding.BindOutput(p.output, out.value); err != nil {
		return oneLine(err)
	}
	return nil
}

// Run runs the network on so many frames, all runs side by side, and returns
// how long it took. It ends early, with the cause, when ctx is done.
func (b *Bare) Run(ctx context.Context, frames int) (time.Duration, error) {
	var left atomic.Int64
	left.Store(int64(frames))
	errs := make([]error, len(b.runs))
	start := time.Now()
	var wg sync.WaitGroup
	for i, binding := range b.runs {
		wg.Go(func() {
			for left.Add(-1) >= 0 && errs[i] == nil {
				if ctx.Err() != nil {
					errs[i] = context.Cause(ctx)
					return
				}
				if err := b.network.session.RunWithBinding(binding); err != nil {
					errs[i] = fmt.Errorf("run the network: %w", oneLine(err))
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start), errors.Join(errs...)
}

// Close frees everything. It may not be called while Run runs.
func (b *Bare) Close() error {
	if b.network == nil {
		return nil
	}
	var errs []error
	for _, r := range b.runs {
		errs = append(errs, r.Destroy())
	}
	for _, t := range b.tensors {
		errs = append(errs, t.close())
	}
	errs = append(errs, b.network.close())
	b.network = nil
	return errors.Join(errs...)
}
