package reference

import (
	"errors"
	"fmt"
	"math"
)

// window is how a filter or a pool moves over a feature map.
type window struct {
	n, c, h, w    int // of the input
	kh, kw        int
	sh, sw        int // strides
	top, left     int // padding
	bottom, right int
	outH, outW    int
}

// window reads a node's settings; kh and kw are the kernel's size where the
// node does not state it.
func (n *node) window(x *Tensor, kh, kw int) (window, error) {
	if len(x.Dims) != 4 {
		return window{}, fmt.Errorf("its input has %d dimensions, 4 are needed", len(x.Dims))
	}
	w := window{n: x.Dims[0], c: x.Dims[1], h: x.Dims[2], w: x.Dims[3], kh: kh, kw: kw, sh: 1, sw: 1}
	if k := n.ints("kernel_shape"); len(k) == 2 {
		w.kh, w.kw = k[0], k[1]
	}
	if s := n.ints("strides"); len(s) == 2 {
		w.sh, w.sw = s[0], s[1]
	}
	if p := n.ints("pads"); len(p) == 4 {
		w.top, w.left, w.bottom, w.right = p[0], p[1], p[2], p[3]
	}
	for _, d := range n.ints("dilations") {
		if d != 1 {
			return w, errors.New("dilated filters can't be recomputed")
		}
	}
	if a := n.text("auto_pad"); a != "" && a != "NOTSET" || n.int("ceil_mode", 0) != 0 {
		return w, errors.New("padding that is not stated can't be recomputed")
	}
	const most = 1 << 12
	for _, v := range []int{w.kh, w.kw, w.sh, w.sw} {
		if v < 1 || v > most {
			return w, fmt.Errorf("a kernel of %d×%d with strides of %d, %d", w.kh, w.kw, w.sh, w.sw)
		}
	}
	for _, v := range []int{w.top, w.left, w.bottom, w.right} {
		if v < 0 || v > most {
			return w, fmt.Errorf("padding of %d", v)
		}
	}
	if w.h+w.top+w.bottom < w.kh || w.w+w.left+w.right < w.kw {
		return w, errors.New("the kernel is larger than the picture")
	}
	if w.n < 0 || w.n > most || w.c*(w.h+w.top+w.bottom)*(w.w+w.left+w.right) > maxElements {
		return w, errors.New("its input is too large")
	}
	w.outH, w.outW = (w.h+w.top+w.bottom-w.kh)/w.sh+1, (w.w+w.left+w.right-w.kw)/w.sw+1
	return w, nil
}

// pool serves MaxPool and AveragePool.
func pool(r *run, n *node) (*Tensor, error) {
	x, err := r.input(n, 0)
	if err != nil {
		return nil, err
	}
	w, err := n.window(x, 0, 0)
	if err != nil {
		return nil, err
	}
	if w.n*w.c*w.outH*w.outW > maxElements {
		return nil, errors.New("its output is too large")
	}
	maximum, paddingCounts := n.Op == "MaxPool", n.int("count_include_pad", 0) != 0
	out := newTensor(w.n, w.c, w.outH, w.outW)
	for plane := range w.n * w.c {
		in, dst := x.Values[plane*w.h*w.w:][:w.h*w.w], out.Values[plane*w.outH*w.outW:]
		for i := range w.outH * w.outW {
			y0, x0 := i/w.outW*w.sh-w.top, i%w.outW*w.sw-w.left
			best, sum, count := math.Inf(-1), 0.0, 0
			for y := max(0, y0); y < min(w.h, y0+w.kh); y++ {
				for xx := max(0, x0); xx < min(w.w, x0+w.kw); xx++ {
					best, sum, count = max(best, in[y*w.w+xx]), sum+in[y*w.w+xx], count+1
				}
			}
			switch {
			case maximum:
				dst[i] = best
			case paddingCounts:
				dst[i] = sum / float64(w.kh*w.kw)
			default:
				dst[i] = sum / float64(count)
			}
		}
	}
	return out, nil
}

func globalAverage(r *run, n *node) (*Tensor, error) {
	x, err := r.input(n, 0)
	if err != nil {
		return nil, err
	}
	if len(x.Dims) != 4 {
		return nil, fmt.Errorf("its input has %d dimensions, 4 are needed", len(x.Dims))
	}
	out, size := newTensor(x.Dims[0], x.Dims[1], 1, 1), x.Dims[2]*x.Dims[3]
	for i := range out.Values {
		for _, v := range x.Values[i*size:][:size] {
			out.Values[i] += v
		}
		out.Values[i] /= float64(size)
	}
	return out, nil
}
