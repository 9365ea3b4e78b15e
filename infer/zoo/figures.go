package zoo

import (
	_ "embed" // timm.json
	"encoding/json"
	"fmt"
)

// timmJSON is what timm computes; its "about" says with which version, and
// testdata/reference.py made it.
//
//go:embed timm.json
var timmJSON []byte

// Figures are the logits that timm computes, in float64, for a network with
// made-up weights and a made-up picture.
type Figures struct {
	Seed    uint64    `json:"-"` // of RandomWeights, under timm's names
	Picture int       `json:"-"` // of ReferencePicture
	Logits  []float64 `json:"logits"`
	Top5    []int     `json:"top5"` // the five best, best first
	// Tensors are timm's names and shapes, where they are not the zoo's own.
	Tensors map[string][]int `json:"tensors"`
}

// Figures returns those of the architecture.
func (a *Architecture) Figures() (*Figures, error) {
	var all struct {
		Seed    uint64              `json:"seed"`
		Picture int                 `json:"picture"`
		Models  map[string]*Figures `json:"models"`
	}
	if err := json.Unmarshal(timmJSON, &all); err != nil {
		return nil, fmt.Errorf("figures of timm: %w", err)
	}
	f := all.Models[a.Name]
	if f == nil {
		return nil, fmt.Errorf("figures of timm: none of %s", a.Name)
	}
	f.Seed, f.Picture = all.Seed, all.Picture
	return f, nil
}

// Source is the weights that the figures were computed with.
func (f *Figures) Source() *Source {
	s := RandomSource(f.Seed)
	if f.Tensors != nil {
		s.Weights = renamed{s.Weights}
	}
	return s
}

// renamed gives parameters by their alternative names.
type renamed struct{ Weights }

func (r renamed) Stream(p *Parameter, fn func([]float32) error) error {
	if p.Alternative != nil {
		p = p.Alternative
	}
	return r.Weights.Stream(p, fn)
}

// ReferencePicture is the k-th of the pictures that networks are compared on:
// RGB, three bytes a pixel. It has edges, gradients and noise, and is given by
// a formula so that anybody can make it again.
func ReferencePicture(width, height, k int) []byte {
	rgb := make([]byte, 0, 3*width*height)
	for y := range height {
		for x := range width {
			for c := range 3 {
				rgb = append(rgb, byte(x*(7+3*c+k)+y*(11-2*c)+((x*y)>>4)*5+((x^y)&63)*2))
			}
		}
	}
	return rgb
}
