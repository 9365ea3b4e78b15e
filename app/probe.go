package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/onnx"
	"github.com/flipmeter/flipmeter/infer/zoo/onnxfile"
	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/boxes"
	"github.com/flipmeter/flipmeter/report/table"
)

// ProbeOptions are the options of flipmeter probe.
type ProbeOptions struct {
	Experiments []string // translate, …
	Pictures    []string // files, folders and videos
	Frames      int      // taken of each video
	Limit       int      // of pictures, evenly; 0: all
	// Consecutive takes the first frames and pictures, not evenly, and counts
	// flips between neighbours.
	Consecutive bool
	Truth       string   // file; empty: the folders' names, where they are classes
	Boxes       []string // annotation files and folders of them

	Home        string
	Models      []string // names or files; none: the preferred one that is installed
	Accelerator string
	Precision   string
	Sessions    int
	Hardware    Hardware
	// ForceRandom allows networks with random weights.
	ForceRandom bool

	Translation    perturb.Translation
	Scale, Rescale perturb.Scaling
	TTA            perturb.Averaging
	Layers         perturb.Translation // always a sweep

	all bool // see All

	Out    string
	Tables string
	Resume bool
	JSON   bool
	Quiet  bool

	Tool   string
	Logger *slog.Logger
}

// DefaultProbeOptions are the options of a plain flipmeter probe.
func DefaultProbeOptions() ProbeOptions {
	return ProbeOptions{
		Frames: 50, Accelerator: "auto", Out: "flipmeter-probe", Tables: string(table.Parquet),
		Translation: perturb.DefaultTranslation(perturb.Sweep),
		Scale:       perturb.DefaultScale(), Rescale: perturb.DefaultRescale(),
		TTA: perturb.DefaultAveraging(), Layers: perturb.DefaultTranslation(perturb.Sweep), Hardware: Hardware{BatchDelay: 5 * time.Millisecond},
	}
}

func (o *ProbeOptions) validate() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{ErrUsage}, args...)...)
	}
	switch {
	case len(o.Pictures) == 0 && o.needsModel():
		return bad("no pictures: name picture files, folders of pictures or video files")
	case slices.Contains(o.Pictures, ""):
		return bad("a source of pictures is an empty text")
	case o.Out == "":
		return bad("--out must name a folder")
	case o.Frames < 1:
		return bad("--frames must be at least 1, got %d", o.Frames)
	case o.Limit < 0:
		return bad("--limit must not be negative, got %d", o.Limit)
	case o.Sessions < 0 || o.Sessions > maxSessions:
		return bad("--sessions must be between 0 and %d, got %d", maxSessions, o.Sessions)
	case !table.Format(o.Tables).Valid():
		return bad("--tables must be parquet, csv, jsonl or none, got %q", o.Tables)
	case !slices.Contains([]string{"auto", "cpu", "openvino", "cuda", "tensorrt"}, o.Accelerator):
		return bad("--accelerator must be auto, cpu, openvino, cuda or tensorrt, got %q", o.Accelerator)
	}
	if slices.Contains(o.Experiments, "translate") {
		if err := o.Translation.Validate(); err != nil {
			return bad("%w", err)
		}
		if o.Translation.Protocol == perturb.BBox && len(o.Boxes) == 0 {
			return bad("the protocol bbox needs --boxes: annotations as Pascal VOC's XML, COCO's JSON or CSV")
		}
	}
	for name, s := range map[string]*perturb.Scaling{"scale": &o.Scale, "rescale": &o.Rescale} {
		if slices.Contains(o.Experiments, name) {
			if err := s.Validate(); err != nil {
				return bad("%w", err)
			}
		}
	}
	if slices.Contains(o.Experiments, "layers") {
		if err := o.Layers.Validate(); err != nil {
			return bad("%w", err)
		}
	}
	if slices.Contains(o.Experiments, "tta") {
		if err := o.TTA.Validate(); err != nil {
			return bad("%w", err)
		}
	}
	return nil
}

// needsModel says that some experiment asks a classifier.
func (o *ProbeOptions) needsModel() bool {
	return slices.ContainsFunc(o.Experiments, func(name string) bool { return name != "bias" })
}

// laboratory is one run of Probe while it lasts.
type laboratory struct {
	output
	o        *ProbeOptions
	log      *slog.Logger
	pictures *pictureList
	boxes    *boxes.Set
	store    *probeStore
	models   []*infer.ModelInfo
	depths   []int // of the models
	notes    []string
}

// experiment is one of the things that probe can do. Measure is called for
// one model after the other; the rest says what came of it.
type experiment interface {
	name() string
	measure(ctx context.Context, lab *perturb.Lab, src *modelPictures) (complete bool, err error)
	results() results
}

// onceOnly is an experiment that does something before the first model.
type onceOnly interface {
	once(ctx context.Context, l *laboratory) error
}

