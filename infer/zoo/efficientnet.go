package zoo

import (
	"fmt"
	"maps"
	"math"

	"github.com/flipmeter/flipmeter/infer"
)

// efficientNetLite builds EfficientNet-Lite (R. Liu, TensorFlow blog, March
// 2020): EfficientNet (Tan & Le 2019) without squeeze-and-excitation, with
// ReLU6, and with stem and head left alone by the width factor. Padding is
// TensorFlow's SAME, the batch normalisation's ε 1e-3. Weights are named as
// in the Python packages that carry them; timm's file, which has other names,
// is read as well.
func efficientNetLite(width, depth float64) func(*network, infer.Preprocessing, Input) {
	return func(n *network, p infer.Preprocessing, in Input) {
		// One row a stage, as in the paper's table 1.
		stages := []struct{ kernel, repeats, channels, expand, stride int }{
			{3, 1, 16, 1, 1},
			{3, 2, 24, 6, 2},
			{5, 2, 40, 6, 2},
			{3, 3, 80, 6, 2},
			{5, 3, 112, 6, 1},
			{5, 4, 192, 6, 2},
			{3, 1, 320, 6, 1},
		}
		const eps = 1e-3
		maps.Copy(n.otherNames, map[string]string{"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"})
		x := n.input(p, in)
		x = n.relu6(n.conv(x, conv{layer: "_conv_stem", bn: "_bn0", eps: eps, out: 32, kh: 3, kw: 3, stride: 2, same: true}))
		n.tap(x)
		block := 0
		for i, s := range stages {
			channels, repeats := roundChannels(float64(s.channels)*width), s.repeats
			if i > 0 && i < len(stages)-1 { // the first and last stage keep their depth
				repeats = int(math.Ceil(float64(repeats) * depth))
			}
			for r := range repeats {
				stride := 1
				if r == 0 {
					stride = s.stride
				}
				name := fmt.Sprintf("_blocks.%d", block)
				n.timmBlock(name, fmt.Sprintf("blocks.%d.%d", i, r), s.expand != 1)
				x = n.tap(n.invertedResidual(x, name, s.kernel, channels, s.expand, stride, eps))
				block++
			}
		}
		x = n.tap(n.relu6(n.conv(x, conv{layer: "_conv_head", bn: "_bn1", eps: eps, out: 1280, kh: 1, kw: 1})))
		n.output(n.linear("_fc", n.globalAvgPool("pool", x), 1000))
	}
}

// timmBlock notes the names that timm gives to a block's layers: it counts
// normalisations from 1, and "pw" is whichever 1×1 convolution comes first.
func (n *network) timmBlock(ours, timms string, expands bool) {
	layers := [][2]string{{"_depthwise_conv", "conv_dw"}, {"_project_conv", "conv_pw"}, {"_bn1", "bn1"}, {"_bn2", "bn2"}}
	if expands {
		layers = [][2]string{{"_expand_conv", "conv_pw"}, {"_depthwise_conv", "conv_dw"}, {"_project_conv", "conv_pwl"},
			{"_bn0", "bn1"}, {"_bn1", "bn2"}, {"_bn2", "bn3"}}
	}
	for _, l := range layers {
		n.otherNames[ours+"."+l[0]] = timms + "." + l[1]
	}
}

// invertedResidual widens, filters each channel by itself, and narrows.
func (n *network) invertedResidual(x tensor, name string, kernel, channels, expand, stride int, eps float64) tensor {
	in := x
	if expand != 1 {
		x = n.relu6(n.conv(x, conv{layer: name + "._expand_conv", bn: name + "._bn0", eps: eps, out: x.c * expand, kh: 1, kw: 1}))
	}
	x = n.relu6(n.conv(x, conv{layer: name + "._depthwise_conv", bn: name + "._bn1", eps: eps, out: x.c,
		kh: kernel, kw: kernel, stride: stride, same: true, groups: -1}))
	project := conv{layer: name + "._project_conv", bn: name + "._bn2", eps: eps, out: channels, kh: 1, kw: 1}
	if stride != 1 || in.c != channels {
		project.as = name // the block ends here
		return n.conv(x, project)
	}
	return n.add(name, in, n.conv(x, project))
}

// roundChannels rounds to a multiple of 8, never down by more than 10 %.
func roundChannels(c float64) int {
	r := max(8, int(c+4)/8*8)
	if float64(r) < 0.9*c {
		r += 8
	}
	return r
}
