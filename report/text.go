package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteText writes the few figures that matter, for a terminal.
func (s *Summary) WriteText(w io.Writer) error {
	var b strings.Builder
	for i := range s.Streams {
		st := &s.Streams[i]
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(st.Source.Name + ": " + strings.Join(st.headline(), ", ") + "\n")
		writeMeasures(&b, &st.Measures, st.minScore, &st.FPS)
		writeSmoothers(&b, &st.Measures)
		if e := st.Explained; e != nil {
			b.WriteString("  one pixel: " + e.lead() + "\n")
		}
		writeDelta(&b, st.Delta)
		for _, note := range st.warnings {
			b.WriteString("  ! " + note + "\n")
		}
	}
	if n := len(s.Streams); n > 1 && s.Total.Micro.Pairs >= 0 {
		fmt.Fprintf(&b, "\nall %d streams together:\n", n)
		writeMeasures(&b, &s.Total.Micro, s.Streams[0].minScore, nil)
		writeSmoothers(&b, &s.Total.Micro)
		writeDelta(&b, s.Total.Micro.Delta)
		if f := s.Total.Macro.FlipFraction; f.Value.Known() {
			b.WriteString("  average of the streams' flip fractions: " + percent(f.Value) + "\n")
		}
	}
	if r := recommendedWords(s.Recommendation); r != nil {
		b.WriteString("\n")
		for _, span := range r {
			b.WriteString(span.Text)
		}
		b.WriteString("\n")
	}
	// The narrow space of the page is no character for every terminal.
	_, err := io.WriteString(w, strings.ReplaceAll(b.String(), thinSpace, " "))
	return err
}

func (st *StreamSummary) headline() []string {
	h := []string{plural(st.Frames, "frame", "frames")}
	if st.duration > 0 {
		h = append(h, length(st.duration))
	}
	if st.Identity.Model != "" {
		h = append(h, st.Identity.Model)
	}
	return h
}

func writeMeasures(b *strings.Builder, m *Measures, minScore float64, fps *FPSSummary) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	line := func(name string, parts ...string) {
		_, _ = fmt.Fprintf(t, "  %s\t%s\n", name, strings.Join(nonEmpty(parts...), ", "))
	}
	of := func(n Count, f Interval, pairs Count) string {
		if pairs == 0 {
			return "no pairs"
		}
		s := fmt.Sprintf("%s in %s", countWord(n), plural(pairs, "pair", "pairs"))
		if f.Value.Known() {
			s += ": " + percent(f.Value)
		}
		if iv := between(f); iv != "" {
			s += " (95 %: " + iv + ")"
		}
		return s
	}
	rate := ""
	if m.FlipRateHz.Known() {
		rate = fixed(m.FlipRateHz, 2) + " a second"
	}
	line("flips", of(m.Flips, m.FlipFraction, m.Pairs), rate)
	if m.Unexplained >= 0 {
		line("unexplained", of(m.Unexplained, m.UnexplainedFraction, m.Pairs))
	}
	if m.Decided.Pairs >= 0 {
		line("decided", of(m.Decided.Flips, m.Decided.FlipFraction, m.Decided.Pairs),
			"both scores at least "+minScoreWord(minScore))
	}
	if m.Still.Pairs >= 0 && m.Moving.Pairs >= 0 {
		line("still", of(m.Still.Flips, m.Still.FlipFraction, m.Still.Pairs))
		line("moving", of(m.Moving.Flips, m.Moving.FlipFraction, m.Moving.Pairs))
	}
	if k := m.Kinds; k.Glitch >= 0 {
		line("kinds", countWord(k.Glitch)+" glitch", countWord(k.Transition)+" transition",
			countWord(k.Churn)+" churn", countWord(k.Censored)+" censored")
	}
	if m.Coverage.Known() {
		line("coverage", percent(m.Coverage), breaksOrNothing(&m.Breaks))
	}
	if fps != nil && fps.Pipeline.Known() {
		line("speed", fixed(fps.Pipeline, 1)+" frames a second")
	}
	_ = t.Flush() // a strings.Builder takes everything
}

// writeSmoothers writes what smoothing would leave, a line each.
func writeSmoothers(b *strings.Builder, m *Measures) {
	v := newSmoothView("", m, nil)
	if v == nil {
		return
	}
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "  smoothed by\tflips\tunexplained\tlabels changed\tlag\tmeasured\tfollowed\n")
	for i, r := range v.Rows[1:] {
		name := m.Smoothers[i].Smoother
		if r.Refused != "" {
			_, _ = fmt.Fprintf(t, "  %s\t%s\n", name, r.Refused)
			continue
		}
		_, _ = fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, r.Flips, r.Unexplained, r.Changed, r.CleanLag, r.Lag, r.Followed)
	}
	_ = t.Flush()
}

// writeDelta writes by how much the run differs from its baseline.
func writeDelta(b *strings.Builder, d *Delta) {
	if d == nil {
		return
	}
	b.WriteString("  against the baseline:\n")
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, r := range d.Rows() {
		_, _ = fmt.Fprintf(t, "    %s\t%s\t%s\n", r.Name, r.Text(), r.Verdict())
	}
	_ = t.Flush()
}

func breaksOrNothing(b *BreakCounts) string {
	if w := breakWords(b); w != "none" {
		return "breaks: " + w
	}
	return ""
}
