package laboratory

import (
	"context"
	"fmt"
	"image"

	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/page"
)

// biasExperiment is flipmeter probe bias. It needs no model.
type biasExperiment struct {
	placed  []perturb.Placed
	left    []perturb.LeftOut
	classes []perturb.ClassBias
}

func (e *biasExperiment) name() string { return "bias" }

// once finds where the boxes are. Where annotations don't state a picture's
// size, the picture itself is looked at, if it is among those given.
func (e *biasExperiment) once(ctx context.Context, l *Run) error {
	at := make(map[string]int, len(l.pictures.refs))
	for i, r := range l.pictures.refs {
		at[r.name] = i
		at[pathBase(r.name)] = i
	}
	sizes := make(map[string]image.Point)
	size := func(picture string) (image.Point, bool) {
		if s, ok := sizes[picture]; ok {
			return s, s.X > 0
		}
		var s image.Point
		i, ok := at[picture]
		if !ok {
			i, ok = at[pathBase(picture)]
		}
		if ok && ctx.Err() == nil {
			if p, err := l.pictures.load(ctx, i); err == nil {
				s = image.Pt(p.Width, p.Height)
			}
		}
		sizes[picture] = s
		return s, s.X > 0
	}
	e.placed, e.left = perturb.Place(l.boxes.Boxes, size)
	e.left = append(e.left, l.boxes.LeftOut...)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	e.classes = perturb.Bias(e.placed)
	if len(e.placed) == 0 {
		why := "there are none"
		if len(e.left) > 0 {
			why = e.left[0].Name + ": " + e.left[0].Why
		}
		return fmt.Errorf("none of the boxes can be used: %s", why)
	}
	return nil
}

func (e *biasExperiment) measure(context.Context, *perturb.Lab, *modelPictures) (bool, error) {
	return true, nil
}

// biasSummary is its part in probe.json.
type biasSummary struct {
	Classes []perturb.ClassBias `json:"classes"`
	LeftOut []perturb.LeftOut   `json:"left_out"`
}

func (e *biasExperiment) results() results {
	return results{
		sections: []page.Section{page.Bias(e.classes, e.placed, e.left)},
		tables:   []tableOf{newTable("bias", e.placed)},
		summary:  biasSummary{e.classes, e.left}, measured: len(e.placed) > 0,
	}
}
