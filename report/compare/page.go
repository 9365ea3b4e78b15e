package compare

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/report"
)

//go:embed page/compare.html.tmpl page/compare.css page/compare.js
var pageFiles embed.FS

// PageInfo is what the page says about itself.
type PageInfo struct {
	Tool    string
	Created time.Time // zero: not shown
}

// maxPageBins bounds the timelines of a whole page.
const maxPageBins = 40 << 10

// page is compare.html: one file, nothing referenced from outside.
type page struct {
	Title, Tool, Created string
	CSS                  template.CSS
	JS                   template.JS
	Facts, Notes, Names  []string
	Verdicts             [][]span
	Rows                 []sideRow
	Comparisons          []comparisonView
	Streams              []streamView
	Matrix               []matrixRow
	Data                 []*lineData
}

type span struct {
	Text   string
	Strong bool
}

// sideRow is a measure of all runs.
type sideRow struct {
	Name  string
	Cells []cell
}

type cell struct{ Text, Between string }

type matrixRow struct {
	Name  string
	Cells []string
}

type streamView struct {
	ID, Name string
	Legend   []legendEntry
}

type legendEntry struct {
	Name  string
	Color int
}

// comparisonView is one run against the baseline.
type comparisonView struct {
	ID, Baseline, Run           string
	Pairs, Frames, Differ       string
	Both, OnlyBaseline, OnlyRun string
	Deltas                      []deltaView
	Identity                    []Difference
	PerStream                   []perStreamView // empty with one stream
	Stretches                   []stretchView
	Disagreements               []disagreementView
}

// deltaView is a difference on an axis around zero, in per cent of its
// length.
type deltaView struct {
	Name, Text, Verdict string
	Known               bool
	Left, Width, Dot    float64
}

type perStreamView struct{ ID, Name, Pairs, Flips, Unexplained, Differ string }

type stretchView struct {
	ID, Text, Frames, Baseline, Run string
	From, To                        float64
}

type disagreementView struct {
	Baseline, Run, Frames string
	Share                 float64
}

// WriteHTML writes the page.
func (r *Result) WriteHTML(w io.Writer, info PageInfo) error {
	css, err := pageFiles.ReadFile("page/compare.css")
	if err != nil {
		return err
	}
	js, err := pageFiles.ReadFile("page/compare.js")
	if err != nil {
		return err
	}
	p := r.page()
	p.Tool = info.Tool
	if !info.Created.IsZero() {
		p.Created = info.Created.Format("2 January 2006, 15:04 MST")
	}
	p.CSS, p.JS = template.CSS(report.StyleSheet()+string(css)), template.JS(js)
	t, err := template.New("compare.html.tmpl").ParseFS(pageFiles, "page/compare.html.tmpl")
	if err != nil {
		return err
	}
	return t.Execute(w, p)
}

func (r *Result) page() *page {
	p := &page{Notes: r.Notes}
	for i := range r.Runs {
		p.Names = append(p.Names, r.Runs[i].Name)
	}
	p.Title = strings.Join(p.Names[1:], ", ") + " against " + p.Names[0]
	base := &r.Runs[0]
	frames := report.Count(0)
	for i := range base.Streams {
		frames += base.Streams[i].Frames
		if i < 3 {
			p.Facts = append(p.Facts, base.Streams[i].Source.Name)
		}
	}
	if n := len(base.Streams); n > 3 {
		p.Facts = append(p.Facts, fmt.Sprintf("%d more", n-3))
	}
	p.Facts = append(p.Facts, report.Plural(frames, "frame", "frames"))
	p.Rows = r.rows()
	for i, line := range r.lines {
		id := fmt.Sprintf("s%d", i)
		line.shrink(max(64, maxPageBins/len(r.lines)))
		leading, _ := line.leading()
		p.Data = append(p.Data, line.data(id, r.Runs, r.labels, leading))
		v := streamView{ID: id, Name: line.stream}
		for color, label := range leading {
			v.Legend = append(v.Legend, legendEntry{nameOf(r.labels, label), color})
		}
		p.Streams = append(p.Streams, v)
	}
	for i := range r.Comparisons {
		c := &r.Comparisons[i]
		p.Verdicts = append(p.Verdicts, verdict(c, base, &r.Runs[i+1]))
		p.Comparisons = append(p.Comparisons, r.view(fmt.Sprintf("c%d", i), c))
	}
	if len(r.Runs) > 2 {
		for i, row := range r.LabelsDiffer {
			m := matrixRow{Name: p.Names[i]}
			for j, v := range row {
				text := report.Percent(v)
				if i == j {
					text = "–"
				}
				m.Cells = append(m.Cells, text)
			}
			p.Matrix = append(p.Matrix, m)
		}
	}
	return p
}

