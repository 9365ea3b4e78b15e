package perturb

import (
	"context"
	"fmt"
	"image"
	"slices"
)

// Scaling says at which sizes pictures are embedded.
type Scaling struct {
	// Sizes are the shorter sides, in pixels, in the order of the steps.
	Sizes []int `json:"sizes"`
	// Centred places the picture in the middle; otherwise its top left
	// corner stays at one random place, where the largest size fits.
	Centred    bool       `json:"centred"`
	Background Background `json:"background"`
	Filter     string     `json:"resize"`
	Seed       uint64     `json:"seed"`
}

// DefaultScale is the paper's pair: a picture, and one a hundredth larger.
func DefaultScale() Scaling {
	return Scaling{Sizes: []int{100, 101}, Background: Mean, Filter: "pillow-bilinear", Seed: 1}
}

// DefaultRescale is 60 to 210 pixels in the middle of an inpainted canvas.
func DefaultRescale() Scaling {
	return Scaling{Sizes: Range(60, 210, 10), Centred: true, Background: Inpaint, Filter: "pillow-bilinear", Seed: 1}
}

// Range are the numbers from … to by steps of by.
func Range(from, to, by int) []int {
	var out []int
	for v := from; v <= to && by > 0; v += by {
		out = append(out, v)
	}
	return out
}

// Validate says what is wrong, or nil.
func (s *Scaling) Validate() error {
	switch {
	case len(s.Sizes) < 2:
		return fmt.Errorf("at least two sizes are needed, got %d", len(s.Sizes))
	case slices.Min(s.Sizes) < 1 || slices.Max(s.Sizes) > maxShift:
		return fmt.Errorf("sizes must be between 1 and %d pixels, got %v", maxShift, s.Sizes)
	case !slices.Contains([]Background{Black, Mean, Inpaint}, s.Background):
		return fmt.Errorf("background must be black, mean or inpaint, got %q", s.Background)
	case !slices.Contains(Filters(), s.Filter):
		return fmt.Errorf("unknown resize filter %q: want one of %v", s.Filter, Filters())
	}
	return nil
}

// Scale embeds all pictures at all sizes. A picture's record is one chain
// whose steps say the shorter side.
func Scale(ctx context.Context, lab *Lab, src Source, s Scaling) (*Outcome[Moved], error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return runJobs(ctx, lab, fmt.Sprintf("scale %+v", s), src, func(ctx context.Context, i int) (*job[Moved], error) {
		p, err := load(ctx, src, i)
		if err != nil {
			return nil, err
		}
		m := lab.Classifier.Model()
		want := m.Want()
		w, h := want.Width, want.Height
		rng := random(s.Seed, "scale", src.Name(i))
		most, err := object(p, slices.Max(s.Sizes), w, h, s.Filter)
		if err != nil {
			return nil, err
		}
		corner := image.Pt(rng.IntN(w-most.Width+1), rng.IntN(h-most.Height+1))
		plan := chainPlan{}
		var stages []*stage
		for _, size := range s.Sizes {
			// Each size comes of the original, not of another size.
			o, err := object(p, size, w, h, s.Filter)
			if err != nil {
				return nil, err
			}
			at := corner
			if s.Centred {
				at = image.Pt((w-o.Width)/2, (h-o.Height)/2)
			}
			stages = append(stages, newStage(o, at, w, h, []image.Point{{}}, s.Background, m))
			plan.shifts = append(plan.shifts, image.Pt(size, size))
		}
		plan.render = func(dst []byte, k int) { stages[k].render(dst, image.Point{}) }
		return chainJob(src.Name(i), src.Class(i), []chainPlan{plan}, nil), nil
	})
}

// Accuracy is how often the true class is found at one size.
type Accuracy struct {
	Size int       `json:"size"`
	Top1 *Estimate `json:"top1"`
	Top5 *Estimate `json:"top5"`
}

// AccuracyBySize counts the chains whose class is known.
func AccuracyBySize(chains []Chain) []Accuracy {
	var out []Accuracy
	top1, top5, n := map[int]int{}, map[int]int{}, map[int]int{}
	for i := range chains {
		c := &chains[i]
		if c.Truth < 0 {
			continue
		}
		for k := range c.Steps {
			s := &c.Steps[k]
			if n[s.At.X] == 0 {
				out = append(out, Accuracy{Size: s.At.X})
			}
			n[s.At.X]++
			if s.Label() == c.Truth {
				top1[s.At.X]++
			}
			if s.Has(c.Truth) {
				top5[s.At.X]++
			}
		}
	}
	slices.SortFunc(out, func(a, b Accuracy) int { return a.Size - b.Size })
	for i := range out {
		size := out[i].Size
		out[i].Top1, out[i].Top5 = counted(top1[size], n[size]), counted(top5[size], n[size])
	}
	return out
}

// counted is a share of independent cases, with Wilson's interval.
func counted(k, n int) *Estimate {
	if n == 0 {
		return nil
	}
	p := float64(k) / float64(n)
	low, high := wilson(p, n)
	return &Estimate{Value: p, Low: &low, High: &high, Pictures: n}
}
