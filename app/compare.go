package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/report/compare"
	"github.com/flipmeter/flipmeter/report/table"
)

// CompareOptions are the options of flipmeter compare.
type CompareOptions struct {
	// Sides are folders of saved runs, or footage that is analysed as Base
	// says; "NAME=…" gives a side a name.
	Sides []string
	// On is the footage of the variants, and Variants say what each changes
	// of Base. Without variants each footage is a side.
	On       []string
	Variants []string
	Base     AnalyzeOptions

	SameContent bool
	Out         string
	FailOn      []string
	JSON, Quiet bool
	Tool        string
	Logger      *slog.Logger
}

// DefaultCompareOptions are the options of a plain flipmeter compare.
func DefaultCompareOptions() CompareOptions {
	return CompareOptions{Out: "flipmeter-compare", Base: DefaultAnalyzeOptions()}
}

// side is one side of a comparison: a saved run, or one to be made.
type side struct {
	name string
	dir  string          // of the saved run
	run  *AnalyzeOptions // nil: the run is there already
}

// Compare sets runs side by side and writes compare.html and compare.json into
// o.Out. Runs that are not there yet are made first, each into a folder of its
// own below o.Out.
func Compare(ctx context.Context, o CompareOptions, streams Streams) error {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	out := output{streams, o.Out, o.Quiet, o.JSON}
	conditions, err := parseComparisonConditions(o.FailOn)
	if err != nil {
		return err
	}
	sides, err := o.sides()
	if err != nil {
		return err
	}
	if err := o.makeRuns(ctx, sides, out); err != nil {
		return hint(err)
	}
	var open []*compare.Side
	for _, s := range sides {
		side, err := compare.Open(s.dir, s.name)
		if err != nil {
			return hint(err)
		}
		open = append(open, side)
	}
	res, err := compare.Runs(ctx, open, compare.Options{SameContent: o.SameContent,
		Resamples: o.Base.Measures.Resamples, Seed: o.Base.Measures.Seed})
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: nothing was compared", ErrInterrupted)
	}
	if err != nil {
		return hint(err)
	}
	if err := res.Save(o.Out, compare.PageInfo{Tool: o.Tool, Created: time.Now()}); err != nil {
		return hint(err)
	}
	if err := tellComparison(res, out); err != nil {
		return err
	}
	return judgeComparison(res, conditions, streams.Err)
}

func tellComparison(res *compare.Result, out output) error {
	if out.json {
		return res.WriteJSON(out.streams.Out)
	}
	if out.quiet {
		return nil
	}
	var text strings.Builder
	if err := res.WriteText(&text); err != nil {
		return err
	}
	fmt.Fprintf(&text, "\ncomparison: %s\n", filepath.Join(out.dir, compare.HTMLName))
	_, err := io.WriteString(out.streams.Out, printable(text.String()))
	return err
}

// sides lists what is compared, the baseline first.
func (o *CompareOptions) sides() ([]side, error) {
	bad := func(format string, args ...any) ([]side, error) {
		return nil, fmt.Errorf("%w: "+format, append([]any{ErrUsage}, args...)...)
	}
	var sides []side
	for _, text := range o.Sides {
		s := splitName(text)
		if _, err := os.Stat(filepath.Join(s.dir, report.SummaryName)); err != nil {
			run := o.Base
			run.Sources = []string{s.dir}
			s.run = &run
		}
		sides = append(sides, s)
	}
	if len(o.Variants) == 0 {
		for _, on := range o.On {
			run := o.Base
			run.Sources = []string{on}
			sides = append(sides, side{name: streamName(on), run: &run})
		}
	}
	for _, text := range o.Variants {
		v, err := parseVariant(text)
		if err != nil {
			return nil, err
		}
		run := o.Base
		run.Sources = o.On
		if err := v.change(&run); err != nil {
			return nil, err
		}
		if len(run.Sources) == 0 {
			return bad("--variant %q: say which footage it is of with --on", text)
		}
		sides = append(sides, side{name: v.name, run: &run})
	}
	if len(sides) < 2 {
		return bad("a comparison needs two sides: saved runs, footage, or --on with two --variant")
	}
	seen := make(map[string]bool)
	for i := range sides {
		name := sides[i].name
		for n := 2; seen[name]; n++ {
			name = fmt.Sprintf("%s (%d)", sides[i].name, n)
		}
		seen[name] = true
		sides[i].name = name
		if run := sides[i].run; run != nil {
			run.Out = filepath.Join(o.Out, folderName(i, name))
			run.Quiet, run.JSON, run.Tool, run.Logger = true, false, o.Tool, o.Logger
			if run.Tables == string(table.None) {
				return bad("--tables none leaves nothing to compare: use parquet, csv or jsonl")
			}
			if _, err := run.validate(); err != nil {
				return nil, err
			}
			sides[i].dir = run.Out
		}
	}
	return sides, nil
}