// Probe runs experiments on pictures and writes their page, figures and
// tables into o.Out. An interrupted run writes what it has and returns
// ErrInterrupted.
func Probe(ctx context.Context, o ProbeOptions, streams Streams) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	l := &laboratory{output: output{streams, o.Out, o.Quiet, o.JSON}, o: &o, log: o.Logger}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	var clean cleanups
	defer func() {
		if errors.Is(err, context.Canceled) && !errors.Is(err, ErrInterrupted) {
			err = fmt.Errorf("%w before anything was measured: %w", ErrInterrupted, err)
		}
		err = hint(errors.Join(err, clean.run()))
	}()
	if o.Home == "" {
		if o.Home, err = Home(); err != nil {
			return err
		}
	}
	if l.boxes, err = readBoxes(o.Boxes); err != nil {
		return err
	}
	if l.pictures, err = openPictures(ctx, &o, l.log); err != nil {
		return err
	}
	clean.push("closing the pictures", l.pictures.Close)
	experiments, err := l.experiments()
	if err != nil {
		return err
	}
	if err := l.takeFolder(&clean); err != nil {
		return err
	}
	if l.store, err = openProbeStore(o.Out, l.pictures.fingerprint(), o.Resume); err != nil {
		return err
	}
	clean.push("closing the journal", l.store.Close)
	if n := l.store.Len(); n > 0 {
		l.say("going on after %d pictures that were measured before", n)
	}
	complete, err := l.measureAll(ctx, experiments, &clean)
	if err != nil {
		return err
	}
	return l.finish(experiments, complete)
}

// experiments are those that are asked for, in their order.
func (l *laboratory) experiments() ([]experiment, error) {
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

// measureAll runs all experiments on one model after the other.
func (l *laboratory) measureAll(ctx context.Context, experiments []experiment, clean *cleanups) (complete bool, err error) {
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
	rt, err := onnx.Load(onnx.Config{
		Home: l.o.Home, Accelerator: onnx.Accelerator(l.o.Accelerator), Precision: l.o.Precision, Logger: l.log.With("component", "onnx"),
	})
	if err != nil {
		return false, err
	}
	clean.push("unloading ONNX Runtime", rt.Close)
	names := l.o.Models
	if len(names) == 0 {
		names = []string{""}
	}
	for _, name := range names {
		complete, err := l.measureModel(ctx, rt, name, experiments)
		if err != nil || !complete {
			return false, err
		}
	}
	return true, nil
}

func (l *laboratory) measureModel(ctx context.Context, rt *onnx.Runtime, name string, experiments []experiment) (complete bool, err error) {
	path, why, err := findModel(l.o.Home, name)
	if err != nil {
		return false, err
	}
	if why != "" {
		l.say("%s", why)
	}
	c, err := rt.Open(ctx, l.o.Hardware.config(l.o.Home, onnx.ModelConfig{
		Path: path, Sessions: l.o.Sessions, Accelerator: onnx.Accelerator(l.o.Accelerator), Precision: l.o.Precision,
	}))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	info := *c.Model()
	if info.RandomWeights != "" && !l.o.ForceRandom {
		return false, fmt.Errorf("%w: %s has random weights: it knows nothing, so its figures mean nothing; --force-random-weights draws them all the same and says so on them", ErrUsage, info.Name)
	}
	same := 1
	for _, m := range l.models {
		if m.SHA256 == info.SHA256 {
			return false, fmt.Errorf("%w: --model names %s twice", ErrUsage, info.Name)
		}
		if m.Metadata != nil && m.Name == info.Name {
			same++
		}
	}
	if same > 1 {
		info.Name = fmt.Sprintf("%s-%d", info.Name, same)
	}
	l.models = append(l.models, &info)
	file, err := onnxfile.ReadFile(path)
	if err != nil {
		return false, err
	}
	l.depths = append(l.depths, file.Depth())
	src, notes, err := l.pictures.forModel(&info, l.o.Truth)
	if err != nil {
		return false, err
	}
	l.notes = append(l.notes, notes...)
	for _, note := range notes {
		l.say("%s", note)
	}
	named := &namedClassifier{c, &info}
	for _, e := range experiments {
		complete, err := l.measureOne(ctx, rt, path, e, &perturb.Lab{Classifier: named, Store: l.store.forModel(&info)}, src)
		if err != nil || !complete {
			return false, err
		}
	}
	return true, nil
}

// measureOne runs one experiment on one model.
func (l *laboratory) measureOne(ctx context.Context, rt *onnx.Runtime, path string, e experiment, lab *perturb.Lab, src *modelPictures) (complete bool, err error) {
	inner := e
	maybe, isOptional := e.(*optional)
	if isOptional {
		inner = maybe.experiment
	}
	if o, ok := inner.(opener); ok {
		closeIt, err := o.open(ctx, l, rt, path)
		if err != nil && isOptional {
			return maybe.note(false, err)
		}
		if err != nil {
			return false, err
		}
		defer func() { err = errors.Join(err, closeIt()) }()
	}
	stop := l.showProgress(lab, e.name()+", "+lab.Classifier.Model().Name)
	defer stop()
	return e.measure(ctx, lab, src)
}

// opener is an experiment that needs more of a model than its answers.
type opener interface {
	open(ctx context.Context, l *laboratory, rt *onnx.Runtime, path string) (closeIt func() error, err error)
}

// namedClassifier is a classifier whose name is unique in the run.
type namedClassifier struct {
	infer.Classifier
	info *infer.ModelInfo
}

// Model implements infer.Classifier.
func (n *namedClassifier) Model() *infer.ModelInfo { return n.info }
