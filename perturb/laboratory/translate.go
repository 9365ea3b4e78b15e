package laboratory

import (
	"context"
	"strings"

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

func (e *translateExperiment) name() string {
	return strings.ReplaceAll(page.TranslateID(e.settings), "-", " ")
}

func (e *translateExperiment) measure(ctx context.Context, lab *perturb.Lab, src *modelPictures) (bool, error) {
	of := func(i int) []perturb.Box { return e.boxes.Of(src.Name(i)) }
	out, err := perturb.Translate(ctx, lab, src, of, e.settings)
	if err != nil {
		return false, err
	}
	m := movedOf(lab, out)
	if e.settings.Protocol == perturb.BBox && len(e.moved) == 0 { // they are no model's
		m.LeftOut = append(m.LeftOut, e.boxes.LeftOut...)
	}
	for i := range m.Chains {
		e.rows = append(e.rows, m.Chains[i].Rows(m.Model)...)
	}
	e.moved = append(e.moved, m)
	return out.Complete, nil
}

// FillTranslation puts the protocol's defaults in place of those settings
// that the user has not given; given knows them by the names of their flags.
func (o *Settings) FillTranslation(given func(flag string) bool) {
	user, t := o.Translation, perturb.DefaultTranslation(o.Translation.Protocol)
	for flag, take := range map[string]func(){
		"direction":  func() { t.Direction = user.Direction },
		"background": func() { t.Background = user.Background },
		"faithful":   func() { t.Faithful = user.Faithful },
		"from":       func() { t.From = user.From },
		"to":         func() { t.To = user.To },
		"size":       func() { t.Short = user.Short },
		"area":       func() { t.Area = user.Area },
		"repeats":    func() { t.Repeats = user.Repeats },
		"resize":     func() { t.Filter = user.Filter },
		"seed":       func() { t.Seed = user.Seed },
	} {
		if given(flag) {
			take()
		}
	}
	o.Translation = t
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
	r := results{}
	if len(e.moved) == 0 {
		return r
	}
	r.sections = []page.Section{page.Translate(e.settings, e.moved)}
	r.tables = []tableOf{newTable(page.TranslateID(e.settings), e.rows)}
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
