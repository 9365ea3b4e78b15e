package perturb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
)

// Resizer prepares a whole picture for a model with one resize function: dst
// gets the picture that want describes. With an empty dst it only says whether
// it can; what it says it can, it does. Several goroutines call it at once.
type Resizer struct {
	Name string
	Make func(dst []byte, p frame.Picture, want frame.Want) error
}

// Followed is a Source of which some pictures are consecutive frames.
type Followed interface {
	// Follows says that picture i is the frame right after picture i−1.
	Follows(i int) bool
}

// Filtered is one picture's record: what the model sees in it through each
// resize function.
type Filtered struct {
	Picture string `json:"picture"`
	// Index is the picture's place in the source.
	Index int `json:"index"`
	// Follows says that it is the frame after the picture before it.
	Follows bool  `json:"follows"`
	Truth   int32 `json:"truth"`
	// Top are the five best classes by resize function, in their order.
	Top [][]infer.Ranked `json:"top"`
	// Own is the probability that each function gives to the label that the
	// model's own has.
	Own []float32 `json:"own"`
}

// Label is the top-1 class through function k.
func (f *Filtered) Label(k int) int32 { return f.Top[k][0].Index }

// Filter shows the model every picture through every resize function. The
// first function is the model's own, which the others are compared with.
func Filter(ctx context.Context, lab *Lab, src Source, functions []Resizer) (*Outcome[Filtered], error) {
	if len(functions) == 0 {
		return nil, fmt.Errorf("BUG: no resize function is given")
	}
	names := make([]string, len(functions))
	for i, f := range functions {
		names[i] = f.Name
	}
	key := "resize " + strings.Join(names, " ")
	return runJobs(ctx, lab, key, src, func(ctx context.Context, i int) (*job[Filtered], error) {
		p, err := load(ctx, src, i)
		if err != nil {
			return nil, err
		}
		p = cutOut(p, whole(p)) // the source reuses its pixels
		want := lab.Classifier.Model().Want()
		// One that can't be done must show before shots are dealt out.
		for _, f := range functions {
			if err := f.Make(nil, frame.Picture{Width: p.Width, Height: p.Height, Channels: 3}, want); err != nil {
				return nil, fmt.Errorf("resize with %s: %w", f.Name, err)
			}
		}
		rec := Filtered{Picture: src.Name(i), Index: i, Truth: src.Class(i)}
		if f, ok := src.(Followed); ok {
			rec.Follows = f.Follows(i)
		}
		return &job[Filtered]{
			shots: len(functions),
			render: func(k int, dst []byte) {
				if err := functions[k].Make(dst, p, want); err != nil {
					panic("BUG: a resize that was planned fails: " + err.Error())
				}
			},
			measure: func(answers [][]float32) Filtered {
				for _, probs := range answers {
					top := make([]infer.Ranked, topK)
					rec.Top = append(rec.Top, top[:infer.TopK(probs, top)])
				}
				for _, probs := range answers {
					rec.Own = append(rec.Own, probs[rec.Label(0)])
				}
				return rec
			},
		}, nil
	})
}

// FilterMeasures are what one resize function amounts to.
type FilterMeasures struct {
	Name string `json:"name"`
	// Agree is the share of pictures with the label that the model's own
	// function gives.
	Agree *Estimate `json:"agree"`
	// Difference is the mean absolute difference of that label's probability.
	Difference *Estimate `json:"difference"`
	// Top1 is the share of pictures whose true class is found.
	Top1 *Estimate `json:"top1"`
	// Flips is the share of pairs of consecutive frames whose labels differ.
	Flips *Estimate `json:"flip_fraction"`
	Pairs int       `json:"pairs"`
}

// FilterComparison is what all resize functions amount to.
type FilterComparison struct {
	Functions []FilterMeasures `json:"functions"`
	// Agree[a][b] is the share of pictures on which functions a and b give
	// the same label.
	Agree [][]float64 `json:"agree"`
	// AllAgree is the share of pictures on which all do.
	AllAgree *Estimate `json:"all_agree"`
}

// CompareFilters computes the measures of records that have the same
// functions.
func CompareFilters(records []Filtered, names []string) FilterComparison {
	var out FilterComparison
	n := len(names)
	one := make([]float64, len(records))
	all := make([]float64, len(records))
	for i := range one {
		one[i], all[i] = 1, 1
	}
	for a := range n {
		m := FilterMeasures{Name: names[a]}
		same, diff, right, known := make([]float64, len(records)), make([]float64, len(records)), make([]float64, len(records)), make([]float64, len(records))
		flips, pairs := 0, 0
		for i := range records {
			r := &records[i]
			if r.Label(a) == r.Label(0) {
				same[i] = 1
			} else {
				all[i] = 0
			}
			d := float64(r.Own[a]) - float64(r.Own[0])
			diff[i] = max(d, -d)
			if r.Truth >= 0 {
				known[i] = 1
				if r.Label(a) == r.Truth {
					right[i] = 1
				}
			}
			if r.Follows && i > 0 && records[i-1].Index == r.Index-1 {
				pairs++
				if r.Label(a) != records[i-1].Label(a) {
					flips++
				}
			}
		}
		m.Agree, m.Difference, m.Top1 = ratio(same, one), ratio(diff, one), ratio(right, known)
		m.Flips, m.Pairs = counted(flips, pairs), pairs
		out.Functions = append(out.Functions, m)
		row := make([]float64, n)
		for b := range n {
			agree := 0
			for i := range records {
				if records[i].Label(a) == records[i].Label(b) {
					agree++
				}
			}
			row[b] = float64(agree) / float64(max(1, len(records)))
		}
		out.Agree = append(out.Agree, row)
	}
	out.AllAgree = ratio(all, one)
	return out
}

// MostDisputed is the record on which the functions give the most different
// labels, the first among equals; nil where there is none.
func MostDisputed(records []Filtered) *Filtered {
	var best *Filtered
	most := 0
	for i := range records {
		var labels []int32
		for k := range records[i].Top {
			if l := records[i].Label(k); !slices.Contains(labels, l) {
				labels = append(labels, l)
			}
		}
		if len(labels) > most {
			best, most = &records[i], len(labels)
		}
	}
	return best
}
