package zoo

import (
	"fmt"

	"github.com/flipmeter/flipmeter/infer"
)

// inceptionResNetV2 builds Inception-ResNet-v2 (Szegedy et al. 2016) with
// the weights that TensorFlow trained and timm names.
func inceptionResNetV2(n *network, p infer.Preprocessing, in Input) {
	x := n.input(p, in)

	x = n.tap(n.cell(x, "conv2d_1a", 32, 3, 3, 2, pads{}))
	x = n.tap(n.cell(x, "conv2d_2a", 32, 3, 3, 1, pads{}))
	x = n.tap(n.cell(x, "conv2d_2b", 64, 3, 3, 1, padAll(1)))
	x = n.tap(n.maxPool("maxpool_3a", x, 3, 2, pads{}))
	x = n.tap(n.cell(x, "conv2d_3b", 80, 1, 1, 1, pads{}))
	x = n.tap(n.cell(x, "conv2d_4a", 192, 3, 3, 1, pads{}))
	x = n.tap(n.maxPool("maxpool_5a", x, 3, 2, pads{}))

	b := n.cell(x, "mixed_5b.branch1.0", 48, 1, 1, 1, pads{})
	c := n.cell(x, "mixed_5b.branch2.0", 64, 1, 1, 1, pads{})
	c = n.cell(c, "mixed_5b.branch2.1", 96, 3, 3, 1, padAll(1))
	d := n.avgPool("mixed_5b.branch3.0", x, 3, 1, padAll(1))
	x = n.tap(n.concat("mixed_5b",
		n.cell(x, "mixed_5b.branch0", 96, 1, 1, 1, pads{}),
		n.cell(b, "mixed_5b.branch1.1", 64, 5, 5, 1, padAll(2)),
		n.cell(c, "mixed_5b.branch2.2", 96, 3, 3, 1, padAll(1)),
		n.cell(d, "mixed_5b.branch3.1", 64, 1, 1, 1, pads{})))
	for i := range 10 {
		x = n.tap(n.block35(x, fmt.Sprintf("repeat.%d", i), 0.17))
	}

	b = n.cell(x, "mixed_6a.branch1.0", 256, 1, 1, 1, pads{})
	b = n.cell(b, "mixed_6a.branch1.1", 256, 3, 3, 1, padAll(1))
	x = n.tap(n.concat("mixed_6a",
		n.cell(x, "mixed_6a.branch0", 384, 3, 3, 2, pads{}),
		n.cell(b, "mixed_6a.branch1.2", 384, 3, 3, 2, pads{}),
		n.maxPool("mixed_6a.branch2", x, 3, 2, pads{})))
	for i := range 20 {
		x = n.tap(n.blockFactored(x, fmt.Sprintf("repeat_1.%d", i), factored{192, 128, 160, 192, 7}, 0.10, true))
	}

	a := n.cell(x, "mixed_7a.branch0.0", 256, 1, 1, 1, pads{})
	b = n.cell(x, "mixed_7a.branch1.0", 256, 1, 1, 1, pads{})
	c = n.cell(x, "mixed_7a.branch2.0", 256, 1, 1, 1, pads{})
	c = n.cell(c, "mixed_7a.branch2.1", 288, 3, 3, 1, padAll(1))
	x = n.tap(n.concat("mixed_7a",
		n.cell(a, "mixed_7a.branch0.1", 384, 3, 3, 2, pads{}),
		n.cell(b, "mixed_7a.branch1.1", 288, 3, 3, 2, pads{}),
		n.cell(c, "mixed_7a.branch2.2", 320, 3, 3, 2, pads{}),
		n.maxPool("mixed_7a.branch3", x, 3, 2, pads{})))
	block8 := factored{192, 192, 224, 256, 3}
	for i := range 9 {
		x = n.tap(n.blockFactored(x, fmt.Sprintf("repeat_2.%d", i), block8, 0.20, true))
	}
	x = n.tap(n.blockFactored(x, "block8", block8, 1, false))

	x = n.tap(n.cell(x, "conv2d_7b", 1536, 1, 1, 1, pads{}))
	n.output(n.linear("classif", n.globalAvgPool("global_pool", x), 1000))
}

// cell is a convolution with batch normalisation and ReLU, named as one.
func (n *network) cell(x tensor, name string, out, kh, kw, stride int, p pads) tensor {
	return n.reluAs(name, n.conv(x, conv{layer: name + ".conv", bn: name + ".bn", eps: 1e-3, out: out, kh: kh, kw: kw, stride: stride, pads: p}))
}

// block35 is the residual block of the 35×35 maps.
func (n *network) block35(x tensor, name string, scale float64) tensor {
	b := n.cell(x, name+".branch1.0", 32, 1, 1, 1, pads{})
	c := n.cell(x, name+".branch2.0", 32, 1, 1, 1, pads{})
	c = n.cell(c, name+".branch2.1", 48, 3, 3, 1, padAll(1))
	mixed := n.concat(name+"/mixed",
		n.cell(x, name+".branch0", 32, 1, 1, 1, pads{}),
		n.cell(b, name+".branch1.1", 32, 3, 3, 1, padAll(1)),
		n.cell(c, name+".branch2.2", 64, 3, 3, 1, padAll(1)))
	return n.reluAs(name, n.scaledResidual(name+"/sum", name, x, mixed, scale))
}

// factored are the channels of a block whose square filter is split into a
// row and a column of length k.
type factored struct{ branch0, narrow, row, column, k int }

// blockFactored is the residual block of the 17×17 and 8×8 maps.
func (n *network) blockFactored(x tensor, name string, f factored, scale float64, relu bool) tensor {
	half := f.k / 2
	b := n.cell(x, name+".branch1.0", f.narrow, 1, 1, 1, pads{})
	b = n.cell(b, name+".branch1.1", f.row, 1, f.k, 1, pads{0, half, 0, half})
	mixed := n.concat(name+"/mixed",
		n.cell(x, name+".branch0", f.branch0, 1, 1, 1, pads{}),
		n.cell(b, name+".branch1.2", f.column, f.k, 1, 1, pads{half, 0, half, 0}))
	if !relu {
		return n.scaledResidual(name, name, x, mixed, scale)
	}
	return n.reluAs(name, n.scaledResidual(name+"/sum", name, x, mixed, scale))
}

// scaledResidual adds scale times a 1×1 convolution of mixed to x; the scale
// is folded into the convolution.
func (n *network) scaledResidual(as, block string, x, mixed tensor, scale float64) tensor {
	return n.add(as, x, n.conv(mixed, conv{layer: block + ".conv2d", bias: true, out: x.c, kh: 1, kw: 1, rescale: scale}))
}