// verdict is the plain-language sentence.
func verdict(c *Comparison, base, run *Run) []span {
	d := &c.Delta.FlipFraction
	var v []span
	say := func(text string, strong bool) { v = append(v, span{text, strong}) }
	switch {
	case !d.Value.Known():
		say("There is nothing to compare: no pair of neighbouring frames that both runs have.", false)
		return v
	case d.Low > 0:
		say(c.Run+" ", false)
		say("flips more", true)
	case d.High < 0:
		say(c.Run+" ", false)
		say("flips less", true)
	case d.Value == 0 && c.Flips.OnlyRun == 0 && c.Flips.OnlyBaseline == 0:
		say(c.Run+" ", false)
		say("flips exactly where "+c.Baseline+" does", true)
	default:
		say("Whether "+c.Run+" flips more or less than "+c.Baseline, false)
		say(" can’t be told", true)
		say(" from this footage", false)
	}
	say(fmt.Sprintf(": at %s of the steps from one frame to the next, against %s", report.Percent(run.Total.Micro.FlipFraction.Value),
		report.Percent(base.Total.Micro.FlipFraction.Value)), false)
	row := report.FractionDelta(*d)
	if d.Low.Known() && d.High.Known() && d.Value != 0 {
		say(", a difference of "+row.Signed(d.Value)+" points (95\u202f%: "+row.Signed(d.Low)+" to "+row.Signed(d.High)+")", false)
	}
	say(". ", false)
	switch {
	case c.LabelsDiffer.Value == 0:
		say("They give the same label on every frame.", false)
	case c.LabelsDiffer.Value.Known():
		say("They give ", false)
		say("different labels on "+report.Percent(c.LabelsDiffer.Value), true)
		say(" of the frames.", false)
	}
	return v
}

// rows are the measures of all runs, one below the other.
func (r *Result) rows() []sideRow {
	iv := func(of func(m *report.Measures) report.Interval) func(*report.Measures) cell {
		return func(m *report.Measures) cell { x := of(m); return cell{report.Percent(x.Value), report.Between(x)} }
	}
	count := func(of func(m *report.Measures) report.Count) func(*report.Measures) cell {
		return func(m *report.Measures) cell { return cell{Text: report.CountWord(of(m))} }
	}
	number := func(digits int, of func(m *report.Measures) report.Number) func(*report.Measures) cell {
		return func(m *report.Measures) cell { return cell{Text: report.Fixed(of(m), digits)} }
	}
	var out []sideRow
	for _, row := range []struct {
		name string
		cell func(*report.Measures) cell
	}{
		{"flips", count(func(m *report.Measures) report.Count { return m.Flips })},
		{"flip fraction", iv(func(m *report.Measures) report.Interval { return m.FlipFraction })},
		{"unexplained fraction", iv(func(m *report.Measures) report.Interval { return m.UnexplainedFraction })},
		{"decided flip fraction", iv(func(m *report.Measures) report.Interval { return m.Decided.FlipFraction })},
		{"decided share of frames", func(m *report.Measures) cell { return cell{Text: report.Percent(m.Decided.Share)} }},
		{"flips a second", number(2, func(m *report.Measures) report.Number { return m.FlipRateHz })},
		{"probability jump (MAC)", number(4, func(m *report.Measures) report.Number { return m.MAC })},
		{"top-5 distance", number(3, func(m *report.Measures) report.Number { return m.T5D })},
		{"glitches", count(func(m *report.Measures) report.Count { return m.Glitches })},
		{"transitions", count(func(m *report.Measures) report.Count { return m.Kinds.Transition })},
		{"churn", count(func(m *report.Measures) report.Count { return m.Kinds.Churn })},
		{"different labels", count(func(m *report.Measures) report.Count { return m.Labels })},
		{"pairs", count(func(m *report.Measures) report.Count { return m.Pairs })},
		{"coverage", func(m *report.Measures) cell { return cell{Text: report.Percent(m.Coverage)} }},
	} {
		x := sideRow{Name: row.name}
		for i := range r.Runs {
			x.Cells = append(x.Cells, row.cell(&r.Runs[i].Total.Micro))
		}
		out = append(out, x)
	}
	return out
}

