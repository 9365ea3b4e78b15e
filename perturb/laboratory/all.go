package laboratory

import (
	"context"
	"errors"
	"fmt"

	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/page"
)

// All asks for every experiment with the paper's settings. What lacks its
// input (boxes, classes, feature maps) is left out and named on the page.
func (o *Settings) All(seed uint64) {
	o.all = true
	o.Experiments = []string{"translate sweep", "translate embed", "translate embed black", "translate crop"}
	if len(o.Boxes) > 0 {
		o.Experiments = append(o.Experiments, "translate bbox")
	}
	o.Experiments = append(o.Experiments, "scale", "rescale", "resize", "tta", "layers")
	if len(o.Boxes) > 0 {
		o.Experiments = append(o.Experiments, "bias")
	}
	o.Scale.Seed = seed
	o.Translation.Seed = seed
}

// translationOf is the setting of a part of "all".
func (o *Settings) translationOf(experiment string) (perturb.Translation, bool) {
	var p perturb.Protocol
	bg := perturb.Background("")
	switch experiment {
	case "translate":
		return o.Translation, true
	case "translate sweep":
		p = perturb.Sweep
	case "translate embed":
		p = perturb.Embed
	case "translate embed black":
		p, bg = perturb.Embed, perturb.Black
	case "translate crop":
		p = perturb.Crop
	case "translate bbox":
		p = perturb.BBox
	default:
		return perturb.Translation{}, false
	}
	t := perturb.DefaultTranslation(p)
	t.Seed = o.Translation.Seed
	if bg != "" {
		t.Background = bg
	}
	return t, true
}

// optional lets an experiment of "all" fail for want of its input: the page
// then says so, and the others go on.
type optional struct {
	experiment
	missing []string
}

// measure notes what is wrong with the input instead of returning it.
func (o *optional) measure(ctx context.Context, lab *perturb.Lab, src *modelPictures) (bool, error) {
	complete, err := o.experiment.measure(ctx, lab, src)
	return o.note(complete, err)
}

func (o *optional) note(complete bool, err error) (bool, error) {
	if !errors.Is(err, ErrInput) {
		return complete, err
	}
	o.missing = append(o.missing, err.Error())
	return true, nil
}

// results are the experiment's, or a section that says what is missing.
func (o *optional) results() results {
	r := o.experiment.results()
	if len(r.sections) > 0 || len(o.missing) == 0 {
		return r
	}
	return results{sections: []page.Section{{
		ID: page.FileName(o.name()), Title: fmt.Sprintf("Not done: %s", o.name()), Lead: o.missing[0] + ".",
	}}, summary: map[string]string{"missing": o.missing[0]}}
}
