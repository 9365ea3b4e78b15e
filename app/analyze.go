package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/labelmap"
	"github.com/flipmeter/flipmeter/infer/onnx"
	"github.com/flipmeter/flipmeter/pipeline"
	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/stability"
)

// analysis is one run of Analyze while it lasts.
type analysis struct {
	output
	o          *AnalyzeOptions
	log        *slog.Logger
	classifier infer.Classifier
	traces     []int32
	modelNotes []string // said already
	report     *report.Run
	publish    *publishing // nil: not published
	baseline   *baseline   // nil: none
	pool       *frame.Pool
	began      time.Time
	truncated  []string // sources that ended before what they promised
	journals   []*pipeline.Journal
	whatIfs    whatIfs
	truth      truths
}

// Analyze measures the sources one after the other and writes the results
// into o.Out. An interrupted run writes what it has and returns
// ErrInterrupted; a failed --fail-on condition gives ErrThreshold after
// everything is written.
func Analyze(ctx context.Context, o AnalyzeOptions, streams Streams) (err error) {
	conditions, err := o.validate()
	if err != nil {
		return err
	}
	a := &analysis{output: output{streams, o.Out, o.Quiet, o.JSON}, o: &o, log: o.Logger, pool: newPool(), began: time.Now()}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if a.whatIfs.cfg, err = o.Smooth.config(); err != nil {
		return err
	}
	var clean cleanups
	defer func() {
		if errors.Is(err, context.Canceled) && !errors.Is(err, ErrInterrupted) {
			err = fmt.Errorf("%w before anything was analysed: %w", ErrInterrupted, err)
		}
		err = hint(errors.Join(err, clean.run()))
	}()
	if err := a.start(ctx, &clean); err != nil {
		return err
	}
	outcome, runErr := a.runStreams(ctx)
	if runErr != nil && !errors.Is(runErr, ErrInterrupted) {
		return runErr
	}
	outcome.Interrupted = runErr != nil
	// From here on nothing is interrupted: what was found out is written.
	sum, err := a.report.Finish(context.WithoutCancel(ctx), outcome)
	if err != nil {
		return err
	}
	if runErr == nil {
		if err := a.removeJournals(); err != nil {
			return err
		}
	}
	if err := a.tell(sum); err != nil {
		return err
	}
	if runErr != nil {
		return fmt.Errorf("%w: what was analysed is in %s, marked incomplete; --resume goes on from there", ErrInterrupted, o.Out)
	}
	if err := errors.Join(a.judge(sum, conditions), a.baseline.failure()); err != nil {
		return err
	}
	if len(a.truncated) > 0 {
		return fmt.Errorf("%s: what could be read is in %s, marked incomplete", strings.Join(a.truncated, "; "), o.Out)
	}
	return nil
}

// start opens everything that the streams share.
func (a *analysis) start(ctx context.Context, clean *cleanups) error {
	o := a.o
	if o.Home == "" {
		home, err := Home()
		if err != nil {
			return err
		}
		o.Home = home
	}
	path, why, err := findModel(o.Home, o.Model)
	if err != nil {
		return err
	}
	if why != "" {
		a.say("%s", why)
	}
	if a.classifier, err = openClassifier(ctx, o, path, clean, a.log); err != nil {
		return err
	}
	if m := a.classifier.Model(); o.Accelerator == string(onnx.Auto) {
		a.say("accelerator %s, %s", m.ProviderWhy, m.Precision)
	}
	for _, note := range modelNotes(a.classifier.Model()) {
		a.say("%s", note)
		a.modelNotes = append(a.modelNotes, note)
	}
	if err := a.openTruth(ctx); err != nil {
		return err
	}
	if o.labelMap != nil {
		if a.classifier, err = labelmap.Wrap(a.classifier, o.labelMap); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrUsage, o.LabelMap, err)
		}
	}
	if a.traces, err = findClasses(a.classifier.Model(), o.Trace); err != nil {
		return err
	}
	if err := a.takeFolder(clean); err != nil {
		return err
	}
	cfg := report.Config{Dir: o.Out, Tables: table.Format(o.Tables), Tool: o.Tool, Created: a.began, Window: o.Window}
	if a.baseline, err = openBaseline(o.Baseline, o.AllowIdentity, o.Out); err != nil {
		return err
	}
	if a.baseline != nil {
		cfg.Complement = a.baseline.complement
	}
	a.report, err = report.NewRun(cfg)
	if err != nil {
		return err
	}
	clean.push("removing unfinished results", a.report.Abort)
	if o.NATS != "" {
		if a.publish, err = startPublishing(ctx, o, a.log, clean); err != nil {
			return err
		}
		a.say("publishing on %s", a.publish.where)
	}
	return nil
}

// runStreams runs the sources in order. After an interruption the rest is
// left out.
func (a *analysis) runStreams(ctx context.Context) (report.Outcome, error) {
	var out report.Outcome
	var results []stability.Result
	total := func() {
		t := stability.Combine(results, a.o.Measures.Resamples, a.o.Measures.Seed)
		out.Macro, out.Micro = t.Macro, t.Micro
		a.whatIfs.total(&out, &a.o.Measures)
		a.truth.total(&out)
	}
	for i, name := range streamNames(a.o.Sources) {
		res, err := a.runStream(ctx, a.o.Sources[i], name)
		if res == nil && errors.Is(err, context.Canceled) && i > 0 {
			err = ErrInterrupted // while it was opened: what came before it counts
		}
		if err != nil && !errors.Is(err, ErrInterrupted) {
			return out, err
		}
		if res != nil {
			out.Streams = append(out.Streams, res.outcome)
			results = append(results, res.stream)
			if res.truncated != "" {
				a.truncated = append(a.truncated, res.truncated)
			}
		}
		if err != nil {
			total()
			return out, err
		}
	}
	total()
	return out, nil
}
