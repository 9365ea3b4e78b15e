package perturb

import (
	"context"
	"fmt"
	"math"
)

// Layer is a feature map of a network whose maps are summed over space.
type Layer struct {
	Name                string `json:"name"`
	Maps, Height, Width int    `json:"-"`
	// Factor is how many pixels of the input lie between neighbours of the
	// layer: the product of the strides before it.
	Factor int `json:"subsampling_factor"`
}

// Copies is the number of shifted copies that full coverage would take: one
// for every shift below the factor, in both directions.
func (l *Layer) Copies() int { return l.Factor * l.Factor }

// A map is not shiftable at a shift where its sum is off the mean over all
// shifts by more than this share of the mean.
const shiftableWithin = 0.2

// Maps whose mean sum is below this are silent on a picture, and left out.
const silentBelow = 1e-6

// LayerCount is what one layer did on one picture.
type LayerCount struct {
	Off    int `json:"off"`    // maps × shifts that are off the mean
	All    int `json:"all"`    // maps × shifts of maps that are not silent
	Silent int `json:"silent"` // maps
}

// Layered is one picture's record, a count for each layer.
type Layered struct {
	Picture string       `json:"picture"`
	Layers  []LayerCount `json:"layers"`
}

// Layers sweeps each picture and counts, for every map m and shift t of every
// layer, whether abs(S_m(t) − mean_t S_m) > 0.2·mean_t S_m, where S_m(t) is
// the sum of the map over space (Azulay & Weiss 2019, Fig. 8): of a layer that
// commutes with shifts, no sum would change.
//
// The lab's classifier answers with the spatial means of all maps, layer by
// layer, as its logits.
func Layers(ctx context.Context, lab *Lab, src Source, layers []Layer, t Translation) (*Outcome[Layered], error) {
	t.Protocol = Sweep
	if err := t.Validate(); err != nil {
		return nil, err
	}
	maps := 0
	for _, l := range layers {
		maps += l.Maps
	}
	raw := *lab
	raw.logits = true
	list := shifts(t.Direction, t.From, t.To)
	return runJobs(ctx, &raw, fmt.Sprintf("layers %+v", t), src, func(ctx context.Context, i int) (*job[Layered], error) {
		p, err := load(ctx, src, i)
		if err != nil {
			return nil, err
		}
		tr := &translation{Translation: t, lab: lab, picture: src.Name(i)}
		want := lab.Classifier.Model().Want()
		tr.w, tr.h = want.Width, want.Height
		if err := tr.sweep(p); err != nil {
			return nil, err
		}
		plan := tr.plans[0]
		return &job[Layered]{
			shots:  len(list),
			render: func(k int, dst []byte) { plan.render(dst, k) },
			measure: func(answers [][]float32) Layered {
				rec := Layered{Picture: src.Name(i)}
				at := 0
				for _, l := range layers {
					rec.Layers = append(rec.Layers, countOff(answers, at, l))
					at += l.Maps
				}
				if at != maps || at != len(answers[0]) {
					panic(fmt.Sprintf("BUG: %d maps of %d", at, len(answers[0])))
				}
				return rec
			},
		}, nil
	})
}

// countOff looks at the maps of one layer, which begin at place at.
func countOff(answers [][]float32, at int, l Layer) LayerCount {
	var c LayerCount
	area := float64(l.Height * l.Width)
	for m := at; m < at+l.Maps; m++ {
		mean := 0.0
		for _, a := range answers {
			mean += float64(a[m]) * area / float64(len(answers))
		}
		if mean < silentBelow {
			c.Silent++
			continue
		}
		for _, a := range answers {
			c.All++
			if math.Abs(float64(a[m])*area-mean) > shiftableWithin*mean {
				c.Off++
			}
		}
	}
	return c
}

// LayerMeasures are one layer's measures over all pictures.
type LayerMeasures struct {
	Layer
	Maps int `json:"maps"`
	// Off is the share of maps and shifts whose sum is off the mean.
	Off *Estimate `json:"not_shiftable"`
	// Silent is the share of maps × pictures that were left out.
	Silent float64 `json:"silent"`
	Copies int     `json:"copies_for_full_coverage"`
}

// MeasureLayers computes the measures of records of the same layers.
func MeasureLayers(records []Layered, layers []Layer) []LayerMeasures {
	out := make([]LayerMeasures, len(layers))
	for k, l := range layers {
		off, all := make([]float64, len(records)), make([]float64, len(records))
		silent := 0
		for i := range records {
			c := records[i].Layers[k]
			off[i], all[i] = float64(c.Off), float64(c.All)
			silent += c.Silent
		}
		out[k] = LayerMeasures{Layer: l, Maps: l.Maps, Off: ratio(off, all), Copies: l.Copies()}
		if n := l.Maps * len(records); n > 0 {
			out[k].Silent = float64(silent) / float64(n)
		}
	}
	return out
}
