package compare

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/flipmeter/flipmeter/report"
)

// WriteText writes the few figures that matter, for a terminal.
func (r *Result) WriteText(w io.Writer) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "\tflips\tflip fraction\tunexplained\tdecided\tMAC\n")
	for i := range r.Runs {
		run := &r.Runs[i]
		m := &run.Total.Micro
		name := run.Name
		if i == 0 {
			name += " (baseline)"
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", name, report.CountWord(m.Flips), fraction(m.FlipFraction),
			fraction(m.UnexplainedFraction), fraction(m.Decided.FlipFraction), report.Fixed(m.MAC, 4))
	}
	_ = t.Flush() // a strings.Builder takes everything
	for i := range r.Comparisons {
		c := &r.Comparisons[i]
		fmt.Fprintf(&b, "\n%s against %s, %s:\n", c.Run, c.Baseline, report.Plural(c.Pairs, "common pair", "common pairs"))
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, row := range c.Delta.Rows() {
			_, _ = fmt.Fprintf(t, "  %s\t%s\t%s\n", row.Name, row.Text(), row.Verdict())
		}
		_, _ = fmt.Fprintf(t, "  labels differ\t%s\ton %s\n", fraction(c.LabelsDiffer), report.Plural(c.Frames, "frame", "frames"))
		_ = t.Flush()
		for _, d := range c.Identity {
			fmt.Fprintf(&b, "  ! %s: %s in %s, %s in %s\n", d.Field, orNothing(d.Baseline), c.Baseline, orNothing(d.Run), c.Run)
		}
	}
	for _, note := range r.Notes {
		b.WriteString("! " + note + "\n")
	}
	_, err := io.WriteString(w, strings.ReplaceAll(b.String(), "\u202f", " "))
	return err
}

func orNothing(s string) string {
	if s == "" {
		return "not set"
	}
	return s
}

// fraction is a fraction with its interval.
func fraction(iv report.Interval) string {
	s := report.Percent(iv.Value)
	if between := report.Between(iv); between != "" {
		s += " (" + between + ")"
	}
	return s
}
