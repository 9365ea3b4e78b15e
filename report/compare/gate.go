package compare

import (
	"context"
	"slices"
)

// AddDelta compares a run with a baseline and adds the differences to the
// run's summary: of each stream, pooled and averaged. Sources must be the same
// ones, unless sameContent vouches for them, and of the identity only the parts
// in allow may differ, or not be known in one of them; else a [Refusal] says what does, and the summary stays
// as it is.
func AddDelta(ctx context.Context, base, run *Side, allow []string, sameContent bool) error {
	places, err := match(base, run, sameContent)
	if err != nil {
		return err
	}
	for i, j := range places {
		for _, d := range Identities(base.stream(i).Identity, run.stream(j).Identity) {
			if !d.Unknown() && !slices.Contains(allow, d.Part()) {
				return refuse("%s of %s is %s in %s and %s in %s: give --allow-identity %s if that is what you compare",
					d.Field, base.stream(i).Stream, orNothing(d.Baseline), base.Name, orNothing(d.Run), run.Name, d.Part())
			}
		}
	}
	res, err := Runs(ctx, []*Side{base, run}, Options{SameContent: sameContent})
	if err != nil {
		return err
	}
	c := &res.Comparisons[0]
	for i := range c.PerStream {
		run.stream(c.places[i]).Delta = &c.PerStream[i].Delta
	}
	run.Summary.Total.Micro.Delta, run.Summary.Total.Macro.Delta = &c.Delta, &c.macro
	return nil
}