func (r *Result) view(id string, c *Comparison) comparisonView {
	v := comparisonView{
		ID: id, Baseline: c.Baseline, Run: c.Run, Identity: c.Identity,
		Pairs: report.Plural(c.Pairs, "pair", "pairs"), Frames: report.Plural(c.Frames, "frame", "frames"),
		Differ: report.Percent(c.LabelsDiffer.Value),
		Both:   report.CountWord(c.Flips.Both), OnlyBaseline: report.CountWord(c.Flips.OnlyBaseline), OnlyRun: report.CountWord(c.Flips.OnlyRun),
	}
	rows := c.Delta.Rows()
	top := 0.0
	for _, row := range rows {
		for _, n := range []report.Number{row.Value, row.Low, row.High} {
			if n.Known() {
				top = max(top, math.Abs(float64(n)))
			}
		}
	}
	top = max(top*1.05, 1e-9)
	place := func(n report.Number) float64 { return 50 + 50*float64(n)/top }
	for _, row := range rows {
		d := deltaView{Name: row.Name, Text: strings.ReplaceAll(row.Text(), "95 %", "95\u202f%"), Verdict: row.Verdict()}
		if row.Value.Known() {
			low, high := row.Low, row.High
			if !low.Known() || !high.Known() {
				low, high = row.Value, row.Value
			}
			d.Known, d.Left, d.Width, d.Dot = true, place(low), place(high)-place(low), place(row.Value)
		}
		v.Deltas = append(v.Deltas, d)
	}
	if len(c.PerStream) > 1 {
		for i := range c.PerStream {
			s := &c.PerStream[i]
			v.PerStream = append(v.PerStream, perStreamView{fmt.Sprintf("s%d", i), s.Stream, report.CountWord(s.Pairs),
				report.FractionDelta(s.Delta.FlipFraction).Text(), report.FractionDelta(s.Delta.UnexplainedFraction).Text(),
				report.Percent(s.LabelsDiffer.Value)})
		}
	}
	for _, s := range c.Stretches {
		v.Stretches = append(v.Stretches, r.stretch(&s))
	}
	for _, d := range c.Disagreements {
		v.Disagreements = append(v.Disagreements, disagreementView{d.Baseline, d.Run, report.CountWord(d.Frames),
			100 * float64(d.Frames) / float64(c.Disagreements[0].Frames)})
	}
	return v
}

func (r *Result) stretch(s *Stretch) stretchView {
	v := stretchView{Frames: report.CountWord(s.Frames), Baseline: s.Baseline, Run: s.Run,
		From: float64(s.Frame), To: float64(s.Frame + s.Frames - 1),
		Text: fmt.Sprintf("frame %d – %d", s.Frame, s.Frame+s.Frames-1)}
	if s.FromMs.Known() {
		v.From, v.To = float64(s.FromMs), float64(s.ToMs)
		v.Text = report.Clock(s.FromMs) + " – " + report.Clock(s.ToMs)
	}
	for i, line := range r.lines {
		if line.stream == s.Stream {
			v.ID = fmt.Sprintf("s%d", i)
		}
	}
	return v
}
