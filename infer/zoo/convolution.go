package zoo

import (
	"cmp"
	"fmt"
	"io"
	"math"

	"github.com/flipmeter/flipmeter/infer/zoo/checkpoint"
	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
)

// pads are the zeros around a feature map: top, left, bottom, right, as ONNX
// orders them.
type pads [4]int

func padAll(p int) pads { return pads{p, p, p, p} }

// samePads is TensorFlow's SAME padding: as much as makes the output
// ceil(size/stride) long, the odd zero at the bottom and right. Frameworks
// that pad symmetrically shift every feature map by half a stride, which
// costs a network trained the other way several points of accuracy.
func samePads(h, w, kh, kw, stride int) pads {
	total := func(size, k int) int {
		out := (size + stride - 1) / stride
		return max(0, (out-1)*stride+k-size)
	}
	th, tw := total(h, kh), total(w, kw)
	return pads{th / 2, tw / 2, th - th/2, tw - tw/2}
}

// conv says what a convolution is made of. Weights are named as in the
// checkpoint.
type conv struct {
	layer   string  // "conv1": reads conv1.weight, and conv1.bias if bias is set
	as      string  // the output's name; "" means layer
	bn      string  // the batch normalisation behind it, "" for none
	eps     float64 // of the batch normalisation
	bias    bool
	out     int // channels
	kh, kw  int
	stride  int  // 0 means 1
	same    bool // TensorFlow's SAME padding; else pads
	pads    pads
	groups  int     // 0 means 1; −1 one for each channel (depthwise)
	rescale float64 // the result is multiplied by this; 0 means 1
}

// conv adds a convolution with its batch normalisation folded in. The
// output is named after the layer unless it has a name of its own.
func (n *network) conv(x tensor, c conv) tensor {
	mustMap(x, "convolution")
	stride, groups, p := max(1, c.stride), max(1, c.groups), c.pads
	if c.groups < 0 {
		groups = x.c
	}
	if c.same {
		p = samePads(x.h, x.w, c.kh, c.kw, stride)
	}
	if x.c%groups != 0 || c.out%groups != 0 {
		panic(fmt.Sprintf("BUG: zoo: %s: %d to %d channels in %d groups", c.layer, x.c, c.out, groups))
	}
	out := tensor{
		name: cmp.Or(c.as, c.layer), c: c.out,
		h: (x.h+p[0]+p[2]-c.kh)/stride + 1,
		w: (x.w+p[1]+p[3]-c.kw)/stride + 1,
	}
	weight := n.parameter(c.layer+".weight", c.out, x.c/groups, c.kh, c.kw)
	f := n.folded(c)
	inputs := []string{x.name,
		n.initializer(weight.Name, weight.Shape, f.weight(weight)),
		n.initializer(c.layer+".bias", []int{c.out}, f.bias),
	}
	return n.node("Conv", out, inputs,
		onnxfile.Ints("kernel_shape", int64(c.kh), int64(c.kw)),
		onnxfile.Ints("strides", int64(stride), int64(stride)),
		onnxfile.Ints("pads", int64(p[0]), int64(p[1]), int64(p[2]), int64(p[3])),
		onnxfile.Int("group", int64(groups)))
}

// fold is the arithmetic of a batch normalisation behind a convolution:
// γ·(w∗x + b − μ)/√(σ²+ε) + β = (s·w)∗x + (β + s·(b−μ)) with s = γ/√(σ²+ε).
type fold struct {
	gamma, beta, mean, variance *Parameter // nil without batch normalisation
	convBias                    *Parameter // nil without
	eps, rescale                float64
	out                         int
}

func (n *network) folded(c conv) fold {
	f := fold{eps: c.eps, rescale: c.rescale, out: c.out}
	if f.rescale == 0 {
		f.rescale = 1
	}
	add := func(name string, buffer bool) *Parameter {
		p := n.parameter(name, c.out)
		n.parameters[len(n.parameters)-1].Buffer = buffer
		return &p
	}
	if c.bias {
		f.convBias = add(c.layer+".bias", false)
	}
	if c.bn != "" {
		f.gamma, f.beta = add(c.bn+".weight", false), add(c.bn+".bias", false)
		f.mean, f.variance = add(c.bn+".running_mean", true), add(c.bn+".running_var", true)
	}
	return f
}

// scales is s for each output channel.
func (f fold) scales(src Weights) ([]float64, error) {
	s := make([]float64, f.out)
	for i := range s {
		s[i] = f.rescale
	}
	if f.gamma == nil {
		return s, nil
	}
	gamma, err := floats(src, f.gamma)
	if err != nil {
		return nil, err
	}
	variance, err := floats(src, f.variance)
	if err != nil {
		return nil, err
	}
	for i := range s {
		s[i] *= float64(gamma[i]) / math.Sqrt(float64(variance[i])+f.eps)
	}
	return s, nil
}

// weight scales each output channel's weights as they stream through.
func (f fold) weight(p Parameter) fill {
	return func(src Weights, w io.Writer) error {
		s, err := f.scales(src)
		if err != nil {
			return err
		}
		perChannel, at := p.Elements()/f.out, 0
		var raw []byte
		return src.Stream(&p, func(values []float32) error {
			at = scaleChannels(values, s, at, perChannel)
			raw = checkpoint.AppendFloats(raw[:0], values)
			_, err := w.Write(raw)
			return err
		})
	}
}

// scaleChannels multiplies values, which begin at element at of a tensor, by
// their output channel's scale, and returns where they end. As in package
// checkpoint, the race detector is kept out of a long loop.
//
//go:norace
func scaleChannels(values []float32, scales []float64, at, perChannel int) int {
	for i, v := range values {
		values[i] = float32(float64(v) * scales[at/perChannel])
		at++
	}
	return at
}

func (f fold) bias(src Weights, w io.Writer) error {
	s, err := f.scales(src)
	if err != nil {
		return err
	}
	b := make([]float64, f.out)
	if f.convBias != nil {
		v, err := floats(src, f.convBias)
		if err != nil {
			return err
		}
		for i := range b {
			b[i] = float64(v[i]) * s[i]
		}
	}
	if f.gamma != nil {
		beta, err := floats(src, f.beta)
		if err != nil {
			return err
		}
		mean, err := floats(src, f.mean)
		if err != nil {
			return err
		}
		for i := range b {
			b[i] += float64(beta[i])*f.rescale - float64(mean[i])*s[i]
		}
	}
	rounded := make([]float32, len(b))
	for i, v := range b {
		rounded[i] = float32(v)
	}
	_, err = w.Write(checkpoint.AppendFloats(nil, rounded))
	return err
}