// splitName reads "NAME=PATH"; a path that is there is one, whatever it holds.
func splitName(text string) side {
	if _, err := os.Stat(text); err != nil {
		if name, path, ok := strings.Cut(text, "="); ok && name != "" && !strings.ContainsAny(name, `/\?:`) {
			return side{name: name, dir: path}
		}
	}
	return side{name: streamName(text), dir: text}
}

// folderName is a side's folder below the output: its place and what of its
// name a folder can be called.
func folderName(place int, name string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-_.", r):
			return r
		case strings.ContainsRune(" =,:", r):
			return '-'
		}
		return -1
	}, name)
	return fmt.Sprintf("%d-%s", place+1, strings.Trim(clean[:min(len(clean), 60)], "-."))
}

// decodedAlike says whether two runs see the same decoded frames, so that one
// decoding is enough.
func decodedAlike(a, b *AnalyzeOptions) bool {
	return slices.Equal(a.Sources, b.Sources) && a.ColorMatrix == b.ColorMatrix && a.Deinterlace == b.Deinterlace &&
		a.Region == b.Region && a.Mask == b.Mask && a.Stride == b.Stride && a.Start == b.Start && a.End == b.End && a.FPS == b.FPS
}

// makeRuns analyses what is not there yet. Runs on the same decoded frames go
// at the same time and share the decoding.
func (o *CompareOptions) makeRuns(ctx context.Context, sides []side, out output) error {
	done := make([]bool, len(sides))
	for i := range sides {
		if done[i] || sides[i].run == nil {
			continue
		}
		var group []side
		for j := i; j < len(sides); j++ {
			if !done[j] && sides[j].run != nil && decodedAlike(sides[i].run, sides[j].run) {
				group, done[j] = append(group, sides[j]), true
			}
		}
		var names []string
		for _, s := range group {
			names = append(names, s.name)
		}
		out.say("%s: %s", strings.Join(sides[i].run.Sources, ", "), strings.Join(names, ", "))
		if err := runTogether(ctx, group, out); err != nil {
			return err
		}
	}
	return nil
}

// runTogether runs analyses that share their decoding. The first failure ends
// all of them.
func runTogether(ctx context.Context, group []side, out output) error {
	if len(group) > 1 {
		shared := newSharedDecoding(len(group))
		var accelerators []string
		for _, s := range group {
			accelerators = append(accelerators, s.run.Accelerator)
		}
		for _, s := range group {
			s.run.open, s.run.beside = shared.open, accelerators
		}
		return runAll(ctx, group, out, shared.fail)
	}
	return runAll(ctx, group, out, func(error) {})
}

func runAll(ctx context.Context, group []side, out output, fail func(error)) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	if !out.quiet {
		p := newProgress(out.streams.Err, group[0].name, 0)
		group[0].run.Listeners = append(group[0].run.Listeners, p)
		ended := make(chan struct{})
		drawing, stopDrawing := context.WithCancel(running)
		go func() {
			defer close(ended)
			_ = p.Run(drawing) // drawing never fails
		}()
		defer func() { stopDrawing(); <-ended }()
	}
	results := make(chan error, len(group))
	for _, s := range group {
		go func() {
			err := Analyze(running, *s.run, Streams{Out: io.Discard, Err: out.streams.Err})
			if err != nil {
				err = fmt.Errorf("%s: %w", s.name, err)
				fail(err)
				stop()
			}
			results <- err
		}()
	}
	var first, interrupted error
	for range group {
		err := <-results
		switch {
		case err == nil:
		case errors.Is(err, ErrInterrupted) || errors.Is(err, errOtherVariant):
			interrupted = err
		case first == nil:
			first = err
		}
	}
	switch {
	case first != nil:
		return first
	case ctx.Err() != nil:
		return fmt.Errorf("%w: nothing was compared", ErrInterrupted)
	}
	return interrupted
}

// parseComparisonConditions reads the --fail-on conditions on a comparison,
// whose fields are those of compare.json's comparisons.
func parseComparisonConditions(texts []string) ([]alerts.Condition, error) {
	lookup, err := documentLookup(&compare.Comparison{})
	if err != nil {
		return nil, err
	}
	return parseConditionsOn(texts, lookup)
}

// judgeComparison evaluates the conditions on every comparison.
func judgeComparison(res *compare.Result, conditions []alerts.Condition, errOut io.Writer) error {
	var verdicts []verdict
	for i := range res.Comparisons {
		c := &res.Comparisons[i]
		lookup, err := documentLookup(c)
		if err != nil {
			return err
		}
		for _, condition := range conditions {
			verdicts = append(verdicts, verdict{c.Run + " against " + c.Baseline, condition.Eval(lookup)})
		}
	}
	return tellVerdicts(verdicts, errOut)
}
