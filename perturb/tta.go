package perturb

import (
	"context"
	"fmt"
	"image"
	"slices"
)

// Averaging says how answers are averaged over copies of a picture.
type Averaging struct {
	// Copies are the numbers of copies that are compared.
	Copies []int `json:"copies"`
	// Scaled averages over sizes (100, 101, 99, 102, …) instead of shifts.
	Scaled bool `json:"scaled"`
	// From and To are the first and the last step of the sweep along which
	// the averaged answer is watched, in pixels.
	From       int        `json:"from"`
	To         int        `json:"to"`
	Short      int        `json:"size"`
	Background Background `json:"background"`
	Filter     string     `json:"resize"`
}

// DefaultAveraging compares up to 25 copies along 20 steps.
func DefaultAveraging() Averaging {
	return Averaging{Copies: []int{1, 3, 5, 9, 16, 25}, From: -10, To: 10, Short: 100, Background: Inpaint, Filter: "pillow-bilinear"}
}

// Validate says what is wrong, or nil.
func (a *Averaging) Validate() error {
	t := Translation{Protocol: Sweep, Direction: Vertical, From: a.From, To: a.To, Short: a.Short, Background: a.Background, Area: 1, Repeats: 1, Filter: a.Filter}
	switch {
	case len(a.Copies) == 0:
		return fmt.Errorf("no numbers of copies are given")
	case slices.Min(a.Copies) < 1 || slices.Max(a.Copies) > MaxCopies:
		return fmt.Errorf("numbers of copies must be between 1 and %d, got %v", MaxCopies, a.Copies)
	case !rising(a.Copies):
		return fmt.Errorf("numbers of copies must rise, got %v", a.Copies)
	case a.Scaled && slices.Max(a.Copies)/2 >= a.Short:
		return fmt.Errorf("%d sizes around %d pixels go below 1", slices.Max(a.Copies), a.Short)
	case a.From >= a.To:
		return fmt.Errorf("a sweep needs at least two steps, got %d to %d", a.From, a.To)
	}
	return t.Validate()
}

// rising says that each number is larger than the one before.
func rising(list []int) bool {
	for i := 1; i < len(list); i++ {
		if list[i] <= list[i-1] {
			return false
		}
	}
	return true
}

// view is one shot: a size and a shift.
type view struct {
	size int
	by   image.Point
}

// copy k of a step, all of which are compared.
func (a *Averaging) views(n int) []view {
	out := make([]view, n)
	if a.Scaled {
		for k := range out {
			d := (k + 1) / 2
			if k%2 == 0 {
				d = -d
			}
			out[k].size = a.Short + d
		}
		return out
	}
	for k, o := range Offsets(n) {
		out[k] = view{a.Short, o}
	}
	return out
}

// Average moves each embedded picture vertically, averages the answers over
// the first n of the copies at every step, and gives a chain for each n,
// which its name is. Copies that several steps share are classified once.
func Average(ctx context.Context, lab *Lab, src Source, a Averaging) (*Outcome[Moved], error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	steps := shifts(Vertical, a.From, a.To)
	views := a.views(slices.Max(a.Copies))
	// Every shot that some step needs, and where it is.
	at := make(map[view]int)
	var shots []view
	for _, s := range steps {
		for _, v := range views {
			v.by = v.by.Add(s)
			if _, ok := at[v]; !ok {
				at[v] = len(shots)
				shots = append(shots, v)
			}
		}
	}
	all := make([]image.Point, len(shots))
	for i, v := range shots {
		all[i] = v.by
	}
	return runJobs(ctx, lab, fmt.Sprintf("tta %+v", a), src, func(ctx context.Context, i int) (*job[Moved], error) {
		p, err := load(ctx, src, i)
		if err != nil {
			return nil, err
		}
		m := lab.Classifier.Model()
		want := m.Want()
		t := translation{w: want.Width, h: want.Height}
		room := t.room(all)
		stages := make(map[int]*stage)
		for _, v := range views {
			if stages[v.size] != nil {
				continue
			}
			o, err := object(p, v.size, room.X, room.Y, a.Filter)
			if err != nil {
				return nil, err
			}
			stages[v.size] = newStage(o, image.Pt((t.w-o.Width)/2, (t.h-o.Height)/2), t.w, t.h, all, a.Background, m)
		}
		picture, truth := src.Name(i), src.Class(i)
		return &job[Moved]{
			shots:  len(shots),
			render: func(k int, dst []byte) { stages[shots[k].size].render(dst, shots[k].by) },
			measure: func(answers [][]float32) Moved {
				var m Moved
				for _, n := range a.Copies {
					means := make([][]float32, len(steps))
					for k, s := range steps {
						means[k] = meanOf(answers, views[:n], s, at)
					}
					m.Chains = append(m.Chains, newChain(picture, fmt.Sprint(n), truth, steps, means))
				}
				return m
			},
		}, nil
	})
}

// meanOf averages the answers to a step's copies.
func meanOf(answers [][]float32, views []view, step image.Point, at map[view]int) []float32 {
	sum := make([]float64, len(answers[0]))
	for _, v := range views {
		v.by = v.by.Add(step)
		for k, p := range answers[at[v]] {
			sum[k] += float64(p)
		}
	}
	out := make([]float32, len(sum))
	for k, s := range sum {
		out[k] = float32(s / float64(len(views)))
	}
	return out
}

// AveragingMeasures are the measures for one number of copies, which is also
// what it costs.
type AveragingMeasures struct {
	Copies   int      `json:"copies"`
	Measures Measures `json:"measures"`
}

// MeasureByCopies groups chains by their name.
func MeasureByCopies(chains []Chain, copies []int) []AveragingMeasures {
	var out []AveragingMeasures
	for _, n := range copies {
		var some []Chain
		for i := range chains {
			if chains[i].Name == fmt.Sprint(n) {
				some = append(some, chains[i])
			}
		}
		out = append(out, AveragingMeasures{n, Measure(some)})
	}
	return out
}
