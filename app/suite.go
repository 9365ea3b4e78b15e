package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/suite"
	"github.com/flipmeter/flipmeter/suite/junit"
)

// SuiteOptions say which clips are held to what.
type SuiteOptions struct {
	Manifest string // YAML file; see package suite
	JUnit    string // file for the CI's own display; empty: none
	Out      string // each clip's results are in a folder of it
	Quiet    bool   // tell of failures only
}

// clipRunner measures a clip with results in the folder out. Prepare checks
// what the manifest says of the clip, before any clip is measured.
type clipRunner struct {
	prepare func(c *suite.Clip) error
	run     func(ctx context.Context, c *suite.Clip, out string) error
}

// runSuite measures the clips of a manifest and judges them. A failed
// expectation gives ErrThreshold, after everything is measured and written; a
// clip that can't be measured is a failure that doesn't keep the others from
// being measured.
func runSuite(ctx context.Context, o SuiteOptions, runner clipRunner, streams Streams) error {
	data, err := os.ReadFile(o.Manifest)
	if err != nil {
		return fmt.Errorf("%w: read the manifest: %w", ErrUsage, err)
	}
	lookup, err := fieldLookup()
	if err != nil {
		return err
	}
	m, err := suite.Load(o.Manifest, data, func(c alerts.Condition, clip *suite.Clip) error {
		if err := needsBaseline(c, clip.Baseline); err != nil {
			return fmt.Errorf("%w with the key baseline", err)
		}
		return c.Check(lookup)
	})
	var errs []error
	if err != nil {
		errs = append(errs, err)
	} else {
		for i := range m.Clips {
			if err := runner.prepare(&m.Clips[i]); err != nil {
				errs = append(errs, fmt.Errorf("%s: clip %s: %w", o.Manifest, m.Clips[i].Name, err))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(streams.Err, printable(err.Error()))
		return said(fmt.Errorf("%w: %s", ErrUsage, o.Manifest))
	}
	measure := func(ctx context.Context, c *suite.Clip) (suite.Judge, error) {
		dir := filepath.Join(o.Out, c.Name)
		if err := runner.run(ctx, c, dir); err != nil {
			return nil, err
		}
		return readJudge(dir)
	}
	res := m.Run(ctx, filepath.Base(o.Manifest), measure, time.Now, func(c *suite.ClipResult) { tellClip(c, o.Quiet, streams) })
	if o.JUnit != "" {
		if err := writeJUnit(o.JUnit, res); err != nil {
			return hint(err)
		}
	}
	failed, broken := res.Failed()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: the rest of the manifest was not measured", ErrInterrupted)
	case broken > 0:
		return said(fmt.Errorf("%d of %d clips could not be measured", broken, len(res.Clips)))
	case failed > 0:
		return said(fmt.Errorf("%d expectations: %w", failed, ErrThreshold))
	}
	return nil
}

// readJudge judges by the summary that was written into dir.
func readJudge(dir string) (suite.Judge, error) {
	data, err := os.ReadFile(filepath.Join(dir, report.SummaryName))
	if err != nil {
		return nil, fmt.Errorf("read the clip's summary: %w", err)
	}
	sum := new(report.Summary)
	if err := json.Unmarshal(data, sum); err != nil {
		return nil, fmt.Errorf("read the clip's summary: %w", err)
	}
	lookup, err := summaryLookup(sum)
	if err != nil {
		return nil, err
	}
	return func(c alerts.Condition) []alerts.Result {
		var out []alerts.Result
		for _, v := range evaluate(c, sum, func(c alerts.Condition) alerts.Result { return c.Require(lookup) }) {
			if v.of != "" && len(sum.Streams) > 1 {
				v.Message = v.of + ": " + v.Message
			}
			out = append(out, v.Result)
		}
		return out
	}, nil
}

func tellClip(c *suite.ClipResult, quiet bool, streams Streams) {
	say := func(w io.Writer, word, text string) {
		fmt.Fprintln(w, printable(fmt.Sprintf("%-5s %s: %s", word, c.Name, strings.ReplaceAll(text, "\n", " "))))
	}
	if c.Err != nil {
		say(streams.Err, "ERROR", c.Err.Error())
		return
	}
	for _, v := range c.Verdicts {
		switch {
		case !v.Passed:
			say(streams.Err, "FAIL", v.Message)
		case !quiet:
			say(streams.Out, "ok", v.Expect+": "+v.Message)
		}
	}
	if len(c.Verdicts) == 0 && !quiet {
		say(streams.Out, "ok", "measured; nothing is expected of it")
	}
}

func writeJUnit(path string, res *suite.Result) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write --junit: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return junit.Write(f, res)
}
