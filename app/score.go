package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/infer/zoo"
	"github.com/flipmeter/flipmeter/ingest/labels"
	"github.com/flipmeter/flipmeter/pipeline"
	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/stability"
)

// scoring is one run of Score while it lasts.
type scoring struct {
	output
	o       *ScoreOptions
	log     *slog.Logger
	classes *labels.Classes
	merger  *pipeline.Merger // nil: labels are as they are
	whatIfs whatIfs
	truth   truths
	report  *report.Run
	// baseline is nil without one.
	baseline *baseline
	began    time.Time
	names    map[string]int // streams so far, by name
	progress *progress      // nil: none

	outcome report.Outcome
	results []stability.Result
}

// Score measures labels that another program made and writes the results
// into o.Out. An interrupted run writes what it has and returns
// ErrInterrupted; a failed --fail-on condition gives ErrThreshold after
// everything is written.
func Score(ctx context.Context, o ScoreOptions, streams Streams) (err error) {
	conditions, err := o.validate()
	if err != nil {
		return err
	}
	s := &scoring{
		output: output{streams, o.Out, o.Quiet, o.JSON}, o: &o, log: o.Logger, began: time.Now(),
		names: make(map[string]int),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var clean cleanups
	defer func() {
		if errors.Is(err, context.Canceled) && !errors.Is(err, ErrInterrupted) {
			err = fmt.Errorf("%w before anything was read: %w", ErrInterrupted, err)
		}
		err = hint(errors.Join(err, clean.run()))
	}()
	if err := s.start(ctx, &clean); err != nil {
		return err
	}
	runErr := s.files(ctx)
	if runErr != nil && !errors.Is(runErr, ErrInterrupted) {
		return runErr
	}
	s.outcome.Interrupted = runErr != nil
	t := stability.Combine(s.results, o.Measures.Resamples, o.Measures.Seed)
	s.outcome.Macro, s.outcome.Micro = t.Macro, t.Micro
	s.whatIfs.total(&s.outcome, &o.Measures)
	s.truth.total(&s.outcome)
	sum, err := s.report.Finish(context.WithoutCancel(ctx), s.outcome)
	if err != nil {
		return err
	}
	if err := s.tell(sum); err != nil {
		return err
	}
	if runErr != nil {
		return fmt.Errorf("%w: what was read is in %s, marked incomplete", ErrInterrupted, o.Out)
	}
	return errors.Join(s.judge(sum, conditions), s.baseline.failure())
}

func (s *scoring) start(ctx context.Context, clean *cleanups) (err error) {
	if s.classes, err = openClasses(s.o.Labels); err != nil {
		return err
	}
	if s.o.labelMap != nil {
		if s.merger, err = pipeline.NewMerger(s.o.labelMap, s.classes); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrUsage, s.o.LabelMap, err)
		}
	}
	if s.whatIfs.cfg, err = s.o.Smooth.config(); err != nil {
		return err
	}
	if err := s.truth.open(ctx, &s.o.Truth, s.classes, s.merger, s.o.FPS); err != nil {
		return err
	}
	if err := s.takeFolder(clean); err != nil {
		return err
	}
	cfg := report.Config{
		Dir: s.o.Out, Tables: table.Format(s.o.Tables), Tool: s.o.Tool, Created: s.began,
		Window: s.o.tracker(0).Windows[0],
	}
	if s.baseline, err = openBaseline(s.o.Baseline, s.o.AllowIdentity, s.o.Out); err != nil {
		return err
	}
	if s.baseline != nil {
		s.baseline.sameContent = s.o.SameContent
		cfg.Complement = s.baseline.complement
	}
	s.report, err = report.NewRun(cfg)
	if err != nil {
		return err
	}
	clean.push("removing unfinished results", s.report.Abort)
	return nil
}

// name is the name of a label, merged or not.
func (s *scoring) name(label int32) string {
	if s.merger != nil {
		return s.merger.Name(label)
	}
	return s.classes.Name(label)
}

// imageNet in place of a file of labels names the classes of ImageNet.
const imageNet = "imagenet"

// openClasses reads the list of labels, or starts an open one.
func openClasses(path string) (*labels.Classes, error) {
	switch path {
	case "":
		return labels.NewClasses(), nil
	case imageNet:
		return labels.ClosedClasses(zoo.ImageNetLabels())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: --labels: %w", ErrUsage, err)
	}
	names, wnids, err := parseLabelList(string(b))
	if err == nil {
		var c *labels.Classes
		if c, err = labels.ClosedClasses(names, wnids); err == nil {
			return c, nil
		}
	}
	return nil, fmt.Errorf("%w: --labels: %s: %w", ErrUsage, path, err)
}

// parseLabelList reads one name a line, each with its WordNet id before it
// (n02123045 tabby) or none.
func parseLabelList(text string) (names, wnids []string, err error) {
	for i, line := range strings.Split(strings.TrimRight(text, "\r\n \t"), "\n") {
		line = strings.TrimSpace(line)
		id, name, ok := strings.Cut(line, " ")
		if !ok || !labels.IsWordNetID(id) {
			id, name = "", line
		}
		if name == "" {
			return nil, nil, fmt.Errorf("line %d is empty: one label a line, in the order of their numbers", i+1)
		}
		names, wnids = append(names, strings.TrimSpace(name)), append(wnids, id)
	}
	return names, wnids, nil
}
