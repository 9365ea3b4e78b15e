package app

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/report"
)

// explainedPairs is how many flips of a stream are looked at again, and how
// many changes of the truth.
const explainedPairs = 60

// explainFilters are two resize functions that every build has, other than
// the model's own.
func explainFilters(own frame.Filter) []frame.Filter {
	var out []frame.Filter
	for _, f := range []frame.Filter{"pillow-bicubic", "torch-bilinear", "pillow-bilinear"} {
		if f != own && len(out) < 2 {
			out = append(out, f)
		}
	}
	return out
}

// explainWants asks for the model's picture with a pixel more on each side,
// where there is something, and for it through the other resize functions.
func explainWants(m *infer.ModelInfo, filters []frame.Filter) wants {
	in := m.Want()
	w := wants{list: []frame.Want{in}}
	if in.Fit == frame.FitCrop && in.ShortSide >= max(in.Width, in.Height)+2 {
		w.list[0].Width += 2
		w.list[0].Height += 2
	}
	for _, f := range filters {
		other := in
		other.Filter = f
		w.list = append(w.list, other)
	}
	return w
}

// explain reads the source once more and looks at the frames of chosen pairs.
func (a *analysis) explain(ctx context.Context, source, name string, e *explainer) (_ *report.Explained, err error) {
	e.endRun()
	pairs := perturb.ChoosePairs(e.flips.pairs, e.held.pairs, e.changes.pairs, explainedPairs)
	wanted := make(map[uint64]bool)
	var last uint64
	for _, p := range pairs {
		wanted[p.Before], wanted[p.Seq] = true, true
		last = max(last, p.Seq)
	}
	filters := explainFilters(a.classifier.Model().Preprocessing.Filter)
	found := make(map[uint64]*perturb.Steadiness, len(wanted))
	if len(pairs) > 0 {
		changes := ""
		if n := min(e.changes.seen, explainedPairs); n > 0 {
			changes = fmt.Sprintf(" and %d true changes", n)
		}
		a.say("%s: looking once more at %d frames around %d flips%s", name, len(wanted), min(e.flips.seen, explainedPairs), changes)
		if err := a.lookAgain(ctx, source, name, filters, wanted, last, found); err != nil {
			return nil, err
		}
	}
	out := explainedOf(perturb.Explain(pairs, found))
	out.Of, out.OfChanges = e.flips.seen, e.changes.seen
	for _, f := range filters {
		out.Filters = append(out.Filters, string(f))
	}
	for _, p := range pairs {
		before, after := found[p.Before], found[p.Seq]
		if seq, ok := e.seq[p.Seq]; ok && before != nil && after != nil {
			out.Nine[seq] = [2][9]int32{before.Shifted, after.Shifted}
		}
	}
	return out, nil
}

// lookAgain classifies the wanted frames under all shifts and filters.
func (a *analysis) lookAgain(ctx context.Context, source, name string, filters []frame.Filter, wanted map[uint64]bool, last uint64, found map[uint64]*perturb.Steadiness) (err error) {
	open := openSource
	if a.o.open != nil {
		open = a.o.open
	}
	src, err := open(ctx, a.o, source, name, explainWants(a.classifier.Model(), filters), a.pool, a.log)
	if err != nil {
		return fmt.Errorf("explain flips: %w", err)
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	var f frame.Frame
	defer f.Release()
	skipper, canSkip := src.(ingest.Skipper)
	for at := uint64(0); at <= last; at++ {
		if canSkip && !wanted[at] {
			n := int64(1)
			for !wanted[at+uint64(n)] {
				n++
			}
			if err := skipper.Skip(ctx, n); err != nil {
				return fmt.Errorf("explain flips: %w", err)
			}
			at += uint64(n)
		}
		if err := src.Read(ctx, &f); err != nil {
			return fmt.Errorf("explain flips: %w", err)
		}
		if wanted[at] {
			if found[at], err = a.steadiness(ctx, name, &f); err != nil {
				return fmt.Errorf("explain flips: %w", err)
			}
		}
	}
	return nil
}

// steadiness classifies one frame eleven times, as many at once as the
// classifier runs.
func (a *analysis) steadiness(ctx context.Context, name string, f *frame.Frame) (*perturb.Steadiness, error) {
	want := a.classifier.Model().Want()
	shifts := perturb.NineShifts()
	n := len(shifts) + len(f.Pictures) - 1
	labels, errs := make([]int32, n), make([]error, n)
	work := make(chan int)
	var wg sync.WaitGroup
	for range a.classifier.Parallel() {
		wg.Go(func() {
			own := frame.Frame{Stream: name, Seq: f.Seq, Pictures: make([]frame.Picture, 1)}
			moved := frame.Picture{Width: want.Width, Height: want.Height, Channels: 3, Pix: make([]byte, 3*want.Width*want.Height)}
			var p infer.Prediction
			for k := range work {
				if own.Pictures[0] = moved; k < len(shifts) {
					perturb.ShiftedView(moved, f.Pictures[0], shifts[k])
				} else {
					own.Pictures[0] = f.Pictures[k-len(shifts)+1]
				}
				if errs[k] = a.classifier.Classify(ctx, &own, 0, &p); errs[k] == nil {
					var top [1]infer.Ranked
					infer.TopK(p.Probs, top[:])
					labels[k] = top[0].Index
				}
			}
		})
	}
	for k := range n {
		work <- k
	}
	close(work)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &perturb.Steadiness{Shifted: [9]int32(labels[:9]), Filtered: labels[9:]}, nil
}

// explainedOf is the comparison in the report's words.
func explainedOf(e perturb.Explanation) *report.Explained {
	number := func(e *perturb.Estimate) *report.ExplainedNumber {
		if e == nil {
			return nil
		}
		return &report.ExplainedNumber{Value: e.Value, Low: e.Low, High: e.High}
	}
	group := func(g perturb.GroupSteadiness) report.ExplainedGroup {
		return report.ExplainedGroup{Pairs: g.Pairs, Touching: g.Touching, Shifts: number(g.Shifts), Filters: number(g.Filters)}
	}
	return &report.Explained{
		Flips: group(e.Flips), Held: group(e.Held), TrueChanges: group(e.TrueChanges), Odds: number(e.Odds),
		TrueChangeOdds: number(e.TrueChangeOdds), FlipToTrueOdds: number(e.FlipToTrueOdds),
		Nine: make(map[uint64][2][9]int32),
	}
}
