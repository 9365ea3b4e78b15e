package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/report"
)

// output is where a run's results go: a folder, and what a person reads.
type output struct {
	streams     Streams
	dir         string
	quiet, json bool
}

// say tells the person something on the error stream, unless quiet.
func (w *output) say(format string, args ...any) {
	if !w.quiet {
		fmt.Fprintln(w.streams.Err, printable(fmt.Sprintf(format, args...)))
	}
}

// tell shows the result: the summary as JSON, or in words.
func (w *output) tell(sum *report.Summary) error {
	if w.json {
		return sum.WriteJSON(w.streams.Out)
	}
	if w.quiet {
		return nil
	}
	var text strings.Builder
	if err := sum.WriteText(&text); err != nil {
		return err
	}
	fmt.Fprintf(&text, "\nreport: %s\n", filepath.Join(w.dir, report.HTMLName))
	_, err := io.WriteString(w.streams.Out, printable(text.String()))
	return err
}

// judge evaluates the --fail-on conditions; all of them are told, not only
// the first.
func (w *output) judge(sum *report.Summary, conditions []alerts.Condition) error {
	lookup, err := summaryLookup(sum)
	if err != nil {
		return err
	}
	var verdicts []verdict
	for _, c := range conditions {
		verdicts = append(verdicts, evaluate(c, sum, func(c alerts.Condition) alerts.Result { return c.Eval(lookup) })...)
	}
	return tellVerdicts(verdicts, w.streams.Err)
}

// takeFolder makes the output folder this run's own, and clears away what a
// run that was killed left half-written there.
func (w *output) takeFolder(clean *cleanups) error {
	_, err := os.Stat(w.dir)
	made := errors.Is(err, os.ErrNotExist)
	if err := os.MkdirAll(w.dir, 0o777); err != nil {
		return fmt.Errorf("create output folder (choose another with --out): %w", err)
	}
	unlock, err := lockFolder(w.dir, "--out")
	if err != nil {
		return err
	}
	clean.push("unlocking the output folder", func() error {
		err := unlock()
		if made {
			_ = os.Remove(w.dir) // only if nothing came of the run
		}
		return err
	})
	old, err := filepath.Glob(filepath.Join(globEscape(w.dir), ".partial-*"))
	if err != nil {
		return fmt.Errorf("look for unfinished results: %w", err)
	}
	for _, dir := range old {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("clear unfinished results away: %w", err)
		}
	}
	return nil
}

// globEscape makes a path match itself.
func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// many is a number of things in words.
func many(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
