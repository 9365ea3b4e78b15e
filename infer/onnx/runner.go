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
// allocates nothing. One goroutine at a time has it.
type runner struct {
	network *network
	in, out *tensor
	binding *ort.IoBinding
	fill    func(pix []byte)
	scores  []float32
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
	r.fill = filler(r.in, n.plan, pre)
	if r.scores = r.out.float32s; r.scores == nil {
		r.scores = make([]float32, n.plan.classes)
	}
	r.scores = r.scores[:n.plan.classes]
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

// filler is how a picture's bytes get into the input tensor.
func filler(in *tensor, p plan, pre infer.Preprocessing) func(pix []byte) {
	n := p.width * p.height * channels
	switch {
	case pre.InGraph, in.bytes != nil && !p.planes && pre.Order == "RGB":
		return func(pix []byte) { copy(in.bytes[:n], pix) }
	case in.bytes != nil:
		return fillWithTables(in.bytes[:n], p.planes, pre, func(f float32) uint8 { return uint8(f) })
	case in.halves != nil:
		return fillWithTables(in.halves[:n], p.planes, pre, float16Bits)
	default:
		return fillWithTables(in.float32s[:n], p.planes, pre, func(f float32) float32 { return f })
	}
}

// Run implements [infer.Runner].
func (r *runner) Run(p frame.Picture) ([]float32, error) {
	r.fill(p.Pix)
	if err := r.network.session.RunWithBinding(r.binding); err != nil {
		return nil, fmt.Errorf("run the network: %w", oneLine(err))
	}
	for i, h := range r.out.halves[:min(len(r.out.halves), len(r.scores))] {
		r.scores[i] = float16Value(h)
	}
	if r.network.rotate {
		infer.RotateBackground(r.scores)
	}
	return r.scores, nil
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
