package zoo

import (
	"fmt"

	"github.com/flipmeter/flipmeter/infer"
)

// vgg16 builds configuration D of VGG (Simonyan & Zisserman 2014). Weights
// are named as timm names them; torchvision's own file, which calls the
// three last layers "classifier", is read as well.
func vgg16(n *network, p infer.Preprocessing, in Input) {
	n.otherNames = map[string]string{"pre_logits.fc1": "classifier.0", "pre_logits.fc2": "classifier.3", "head.fc": "classifier.6"}
	x := n.input(p, in)
	layer := 0 // index in the list of convolutions, activations and pools
	for stage, convs := range []int{2, 2, 3, 3, 3} {
		channels := min(64<<stage, 512)
		for range convs {
			x = n.tap(n.relu(n.conv(x, conv{layer: fmt.Sprintf("features.%d", layer), bias: true, out: channels, kh: 3, kw: 3, pads: padAll(1)})))
			layer += 2
		}
		x = n.tap(n.maxPool(fmt.Sprintf("features.%d", layer), x, 2, 2, pads{}))
		layer++
	}
	// timm stores the fully connected layers as convolutions over the whole
	// map, which are the same numbers in the same order.
	x = n.flatten("features/flat", x)
	x = n.relu(n.linearShaped("pre_logits.fc1", x, 4096, 512, 7, 7))
	x = n.relu(n.linearShaped("pre_logits.fc2", x, 4096, 4096, 1, 1))
	n.output(n.linearShaped("head.fc", x, 1000, 4096))
}
