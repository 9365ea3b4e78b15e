package app

import (
	"context"

	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/boxes"
	"github.com/flipmeter/flipmeter/perturb/page"
)

// translateExperiment is flipmeter probe translate.
type translateExperiment struct {
	settings perturb.Translation
	boxes    *boxes.Set
	moved    []page.Moved
	rows     []perturb.ChainRow
}

func (e *translateExperiment) name() string { return "translate " + string(e.settings.Protocol) }

func (e *translateExperiment) measure(ctx context.Context, lab *perturb.Lab, src *modelPictures) (bool, error) {
	of := func(i int) []perturb.Box { return e.boxes.Of(src.Name(i)) }
	out, err := perturb.Translate(ctx, lab, src, of, e.settings)
	if err != nil {
		return false, err
	}
	m := movedOf(lab, out)
	if e.settings.Protocol == perturb.BBox {
		m.LeftOut = append(m.LeftOut, e.boxes.LeftOut...)
	}
	for i := range m.Chains {
		e.rows = append(e.rows, m.Chains[i].Rows(m.Model)...)
	}
	e.moved = append(e.moved, m)
	return out.Complete, nil
}

// movedOf gathers the chains of all pictures.
func movedOf(lab *perturb.Lab, out *perturb.Outcome[perturb.Moved]) page.Moved {
	m := page.Moved{Model: lab.Classifier.Model(), LeftOut: out.LeftOut, Complete: out.Complete}
	for _, r := range out.Records {
		m.Chains = append(m.Chains, r.Chains...)
		m.LeftOut = append(m.LeftOut, r.LeftOut...)
	}
	m.Measures = perturb.Measure(m.Chains)
	return m
}

func (e *translateExperiment) results() results {
	r := results{sections: []page.Section{page.Translate(e.settings, e.moved)}}
	r.tables = []tableOf{newTable("translate-"+string(e.settings.Protocol), e.rows)}
	r.summary = summaryOfMoved(e.settings, e.moved)
	r.measured = len(e.rows) > 0
	return r
}

// movedSummary is one model's part in probe.json.
type movedSummary struct {
	Model    string            `json:"model"`
	Measures perturb.Measures  `json:"measures"`
	LeftOut  []perturb.LeftOut `json:"left_out"`
	Complete bool              `json:"complete"`
}

type settingsSummary struct {
	Settings any `json:"settings"`
	Models   any `json:"models"`
}

func summaryOfMoved(settings any, moved []page.Moved) settingsSummary {
	models := make([]movedSummary, len(moved))
	for i, m := range moved {
		models[i] = movedSummary{m.Model.Name, m.Measures, m.LeftOut, m.Complete}
	}
	return settingsSummary{settings, models}
}
