package laboratory

import (
	"context"

	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/page"
)

// ttaExperiment is flipmeter probe tta.
type ttaExperiment struct {
	settings perturb.Averaging
	models   []page.Averaged
	rows     []perturb.ChainRow
}

func (e *ttaExperiment) name() string { return "tta" }

func (e *ttaExperiment) measure(ctx context.Context, lab *perturb.Lab, src *modelPictures) (bool, error) {
	out, err := perturb.Average(ctx, lab, src, e.settings)
	if err != nil {
		return false, err
	}
	m := page.Averaged{Moved: movedOf(lab, out)}
	m.Copies = perturb.MeasureByCopies(m.Chains, e.settings.Copies)
	for i := range m.Chains {
		e.rows = append(e.rows, m.Chains[i].Rows(m.Model)...)
	}
	e.models = append(e.models, m)
	return out.Complete, nil
}

// averagedSummary is one model's part in probe.json.
type averagedSummary struct {
	Model    string                      `json:"model"`
	Copies   []perturb.AveragingMeasures `json:"copies"`
	LeftOut  []perturb.LeftOut           `json:"left_out"`
	Complete bool                        `json:"complete"`
}

func (e *ttaExperiment) results() results {
	r := results{tables: []tableOf{newTable("tta", e.rows)}, measured: len(e.rows) > 0}
	if len(e.models) == 0 {
		return r
	}
	var sums []averagedSummary
	for _, m := range e.models {
		sums = append(sums, averagedSummary{m.Model.Name, m.Copies, m.LeftOut, m.Complete})
	}
	r.sections = []page.Section{page.Average(e.settings, e.models)}
	r.summary = settingsSummary{e.settings, sums}
	return r
}
