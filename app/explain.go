package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/explain"
	"github.com/flipmeter/flipmeter/report"
)

// explain reads the source once more and looks at the frames of chosen pairs.
func (a *analysis) explain(ctx context.Context, source, name string, rec *explain.Recorder) (*report.Explained, error) {
	chosen := rec.Choose()
	model := a.classifier.Model()
	filters := explain.Filters(model.Preprocessing.Filter)
	if chosen.Frames > 0 {
		changes := ""
		if n := explain.LookedAt(chosen.Changes); n > 0 {
			changes = fmt.Sprintf(" and %d true changes", n)
		}
		a.say("%s: looking once more at %d frames around %d flips%s", name, chosen.Frames, explain.LookedAt(chosen.Flips), changes)
		open := openSource
		if a.o.open != nil {
			open = a.o.open
		}
		src, err := open(ctx, a.o, source, name, wants{list: explain.Wants(model, filters)}, a.pool, a.log)
		if err != nil {
			return nil, fmt.Errorf("explain flips: %w", err)
		}
		if err := errors.Join(chosen.Look(ctx, src, a.classifier, name), src.Close()); err != nil {
			return nil, fmt.Errorf("explain flips: %w", err)
		}
	}
	out := explainedOf(chosen.Explanation())
	out.Of, out.OfChanges, out.Nine = chosen.Flips, chosen.Changes, chosen.Nine()
	for _, f := range filters {
		out.Filters = append(out.Filters, string(f))
	}
	return out, nil
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
	}
}
