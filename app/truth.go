package app

import (
	"context"
	"fmt"

	"github.com/flipmeter/flipmeter/ingest/labels"
	"github.com/flipmeter/flipmeter/pipeline"
	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/stability"
)

// TruthOptions say what the labels are held against.
type TruthOptions struct {
	Path       string // a table, a list, a folder; empty: nothing
	Tolerance  int    // in frames
	Background string // label that forms no segment; empty: none
	// Objects says which objects of an annotated frame are right: the largest,
	// or all of them.
	Objects string
}

// DefaultTruthOptions hold the labels against nothing.
func DefaultTruthOptions() TruthOptions {
	return TruthOptions{Background: "background", Objects: largestObject}
}

// The values of TruthOptions.Objects.
const (
	largestObject = "largest"
	allObjects    = "all"
)

func (o *TruthOptions) validate() error {
	if o.Objects != "" && o.Objects != largestObject && o.Objects != allObjects {
		return fmt.Errorf("%w: --truth-objects must be %s or %s, got %q", ErrUsage, largestObject, allObjects, o.Objects)
	}
	cfg := stability.DefaultTruthConfig()
	cfg.Tolerance = o.Tolerance
	if err := cfg.Validate(); err != nil {
		return fmt.Errorf("%w: --truth-tolerance: %w", ErrUsage, err)
	}
	return nil
}

// truths is the truth of a run's streams, and what it says of them.
type truths struct {
	o       *TruthOptions
	classes *labels.Classes
	merger  *pipeline.Merger // nil: labels are as they are
	truth   *labels.Truth    // nil: none
	sums    *stability.TruthSums
	part    bool // the streams are parts of what the truth is of
}

// openTruth looks at the truth of an analysis, by the names of the model's
// own classes. It comes before the label map is put around the classifier.
func (a *analysis) openTruth(ctx context.Context) error {
	if a.o.Truth.Path == "" {
		return nil
	}
	m := a.classifier.Model()
	classes, err := labels.ClosedClasses(m.Labels, m.WNIDs)
	if err != nil {
		return fmt.Errorf("read the truth: %w", err)
	}
	var merger *pipeline.Merger
	if a.o.labelMap != nil {
		if merger, err = pipeline.NewMerger(a.o.labelMap, classes); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrUsage, a.o.LabelMap, err)
		}
	}
	a.truth.part = a.o.End > 0
	return a.truth.open(ctx, &a.o.Truth, classes, merger, a.o.FPS)
}

// open looks at the truth.
func (t *truths) open(ctx context.Context, o *TruthOptions, classes *labels.Classes, merger *pipeline.Merger, fps float64) (err error) {
	t.o, t.classes, t.merger = o, classes, merger
	if o.Path == "" {
		return nil
	}
	cfg := labels.TruthConfig{Path: o.Path, Classes: classes, FPS: fps, AllObjects: o.Objects == allObjects}
	if merger != nil {
		cfg.Resolve = t.resolve
	}
	t.truth, err = labels.OpenTruth(ctx, cfg)
	return err
}

// resolve turns the truth's labels into merged ones.
func (t *truths) resolve(class int32, name string) (label int32, ok bool, err error) {
	if class < 0 {
		return t.merger.Find(name)
	}
	label, err = t.merger.Label(class)
	return label, err == nil, err
}

// streamTruth is the truth of one stream; the zero value is none.
type streamTruth struct {
	track      *labels.TruthTrack
	background int32
}

// stream finds the truth of a stream.
func (t *truths) stream(ctx context.Context, name string) (st streamTruth, err error) {
	if t.truth == nil {
		return st, nil
	}
	if st.track, err = t.truth.Stream(ctx, name); err != nil {
		return st, err
	}
	st.background = stability.NoLabel
	if t.o.Background == "" {
		return st, nil
	}
	if class, ok := t.classes.Intern(t.o.Background); ok {
		st.background = class
		if t.merger != nil {
			st.background, err = t.merger.Label(class)
		}
	}
	return st, err
}

// configure hands the truth to a stream. seqs and times say whether its
// labels have numbers and times of their own.
func (t *truths) configure(st streamTruth, seqs, times bool, cfg *pipeline.Config) {
	if st.track == nil {
		return
	}
	st.track.Align(seqs, times)
	cfg.Truth, cfg.TruthConfig = st.track, stability.DefaultTruthConfig()
	cfg.TruthConfig.Tolerance, cfg.TruthConfig.Background = t.o.Tolerance, st.background
	cfg.TruthConfig.Sets = st.track.Sets()
}

// tell checks that a stream's truth ends where the stream does, and tells the
// stream's scores in its outcome.
func (t *truths) tell(track *labels.TruthTrack, res *pipeline.Result, out *report.StreamOutcome) error {
	if track == nil {
		return nil
	}
	if res.Complete && !t.part {
		if err := track.End(); err != nil {
			return err
		}
	}
	sum := res.Truth.Summary()
	out.Truth = &sum
	return nil
}

// add takes the scores of a stream whose outcome tells them.
func (t *truths) add(res *pipeline.Result) {
	switch {
	case res.Truth == nil:
	case t.sums == nil:
		t.sums = res.Truth
	default:
		t.sums.Merge(res.Truth)
	}
}

// total tells the scores over all streams.
func (t *truths) total(out *report.Outcome) {
	if t.sums != nil {
		sum := t.sums.Summary()
		out.Truth = &sum
	}
}
