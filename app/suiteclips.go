package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/suite"
)

// AnalyzeSuite holds the clips of a manifest to its expectations, each
// analysed as base says and the manifest changes.
func AnalyzeSuite(ctx context.Context, o SuiteOptions, base AnalyzeOptions, streams Streams) error {
	options := func(c *suite.Clip, out string) (AnalyzeOptions, error) {
		run := base
		run.Sources, run.Out, run.Quiet, run.JSON, run.FailOn, run.MinCoverage = []string{c.File}, out, true, false, nil, 0
		run.Baseline, run.AllowIdentity = c.Baseline, c.AllowIdentity
		keys := variantKeys()
		for key, value := range c.With {
			change := keys[key]
			if change == nil || key == "on" || key == "smooth" {
				return run, fmt.Errorf("with: %s is not among %s", key, strings.Join(VariantKeys(), ", "))
			}
			if err := change(&run, value); err != nil {
				return run, fmt.Errorf("with: %s: %w", key, err)
			}
		}
		_, err := run.validate()
		return run, err
	}
	return runSuite(ctx, o, clipRunner{
		prepare: func(c *suite.Clip) error {
			_, err := options(c, o.Out)
			if !strings.Contains(c.File, ":") {
				_, missing := os.Stat(c.File)
				err = errors.Join(err, missing)
			}
			_, noBaseline := openBaseline(c.Baseline, c.AllowIdentity, o.Out)
			return errors.Join(err, noBaseline)
		},
		run: func(ctx context.Context, c *suite.Clip, out string) error {
			run, err := options(c, out)
			if err != nil {
				return err
			}
			return Analyze(ctx, run, Streams{Out: io.Discard, Err: io.Discard})
		},
	}, streams)
}

// ScoreSuite holds the label files of a manifest to its expectations, each
// scored as base says and the manifest changes.
func ScoreSuite(ctx context.Context, o SuiteOptions, base ScoreOptions, streams Streams) error {
	options := func(c *suite.Clip, out string) (ScoreOptions, error) {
		run := base
		run.Files, run.Out, run.Quiet, run.JSON, run.FailOn, run.MinCoverage = []string{c.File}, out, true, false, nil, 0
		run.Baseline, run.AllowIdentity = c.Baseline, c.AllowIdentity
		run.SameContent = base.SameContent && c.Baseline != ""
		for key, value := range c.With {
			if err := run.set(key, value); err != nil {
				return run, fmt.Errorf("with: %s: %w", key, err)
			}
		}
		_, err := run.validate()
		return run, err
	}
	return runSuite(ctx, o, clipRunner{
		prepare: func(c *suite.Clip) error {
			_, err := options(c, o.Out)
			_, missing := os.Stat(c.File)
			_, noBaseline := openBaseline(c.Baseline, c.AllowIdentity, o.Out)
			return errors.Join(err, missing, noBaseline)
		},
		run: func(ctx context.Context, c *suite.Clip, out string) error {
			run, err := options(c, out)
			if err != nil {
				return err
			}
			return Score(ctx, run, Streams{Out: io.Discard, Err: io.Discard})
		},
	}, streams)
}

// set changes an option by its flag's name.
func (o *ScoreOptions) set(key, value string) (err error) {
	switch key {
	case "format":
		o.Format = value
	case "labels":
		o.Labels = value
	case "fps":
		o.FPS, err = parseFloat(value)
	case "min-score":
		o.Measures.MinScore, err = parseFloat(value)
	case "stride":
		o.Stride, err = strconv.Atoi(value)
	case "window":
		o.Window, err = time.ParseDuration(value)
	case "logits":
		o.Logits, err = strconv.ParseBool(value)
	case "same-content":
		o.SameContent, err = strconv.ParseBool(value)
	default:
		return fmt.Errorf("it is not among format, fps, labels, logits, min-score, same-content, stride, window")
	}
	if err != nil {
		return fmt.Errorf("%q can't be read as one", value)
	}
	return nil
}
