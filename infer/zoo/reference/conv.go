package reference

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
)

// conv is a convolution, computed one output channel after the other, whose
// weights are read as they are needed: those of a whole network may be large.
func conv(r *run, n *node) (*Tensor, error) {
	x, err := r.input(n, 0)
	if err != nil {
		return nil, err
	}
	weights, err := r.weights(n, 1)
	if err != nil {
		return nil, err
	}
	d := dims(weights)
	if len(d) != 4 {
		return nil, fmt.Errorf("its filters have %d dimensions, 4 are needed", len(d))
	}
	w, err := n.window(x, d[2], d[3])
	if err != nil {
		return nil, err
	}
	groups := n.int("group", 1)
	if groups < 1 || d[2] != w.kh || d[3] != w.kw || d[1]*groups != w.c || d[0]%groups != 0 || d[0] == 0 {
		return nil, fmt.Errorf("filters %v in %d groups do not fit %d channels", d, groups, w.c)
	}
	if w.n != 1 {
		return nil, errors.New("one picture at a time can be recomputed")
	}
	if d[0] > maxElements || d[1] > maxElements || d[0]*w.outH*w.outW > maxElements || d[1]*w.kh*w.kw > maxElements {
		return nil, errors.New("its output is too large")
	}
	bias := make([]float64, d[0])
	if n.has(2) {
		if bias, err = r.vector(n, 2, d[0]); err != nil {
			return nil, err
		}
	}
	padded, stride := pad(x, w)
	out := newTensor(1, d[0], w.outH, w.outW)
	err = perChannel(d[0], func(o int) error {
		filter := make([]float32, d[1]*w.kh*w.kw)
		if err := weights.Values(r.src, int64(o*len(filter)), filter); err != nil {
			return err
		}
		dst := out.Values[o*w.outH*w.outW:][:w.outH*w.outW]
		for i := range dst {
			dst[i] = bias[o]
		}
		first := o / (d[0] / groups) * d[1]
		for c := range d[1] {
			w.convolve(dst, padded[(first+c)*stride:][:stride], filter[c*w.kh*w.kw:][:w.kh*w.kw])
		}
		return nil
	})
	return out, err
}

// pad copies the feature maps into ones with their padding around them, and
// returns the size of one.
func pad(x *Tensor, w window) (padded []float64, size int) {
	if w.top+w.bottom+w.left+w.right == 0 {
		return x.Values, w.h * w.w
	}
	ph, pw := w.h+w.top+w.bottom, w.w+w.left+w.right
	padded = make([]float64, w.c*ph*pw)
	for c := range w.c {
		for y := range w.h {
			copy(padded[(c*ph+y+w.top)*pw+w.left:], x.Values[(c*w.h+y)*w.w:][:w.w])
		}
	}
	return padded, ph * pw
}

// convolve adds one padded map under one filter to dst. These are the loops
// in which all the time goes, a few milliards of rounds for one picture: the
// race detector is kept out of them.
//
//go:norace
func (w window) convolve(dst, in []float64, filter []float32) {
	pw := w.w + w.left + w.right
	for k, f := range filter {
		weight := float64(f)
		ky, kx := k/w.kw, k%w.kw
		for y := range w.outH {
			row := dst[y*w.outW:][:w.outW]
			src := in[(y*w.sh+ky)*pw+kx:]
			if w.sw == 1 {
				src = src[:len(row)]
				for i, v := range src {
					row[i] += weight * v
				}
				continue
			}
			for i := range row {
				row[i] += weight * src[i*w.sw]
			}
		}
	}
}

// gemm is a fully connected layer: x · Wᵀ + b.
func gemm(r *run, n *node) (*Tensor, error) {
	x, err := r.input(n, 0)
	if err != nil {
		return nil, err
	}
	weights, err := r.weights(n, 1)
	if err != nil {
		return nil, err
	}
	if n.int("transA", 0) != 0 || n.int("transB", 0) != 1 || n.float("alpha", 1) != 1 || n.float("beta", 1) != 1 {
		return nil, errors.New("only x · Wᵀ + b can be recomputed")
	}
	d := dims(weights)
	if len(d) != 2 || len(x.Values) != d[1] || d[0] == 0 || d[0] > maxElements {
		return nil, fmt.Errorf("weights %v for %d numbers", d, len(x.Values))
	}
	bias := make([]float64, d[0])
	if n.has(2) {
		if bias, err = r.vector(n, 2, d[0]); err != nil {
			return nil, err
		}
	}
	out := newTensor(1, d[0])
	err = perChannel(d[0], func(o int) error {
		var err error
		out.Values[o], err = dot(r, weights, o, x.Values)
		out.Values[o] += bias[o]
		return err
	})
	return out, err
}

func dot(r *run, weights *onnxfile.Initializer, row int, x []float64) (float64, error) {
	w := make([]float32, len(x))
	if err := weights.Values(r.src, int64(row)*int64(len(x)), w); err != nil {
		return 0, err
	}
	sum := 0.0
	for i, v := range w {
		sum += float64(v) * x[i]
	}
	return sum, nil
}

// perChannel calls f for every output channel, on all processors, and returns
// the first error.
func perChannel(channels int, f func(o int) error) error {
	workers := min(runtime.GOMAXPROCS(0), channels)
	errs := make([]error, workers)
	var wait sync.WaitGroup
	for k := range workers {
		wait.Go(func() {
			for o := k; o < channels && errs[k] == nil; o += workers {
				errs[k] = f(o)
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}
