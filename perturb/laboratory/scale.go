package laboratory

import (
	"context"

	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/page"
)

// scaleExperiment is flipmeter probe scale and, with rescale set, flipmeter
// probe rescale.
type scaleExperiment struct {
	settings perturb.Scaling
	rescale  bool
	moved    []page.Moved
	rows     []perturb.ChainRow
}

func (e *scaleExperiment) name() string {
	if e.rescale {
		return "rescale"
	}
	return "scale"
}

func (e *scaleExperiment) measure(ctx context.Context, lab *perturb.Lab, src *modelPictures) (bool, error) {
	if e.rescale && !src.anyClass() {
		return false, bad("rescale measures accuracy, but the class of none of the pictures is known: give --truth FILE, or folders named after classes")
	}
	out, err := perturb.Scale(ctx, lab, src, e.settings)
	if err != nil {
		return false, err
	}
	m := movedOf(lab, out)
	for i := range m.Chains {
		e.rows = append(e.rows, m.Chains[i].Rows(m.Model)...)
	}
	e.moved = append(e.moved, m)
	return out.Complete, nil
}

// rescaledSummary is one model's part in probe.json.
type rescaledSummary struct {
	Model    string             `json:"model"`
	Accuracy []perturb.Accuracy `json:"accuracy"`
	LeftOut  []perturb.LeftOut  `json:"left_out"`
	Complete bool               `json:"complete"`
}

func (e *scaleExperiment) results() results {
	r := results{tables: []tableOf{newTable(e.name(), e.rows)}, measured: len(e.rows) > 0}
	if len(e.moved) == 0 {
		return r
	}
	if !e.rescale {
		r.sections = []page.Section{page.Scale(e.settings, e.moved)}
		r.summary = summaryOfMoved(e.settings, e.moved)
		return r
	}
	var models []page.Rescaled
	var sums []rescaledSummary
	for _, m := range e.moved {
		a := perturb.AccuracyBySize(m.Chains)
		models = append(models, page.Rescaled{Moved: m, Accuracy: a})
		sums = append(sums, rescaledSummary{m.Model.Name, a, m.LeftOut, m.Complete})
	}
	r.sections = []page.Section{page.Rescale(e.settings, models)}
	r.summary = settingsSummary{e.settings, sums}
	return r
}

// Sizes are those from … to by steps of step.
func Sizes(from, to, step int) []int { return perturb.Range(from, to, step) }
