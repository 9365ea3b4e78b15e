package zoo

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
	"github.com/flipmeter/flipmeter/infer/zoo/reference"
)

// TestTapsAreTimms: the feature maps inside a network are those that timm has
// there, so that an experiment on "layer3" is one on timm's layer3. Computed
// in float64 from the file alone, without ONNX Runtime; Inception-ResNet-v2 up
// to where its maps have the size of 35×35, because the rest takes long.
func TestTapsAreTimms(t *testing.T) {
	var g struct {
		Models map[string]map[string]struct {
			Shape     []int
			Mean, Std float64
		}
	}
	b, err := os.ReadFile("testdata/stages.json")
	if err == nil {
		err = json.Unmarshal(b, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, taps := range map[string][]string{
		"resnet50":            {"conv1", "conv1/relu", "maxpool", "layer1.2", "layer2.3", "layer3.5", "layer4.2", "avgpool", "logits"},
		"inception-resnet-v2": {"conv2d_1a", "conv2d_2a", "conv2d_2b", "maxpool_3a", "conv2d_3b", "conv2d_4a", "maxpool_5a", "mixed_5b"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := Find(name)
			if err != nil {
				t.Fatal(err)
			}
			var file bytes.Buffer
			if err := a.Write(context.Background(), &file, RandomSource(1), InputBytes); err != nil {
				t.Fatal(err)
			}
			r := bytes.NewReader(file.Bytes())
			m, err := onnxfile.Read(r, r.Size())
			if err != nil {
				t.Fatal(err)
			}
			size := a.Preprocessing.Width
			in := &reference.Tensor{Dims: []int{1, size, size, 3}}
			for _, v := range ReferencePicture(size, size, 0) {
				in.Values = append(in.Values, float64(v))
			}
			got, err := reference.Run(context.Background(), m, r, in, taps...)
			if err != nil {
				t.Fatal(err)
			}
			for i, tap := range taps {
				want, ok := g.Models[name][tap]
				if !ok {
					t.Fatalf("no figures of %s", tap)
				}
				shape := got[i].Dims[1:]
				if len(want.Shape) == 1 {
					shape = shape[:1] // timm flattens maps of 1×1
				}
				mean, std := meanAndDeviation(got[i].Values)
				if !slices.Equal(shape, want.Shape) || math.Abs(mean-want.Mean) > 2e-6*want.Std || math.Abs(std/want.Std-1) > 2e-6 {
					t.Errorf("%s: %v, mean %g, deviation %g; timm has %v", tap, shape, mean, std, want)
				}
			}
		})
	}
}

// meanAndDeviation divides by one less than there are, as timm's figures do.
func meanAndDeviation(values []float64) (mean, deviation float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean) / float64(len(values)-1)
	}
	return mean, math.Sqrt(deviation)
}
