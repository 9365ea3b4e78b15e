package laboratory

import (
	"context"
	"errors"
	"fmt"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/perturb"
)

// Models opens networks, all in the same way. Whoever made it closes it.
type Models interface {
	// Open opens the network of this name or in this file; an empty name is
	// the preferred one. Whoever opened it closes it.
	Open(ctx context.Context, name string) (Network, error)
	// OpenTaps opens a network whose outputs are not classes but feature maps
	// with these names.
	OpenTaps(ctx context.Context, path string, maps []string) (infer.Classifier, error)
}

// Network is an opened network.
type Network struct {
	infer.Classifier
	Path  string // of its file
	Depth int    // the number of layers with weights
}

// measureAll runs all experiments on one model after the other.
func (l *Run) measureAll(ctx context.Context, experiments []experiment) (complete bool, err error) {
	for _, e := range experiments {
		if e, ok := e.(onceOnly); ok {
			if err := e.once(ctx, l); err != nil {
				return false, err
			}
		}
	}
	if !l.o.needsModel() {
		return true, nil
	}
	models, err := l.deps.Models()
	if err != nil {
		return false, err
	}
	names := l.o.Models
	if len(names) == 0 {
		names = []string{""}
	}
	for _, name := range names {
		complete, err := l.measureModel(ctx, models, name, experiments)
		if err != nil || !complete {
			return false, err
		}
	}
	return true, nil
}

func (l *Run) measureModel(ctx context.Context, models Models, name string, experiments []experiment) (complete bool, err error) {
	c, err := models.Open(ctx, name)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	info := *c.Model()
	if info.RandomWeights != "" && !l.o.ForceRandom {
		return false, bad("%s has random weights: it knows nothing, so its figures mean nothing; --force-random-weights draws them all the same and says so on them", info.Name)
	}
	same := 1
	for _, m := range l.models {
		if m.SHA256 == info.SHA256 {
			return false, bad("--model names %s twice", info.Name)
		}
		if m.Metadata != nil && m.Name == info.Name {
			same++
		}
	}
	if same > 1 {
		info.Name = fmt.Sprintf("%s-%d", info.Name, same)
	}
	l.models = append(l.models, &info)
	l.depths = append(l.depths, c.Depth)
	src, notes, err := l.pictures.forModel(&info, l.o.Truth, l.truth)
	if err != nil {
		return false, err
	}
	l.notes = append(l.notes, notes...)
	for _, note := range notes {
		l.deps.Say(note)
	}
	named := &namedClassifier{c.Classifier, &info}
	for _, e := range experiments {
		complete, err := l.measureOne(ctx, models, c.Path, e, &perturb.Lab{Classifier: named, Store: l.store.forModel(&info)}, src)
		if err != nil || !complete {
			return false, err
		}
	}
	return true, nil
}

// measureOne runs one experiment on one model.
func (l *Run) measureOne(ctx context.Context, models Models, path string, e experiment, lab *perturb.Lab, src *modelPictures) (complete bool, err error) {
	inner := e
	maybe, isOptional := e.(*optional)
	if isOptional {
		inner = maybe.experiment
	}
	if o, ok := inner.(opener); ok {
		closeIt, err := o.open(ctx, models, path)
		if err != nil && isOptional {
			return maybe.note(false, err)
		}
		if err != nil {
			return false, err
		}
		defer func() { err = errors.Join(err, closeIt()) }()
	}
	told, stop := l.deps.Progress(e.name() + ", " + lab.Classifier.Model().Name)
	defer stop()
	lab.Progress = told
	return e.measure(ctx, lab, src)
}

// namedClassifier is a classifier whose name is unique in the run.
type namedClassifier struct {
	infer.Classifier
	info *infer.ModelInfo
}

// Model implements infer.Classifier.
func (n *namedClassifier) Model() *infer.ModelInfo { return n.info }
