//go:build cgo && unix

package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
)

// runner runs a network with tensors of its own, bound once, so that a run
// allocates nothing. One goroutine at a time has it. It is an [infer.Runner]
// and an [infer.BatchRunner].
type runner struct {
	network *network
	in, out *tensor
	binding *ort.IoBinding
	fills   []func(pix []byte) // of each row of the input
	rows    [][]float32        // of scores
}

func newRunner(n *network, pre infer.Preprocessing) (_ *runner, err error) {
	r := &runner{network: n}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if r.in, err = newTensor(n.plan.inElem, n.plan.inputShape()); err != nil {
		return nil, err
	}
	if r.out, err = newTensor(n.plan.outElem, n.plan.outputShape()); err != nil {
		return nil, err
	}
	scores := r.out.float32s
	if scores == nil {
		scores = make([]float32, n.plan.batch*n.plan.classes)
	}
	for i := range n.plan.batch {
		r.fills = append(r.fills, filler(r.in, i, n.plan, pre))
		from, to := i*n.plan.classes, (i+1)*n.plan.classes
		r.rows = append(r.rows, scores[from:to:to])
	}
	if r.binding, err = n.session.CreateIoBinding(); err != nil {
		return nil, oneLine(err)
	}
	if err = r.binding.BindInput(n.plan.input, r.in.value); err != nil {
		return nil, oneLine(err)
	}
	if err = r.binding.BindOutput(n.plan.output, r.out.value); err != nil {
		return nil, oneLine(err)
	}
	return r, nil
}

// filler is how a picture's bytes get into a row of the input tensor.
func filler(in *tensor, row int, p plan, pre infer.Preprocessing) func(pix []byte) {
	n := p.width * p.height * channels
	from, to := row*n, (row+1)*n
	switch {
	case pre.InGraph, in.bytes != nil && !p.planes && pre.Order == "RGB":
		return func(pix []byte) { copy(in.bytes[from:to], pix) }
	case in.bytes != nil:
		return fillWithTables(in.bytes[from:to], p.planes, pre, func(f float32) uint8 { return uint8(f) })
	case in.halves != nil:
		return fillWithTables(in.halves[from:to], p.planes, pre, float16Bits)
	default:
		return fillWithTables(in.float32s[from:to], p.planes, pre, func(f float32) float32 { return f })
	}
}

// Run implements [infer.Runner].
func (r *runner) Run(p frame.Picture) ([]float32, error) {
	r.fills[0](p.Pix)
	if err := r.run(1); err != nil {
		return nil, err
	}
	return r.rows[0], nil
}

// Size implements [infer.BatchRunner].
func (r *runner) Size() int { return len(r.rows) }

// RunBatch implements [infer.BatchRunner]. Rows for which there is no picture
// compute what the last run left in them.
func (r *runner) RunBatch(pictures []frame.Picture) ([][]float32, error) {
	for i, p := range pictures {
		r.fills[i](p.Pix)
	}
	if err := r.run(len(pictures)); err != nil {
		return nil, err
	}
	return r.rows[:len(pictures)], nil
}

// run runs the network and makes the first rows of scores ready.
func (r *runner) run(rows int) error {
	if err := r.network.session.RunWithBinding(r.binding); err != nil {
		return fmt.Errorf("run the network: %w", oneLine(err))
	}
	for i, scores := range r.rows[:rows] {
		if r.out.halves != nil {
			for k, h := range r.out.halves[i*len(scores):][:len(scores)] {
				scores[k] = float16Value(h)
			}
		}
		if r.network.rotate {
			infer.RotateBackground(scores)
		}
	}
	return nil
}

// Close frees what the runner owns, half-built or whole.
func (r *runner) Close() error {
	var errs []error
	if r.binding != nil {
		errs = append(errs, r.binding.Destroy())
		r.binding = nil
	}
	for _, t := range []*tensor{r.in, r.out} {
		if t != nil {
			errs = append(errs, t.close())
		}
	}
	r.in, r.out = nil, nil
	return errors.Join(errs...)
}

// tensor is a native tensor over Go memory, which is pinned while C knows its
// address. One of the slices is set, by its type.
type tensor struct {
	value    ort.Value
	bytes    []uint8
	halves   []uint16
	float32s []float32
	pin      runtime.Pinner
}

func newTensor(elem int32, shape []int64) (*tensor, error) {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	t := &tensor{}
	var err error
	switch elem {
	case elemUint8:
		t.bytes = make([]uint8, n)
		t.pin.Pin(&t.bytes[0])
		t.value, err = ort.NewTensor(ort.NewShape(shape...), t.bytes)
	case elemFloat16:
		t.halves = make([]uint16, n)
		t.pin.Pin(&t.halves[0])
		raw := unsafe.Slice((*byte)(unsafe.Pointer(&t.halves[0])), n*int64(binary.Size(t.halves[0])))
		t.value, err = ort.NewCustomDataTensor(ort.NewShape(shape...), raw, ort.TensorElementDataTypeFloat16)
	default:
		t.float32s = make([]float32, n)
		t.pin.Pin(&t.float32s[0])
		t.value, err = ort.NewTensor(ort.NewShape(shape...), t.float32s)
	}
	if err != nil {
		t.pin.Unpin()
		return nil, fmt.Errorf("make a tensor of shape %v: %w", shape, oneLine(err))
	}
	return t, nil
}

func (t *tensor) close() error {
	err := t.value.Destroy()
	t.pin.Unpin()
	return err
}
