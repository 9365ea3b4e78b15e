package laboratory

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/images"
	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/boxes"
)

// Deps are what a run cannot choose itself.
type Deps struct {
	Codec images.Codec // that decodes pictures
	Video OpenVideo
	// Models is called once, where an experiment asks a network.
	Models func() (Models, error)
	// Say tells the person something on the way.
	Say func(text string)
	// Progress begins to show how far an experiment is. told is called from
	// several goroutines, stop once.
	Progress func(name string) (told func(perturb.Progress), stop func())
}

// OpenVideo opens a video file.
type OpenVideo func(ctx context.Context, path string, wants []frame.Want, pool *frame.Pool) (ingest.Source, error)

// Run is one run of experiments. It belongs to one goroutine.
type Run struct {
	o        *Settings
	deps     *Deps
	pictures *pictureList
	boxes    *boxes.Set
	truth    []byte // the file of truth
	store    *journal
	models   []*infer.ModelInfo
	depths   []int // of the models
	notes    []string
}

// Open lists the pictures and reads the files that the settings name. It
// writes nothing. The run must be closed.
func Open(ctx context.Context, o Settings, deps Deps) (*Run, error) {
	l := &Run{o: &o, deps: &deps}
	var err error
	if l.boxes, err = readBoxes(o.Boxes); err != nil {
		return nil, err
	}
	if o.Truth != "" {
		if l.truth, err = os.ReadFile(o.Truth); err != nil {
			return nil, bad("--truth: open %s: %w", o.Truth, errors.Unwrap(err))
		}
	}
	if l.pictures, err = openPictures(ctx, &o, &deps); err != nil {
		return nil, err
	}
	l.notes = l.pictures.notes
	for _, note := range l.notes {
		deps.Say(note)
	}
	return l, nil
}

// Close closes a video that is open.
func (l *Run) Close() error { return l.pictures.Close() }

// experiment is one of the things that a laboratory can do. Measure is called
// for one model after the other; the rest says what came of it.
type experiment interface {
	name() string
	measure(ctx context.Context, lab *perturb.Lab, src *modelPictures) (complete bool, err error)
	results() results
}

// onceOnly is an experiment that does something before the first model.
type onceOnly interface {
	once(ctx context.Context, l *Run) error
}

// opener is an experiment that needs more of a model than its answers.
type opener interface {
	open(ctx context.Context, models Models, path string) (closeIt func() error, err error)
}

// Measure runs the experiments and writes what came of them into the output
// folder. When ctx ends, what was measured until then is written, marked
// incomplete, and no error is returned, unless nothing was.
func (l *Run) Measure(ctx context.Context) (res *Result, err error) {
	experiments, err := l.experiments()
	if err != nil {
		return nil, err
	}
	if l.store, err = openJournal(l.o.Out, l.pictures.fingerprint(l.truth, l.boxes), l.o.Resume); err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := l.store.Close(); closeErr != nil {
			err = errors.Join(err, fmt.Errorf("close the journal: %w", closeErr))
		}
	}()
	if n := l.store.Len(); n > 0 {
		l.say("going on after %d pictures that were measured before", n)
	}
	complete, err := l.measureAll(ctx, experiments)
	if err != nil {
		return nil, err
	}
	return l.finish(experiments, complete)
}

func (l *Run) say(format string, args ...any) { l.deps.Say(fmt.Sprintf(format, args...)) }

// experiments are those that are asked for, in their order.
func (l *Run) experiments() ([]experiment, error) {
	var out []experiment
	for _, name := range l.o.Experiments {
		var e experiment
		if t, ok := l.o.translationOf(name); ok {
			e = &translateExperiment{settings: t, boxes: l.boxes}
		}
		switch name {
		case "scale":
			e = &scaleExperiment{settings: l.o.Scale}
		case "rescale":
			e = &scaleExperiment{settings: l.o.Rescale, rescale: true}
		case "resize":
			e = &resizeExperiment{codec: l.pictures.codec}
		case "tta":
			e = &ttaExperiment{settings: l.o.TTA}
		case "layers":
			e = &layersExperiment{settings: l.o.Layers}
		case "bias":
			e = &biasExperiment{}
		}
		if e == nil {
			return nil, fmt.Errorf("BUG: there is no experiment %q", name)
		}
		if l.o.all && (name == "rescale" || name == "layers") {
			e = &optional{experiment: e}
		}
		out = append(out, e)
	}
	return out, nil
}
