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
		for _, row := range deltaRows(c) {
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

// deltaRow is one difference in words.
type deltaRow struct {
	Name string
	report.Interval
	points bool // in percentage points; else as it is
}

func deltaRows(c *Comparison) []deltaRow {
	d := &c.Delta
	return []deltaRow{
		{"flip fraction", d.FlipFraction, true},
		{"unexplained fraction", d.UnexplainedFraction, true},
		{"decided flip fraction", d.Decided.FlipFraction, true},
		{"probability jump (MAC)", d.MAC, false},
	}
}

// Text is the difference with its interval.
func (r deltaRow) Text() string {
	if !r.Value.Known() {
		return report.NotKnown
	}
	s := r.signed(r.Value)
	if r.points {
		s += " points"
	}
	if r.Low.Known() && r.High.Known() {
		s += " (95 %: " + r.signed(r.Low) + " to " + r.signed(r.High) + ")"
	}
	return s
}

// signed is a figure with its sign: percentage points with one or two
// decimals, or three decimals.
func (r deltaRow) signed(n report.Number) string {
	if !n.Known() {
		return report.NotKnown
	}
	v, digits := float64(n), 4
	if r.points {
		v, digits = 100*v, 1
		if v > -1 && v < 1 {
			digits = 2
		}
	}
	s := fmt.Sprintf("%+.*f", digits, v)
	if strings.Trim(s, "+-0.") == "" {
		return "0"
	}
	return strings.Replace(s, "-", "−", 1)
}

// Verdict says what the interval allows to say.
func (r deltaRow) Verdict() string {
	switch {
	case !r.Value.Known() || !r.Low.Known() || !r.High.Known():
		return ""
	case r.Low > 0:
		return "more"
	case r.High < 0:
		return "less"
	}
	return "can't be told apart"
}
