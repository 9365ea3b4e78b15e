//go:build cgo && unix

package onnx

import (
	"context"
	"errors"
	"fmt"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/flipmeter/flipmeter/infer"
)

// Open reads a model file and makes a classifier of it that runs
// cfg.Sessions frames at once. One frame is run to see that it works. The
// error says in one line what is wrong and what to do.
//
// ctx is looked at between steps: loading a large model can't be interrupted.
func (rt *Runtime) Open(ctx context.Context, cfg ModelConfig) (infer.Classifier, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("open model %s: %w", cfg.Path, err)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	src, err := readSource(cfg)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	n, err := rt.openNetwork(src, cfg)
	if err != nil {
		return nil, fmt.Errorf("open model %s: %w", cfg.Path, err)
	}
	c, err := n.classifier(src, cfg)
	if err != nil {
		return nil, fmt.Errorf("open model %s: %w", cfg.Path, errors.Join(err, n.close()))
	}
	if ctx.Err() != nil {
		return nil, errors.Join(context.Cause(ctx), c.Close())
	}
	return c, nil
}

// network is a model in ONNX Runtime, shared by all that run it: a session
// may run many times at once, only its inputs and outputs may not.
type network struct {
	session *ort.DynamicAdvancedSession
	plan    plan
	runs    int  // at once
	rotate  bool // see infer.RotateBackground
}

// openNetwork loads the model with the provider that is asked for. What Auto
// took and can't be had after all is passed over, and said.
func (rt *Runtime) openNetwork(src *source, cfg ModelConfig) (_ *network, err error) {
	if err := rt.retain(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, env.release())
		}
	}()
	failed := make(map[Accelerator]string)
	for {
		p, err := rt.chooseProvider(cfg, src.file.weights.precision(), src.plan, failed)
		if err != nil {
			return nil, err
		}
		n, err := rt.openWith(src, cfg, &p)
		switch {
		case err == nil:
			src.bytes = nil
			return n, nil
		case cfg.Accelerator != "" && cfg.Accelerator != Auto || p.accelerator == CPU:
			return nil, err
		}
		rt.log.Warn("an accelerator that should be there can't be used", "accelerator", p.accelerator, "error", err)
		failed[p.accelerator] = err.Error()
	}
}

// openWith loads the model with a provider and runs it once.
func (rt *Runtime) openWith(src *source, cfg ModelConfig, p *provider) (*network, error) {
	src.info.Provider, src.info.Precision = string(p.accelerator), p.precision
	src.info.ProviderWhy = choice{Offer{Accelerator: p.accelerator, Device: p.device}, p.why}.text()
	src.info.Runtime = "onnxruntime " + rt.version
	opts, err := ort.NewSessionOptions()
	if err != nil {
		return nil, oneLine(err)
	}
	defer opts.Destroy()
	n := &network{plan: src.plan, runs: p.runs}
	if n.plan.dynamicBatch && batches(p.accelerator) {
		n.plan.batch = cfg.Batch.size()
	}
	load := func() error {
		if err := p.configure(opts, rt); err != nil {
			return err
		}
		if n.session, err = newSession(src, opts); err != nil {
			return err
		}
		return n.measureOutput() // the first run loads more of a provider's libraries
	}
	if p.accelerator == CPU {
		err = load()
	} else {
		err = keepSignals(load)
	}
	if err != nil && n.session != nil {
		err = errors.Join(err, n.session.Destroy())
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

// newSession loads the bytes that were checked; with weights in other files
// ONNX Runtime has to find them by the model's path.
func newSession(src *source, opts *ort.SessionOptions) (s *ort.DynamicAdvancedSession, err error) {
	in, out := []string{src.plan.input}, []string{src.plan.output}
	if len(src.file.external) > 0 {
		s, err = ort.NewDynamicAdvancedSession(src.path, in, out, opts)
	} else {
		s, err = ort.NewDynamicAdvancedSessionWithONNXData(src.bytes, in, out, opts)
	}
	if err != nil {
		return nil, fmt.Errorf("ONNX Runtime can't load it: %w", oneLine(err))
	}
	return s, nil
}

// classifier makes the runners and the scheduler over them: batches where
// the network runs several pictures at once, else a frame a run.
func (n *network) classifier(src *source, cfg ModelConfig) (c infer.Classifier, err error) {
	src.plan = n.plan
	if n.rotate, err = src.label(); err != nil {
		return nil, err
	}
	var runners []*runner
	defer func() {
		if err != nil {
			for _, r := range runners {
				err = errors.Join(err, r.Close())
			}
		}
	}()
	for range n.runs {
		r, err := newRunner(n, src.info.Preprocessing)
		if err != nil {
			return nil, err
		}
		runners = append(runners, r)
	}
	if n.plan.batch > 1 {
		return infer.NewBatcher(src.info, as[infer.BatchRunner](runners), cfg.Batch.delay(), n.close)
	}
	return infer.NewScheduler(src.info, as[infer.Runner](runners), n.close)
}

// as is the runners as their users know them.
func as[T any](runners []*runner) []T {
	list := make([]T, len(runners))
	for i, r := range runners {
		list[i] = any(r).(T)
	}
	return list
}

// measureOutput runs the network once on zeros: its real number of classes is
// known then, and whatever can't run fails here and not at the first frame.
func (n *network) measureOutput() (err error) {
	in, err := newTensor(n.plan.inElem, n.plan.inputShape())
	if err != nil {
		return err
	}
	defer in.close()
	out := []ort.Value{nil} // made by ONNX Runtime where the file does not state its shape
	switch {
	case n.plan.classes > 0:
		t, err := newTensor(n.plan.outElem, n.plan.outputShape())
		if err != nil {
			return err
		}
		defer t.close()
		out[0] = t.value
	case n.plan.outElem == elemFloat16:
		return fmt.Errorf("output %q does not state the number of classes, which float16 outputs must: export the model with a fixed number", n.plan.output)
	default:
		defer func() {
			if out[0] != nil {
				err = errors.Join(err, out[0].Destroy())
			}
		}()
	}
	if err := n.session.Run([]ort.Value{in.value}, out); err != nil {
		return fmt.Errorf("it can't be run on a picture of %d×%d: %w", n.plan.width, n.plan.height, oneLine(err))
	}
	shape := out[0].GetShape()
	if !isRow(shape) || shape[0] != int64(n.plan.batch) || shape[1] < 1 {
		return fmt.Errorf("it is not an image classifier: output %q has the shape %v for a batch of %d, an image classifier emits (batch, classes)", n.plan.output, shape, n.plan.batch)
	}
	n.plan.classes, n.plan.tail = int(shape[1]), len(shape)-2
	return nil
}

// close ends the session and, if it was the last user, ONNX Runtime.
func (n *network) close() error {
	err := n.session.Destroy()
	return errors.Join(err, env.release())
}
