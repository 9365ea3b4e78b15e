package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/labelmap"
)

// means is what a camera needs before it can be followed.
type means struct {
	// model and classifier are nil where somebody else classifies.
	model      *sharedModel
	classifier infer.Classifier // the model, with labels merged
	labelMap   *labelmap.Map    // nil: none
	traces     []int32
}

// prepare opens a camera's model, or shares it, and reads its label map.
func (w *watching) prepare(ctx context.Context, cam *configs.Camera) (_ *means, err error) {
	p := &means{}
	if path := cam.Settings.LabelMap; path != "" {
		if p.labelMap, err = labelmap.Load(path); err != nil {
			return nil, fmt.Errorf("%w: label_map: %w", ErrUsage, err)
		}
	}
	if _, _, elsewhere := cam.InMessages(); elsewhere {
		if p.labelMap != nil && p.labelMap.Sums() {
			return nil, fmt.Errorf("%w: label_map: %s: sums of scores need the probabilities of all classes, which messages don't have: use scores: max", ErrUsage, cam.Settings.LabelMap)
		}
		return p, nil
	}
	if p.model, err = w.openModelOf(ctx, cam); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.models.release(p.model))
		}
	}()
	p.classifier = p.model
	if p.labelMap != nil {
		if p.classifier, err = labelmap.Wrap(p.model, p.labelMap); err != nil {
			return nil, fmt.Errorf("%w: label_map: %s: %w", ErrUsage, cam.Settings.LabelMap, err)
		}
	}
	p.traces, err = findClasses(p.classifier.Model(), cam.Settings.Trace)
	return p, err
}

// discard undoes prepare, for a camera that is not followed after all.
func (w *watching) discard(p *means) error {
	if p.model == nil {
		return nil
	}
	return w.models.release(p.model)
}

// openModelOf waits for a camera's model.
func (w *watching) openModelOf(ctx context.Context, cam *configs.Camera) (*sharedModel, error) {
	atMost := w.o.ModelTimeout
	if atMost == 0 {
		atMost = modelTimeout
	}
	m := w.models.acquire(ctx, cam.Settings.Model)
	err := w.await(ctx, m.opened, atMost)
	if err != nil {
		err = fmt.Errorf("open its model: %w", err)
	} else if err = m.err; err == nil {
		return m, nil
	}
	return nil, errors.Join(err, w.models.release(m))
}
