package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/zoo"
	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
	"github.com/flipmeter/flipmeter/infer/zoo/reference"
)

// referenceScores computes what a model emits for the k-th reference picture,
// by float64 arithmetic and from the file alone.
func referenceScores(ctx context.Context, path string, info *infer.ModelInfo, k int) ([]float64, error) {
	m, err := onnxfile.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(m.Inputs) != 1 || len(m.Inputs[0].Dims) != 4 || len(m.Outputs) == 0 {
		return nil, errors.New("it is no image classifier")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	defer f.Close()
	p := &info.Preprocessing
	input := prepared(p, zoo.ReferencePicture(p.Width, p.Height, k), m.Inputs[0].Dims[1].Size == 3)
	out, err := reference.Run(ctx, m, f, input, m.Outputs[0].Name)
	if err != nil {
		return nil, err
	}
	scores := out[0].Values
	if n := len(scores); n == len(info.Labels) && n == 1001 && info.Labels[n-1] == infer.Background {
		scores = append(scores[1:n:n], scores[0]) // as infer.RotateBackground does it
	}
	return scores, nil
}

// prepared does to a picture what the host does before the network: order,
// mean, scale and layout, each value rounded to float32.
func prepared(p *infer.Preprocessing, rgb []byte, planes bool) *reference.Tensor {
	n := p.Width * p.Height
	t := &reference.Tensor{Dims: []int{1, p.Height, p.Width, 3}, Values: make([]float64, 3*n)}
	if planes {
		t.Dims = []int{1, 3, p.Height, p.Width}
	}
	for i, b := range rgb {
		c := i % 3
		if p.Order == "BGR" && !p.InGraph {
			c = 2 - c
		}
		v := float64(b)
		if !p.InGraph {
			v = float64((float32(b) - p.Mean[c]) / p.Scale[c])
		}
		if planes {
			t.Values[c*n+i/3] = v
		} else {
			t.Values[i/3*3+c] = v
		}
	}
	return t
}
