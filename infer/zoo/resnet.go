package zoo

import (
	"fmt"

	"github.com/flipmeter/flipmeter/infer"
)

// resNet50 builds ResNet-50 (He et al. 2015) as torchvision has it: the
// stride of a stage lies in its first 3×3 convolution, not in the 1×1 before
// it. Weights are torchvision's.
func resNet50(n *network, p infer.Preprocessing, in Input) {
	const eps = 1e-5
	x := n.input(p, in)
	x = n.relu(n.conv(x, conv{layer: "conv1", bn: "bn1", eps: eps, out: 64, kh: 7, kw: 7, stride: 2, pads: padAll(3)}))
	n.tap(x)
	x = n.tap(n.maxPool("maxpool", x, 3, 2, padAll(1)))
	for stage, blocks := range []int{3, 4, 6, 3} {
		for b := range blocks {
			stride := 1
			if stage > 0 && b == 0 {
				stride = 2
			}
			x = n.tap(n.bottleneck(x, fmt.Sprintf("layer%d.%d", stage+1, b), 64<<stage, stride, eps))
		}
	}
	n.output(n.linear("fc", n.globalAvgPool("avgpool", x), 1000))
}

// bottleneck narrows to width channels, filters, widens to four times as
// many, and adds what came in.
func (n *network) bottleneck(in tensor, name string, width, stride int, eps float64) tensor {
	out := 4 * width
	x := n.relu(n.conv(in, conv{layer: name + ".conv1", bn: name + ".bn1", eps: eps, out: width, kh: 1, kw: 1}))
	x = n.relu(n.conv(x, conv{layer: name + ".conv2", bn: name + ".bn2", eps: eps, out: width, kh: 3, kw: 3, stride: stride, pads: padAll(1)}))
	x = n.conv(x, conv{layer: name + ".conv3", bn: name + ".bn3", eps: eps, out: out, kh: 1, kw: 1})
	if stride != 1 || in.c != out {
		in = n.conv(in, conv{layer: name + ".downsample.0", bn: name + ".downsample.1", eps: eps, out: out, kh: 1, kw: 1, stride: stride})
	}
	return n.reluAs(name, n.add(name+"/sum", in, x))
}
