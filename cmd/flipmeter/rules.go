package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/flipmeter/flipmeter/alerts/ruletest"
	"github.com/flipmeter/flipmeter/app"
	"github.com/spf13/cobra"
)

func newRulesCommand(streams app.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "Test alert rules and thresholds without any video",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRulesTestCommand(streams))
	return cmd
}

func newRulesTestCommand(streams app.Streams) *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use:   "test FILE...",
		Short: "Run label sequences against expected flips, kinds and alerts",
		Long: "test runs the label sequences of each FILE (YAML) through the same tracker and alert\n" +
			"rules that judge video, and compares flips, kinds and transitions with what the file\n" +
			"expects:\n\n" +
			"  rules:\n" +
			"    - {name: FlickerHigh, metric: unexplained_fraction, window: 10s, fire_above: 0.05, for: 2s}\n" +
			"  tests:\n" +
			"    - name: one glitch is not an alert\n" +
			"      sequence: \"cat*30 dog cat*30\"     # also (cat dog)*5 cat@0.3 !gap !cut !repeat\n" +
			"      fps: 25\n" +
			"      expect: {flips: 2, kinds: {glitch: 2}, alerts: []}\n" + exitStatusHelp,
		Args: usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			out := streams.Out
			if quiet {
				out = io.Discard
			}
			return testRules(args, out, streams.Err)
		},
	}
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "tell of failures only")
	return cmd
}

// testRules runs all files; all failures are told, not only the first.
func testRules(names []string, out, errOut io.Writer) error {
	var files []*ruletest.File
	var wrong []error
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read rule tests: %w", err)
		}
		f, err := ruletest.Load(name, data)
		if err != nil {
			wrong = append(wrong, err)
		}
		files = append(files, f)
	}
	if err := errors.Join(wrong...); err != nil {
		return tellProblems(errOut, err)
	}
	failed, total := 0, 0
	for i, f := range files {
		for _, r := range f.Run() {
			total++
			if r.Passed() {
				fmt.Fprintf(out, "ok    %s: %s\n", names[i], r.Name)
				continue
			}
			failed++
			fmt.Fprintf(errOut, "FAIL  %s: %s\n", names[i], r.Name)
			for _, line := range r.Diffs {
				fmt.Fprintf(errOut, "      %s\n", line)
			}
		}
	}
	if failed > 0 {
		fmt.Fprintf(errOut, "%d of %d tests failed\n", failed, total)
		return fmt.Errorf("%w: %w", app.ErrSaid, app.ErrThreshold)
	}
	fmt.Fprintf(out, "%d tests passed\n", total)
	return nil
}

// tellProblems writes what is wrong with a file that a user wrote, one
// problem a line, and returns the error for exit code 2.
func tellProblems(w io.Writer, problems error) error {
	fmt.Fprintln(w, problems)
	return fmt.Errorf("%w: %w", app.ErrSaid, app.ErrUsage)
}
