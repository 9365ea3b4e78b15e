package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

func splitViews(m *Measures, minScore float64) []splitView {
	bars := func(rows ...struct {
		name string
		s    SplitMeasures
	}) []barView {
		var most float64
		for _, r := range rows {
			if r.s.FlipFraction.Value.Known() {
				most = max(most, float64(r.s.FlipFraction.Value))
			}
			if r.s.FlipFraction.High.Known() {
				most = max(most, float64(r.s.FlipFraction.High))
			}
		}
		top := niceTop(most)
		var out []barView
		for _, r := range rows {
			b := barView{Name: r.name, Detail: "no pairs"}
			if r.s.Pairs < 0 {
				b.Detail = noFigure
			}
			if f := r.s.FlipFraction; f.Value.Known() && r.s.Pairs > 0 {
				b.Known, b.Value = true, percent(f.Value)
				b.Size = 100 * float64(f.Value) / top
				b.Detail = plural(r.s.Flips, "flip", "flips") + " in " + plural(r.s.Pairs, "pair", "pairs")
				if iv := between(f); iv != "" {
					b.Low, b.IntervalW = 100*float64(f.Low)/top, 100*float64(f.High-f.Low)/top
					b.Detail += ", 95" + thinSpace + "%: " + iv
				}
			}
			out = append(out, b)
		}
		return out
	}
	type row = struct {
		name string
		s    SplitMeasures
	}
	return []splitView{
		{"Still against moving", "Still: none of 32×32 cells of the model’s view changed. A sound classifier does not flip there.",
			bars(row{"still", m.Still}, row{"moving", m.Moving})},
		{"Decided against all", fmt.Sprintf("Decided: both scores are at least %s. A network that is sure should flip less.",
			minScoreWord(minScore)),
			bars(row{"decided", SplitMeasures{m.Decided.Pairs, m.Decided.Flips, m.Decided.FlipFraction}},
				row{"all", SplitMeasures{m.Pairs, m.Flips, m.FlipFraction}})},
	}
}

// byChange are the columns of the chart by quintile of change.
func byChange(m *Measures) []barView {
	var most float64
	for _, b := range m.ByChange {
		if b.FlipFraction.Known() {
			most = max(most, float64(b.FlipFraction))
		}
	}
	top := niceTop(most)
	var out []barView
	from := Count(0)
	for _, b := range m.ByChange {
		v := barView{Name: fmt.Sprintf("%d%s%d", from, dash, b.ChangeMaxCells), Known: b.FlipFraction.Known(),
			Value: percent(b.FlipFraction), Detail: plural(b.Flips, "flip", "flips") + " in " + plural(b.Pairs, "pair", "pairs")}
		if from >= b.ChangeMaxCells {
			v.Name = strconv.FormatInt(int64(b.ChangeMaxCells), 10)
		}
		if v.Known {
			v.Size = 100 * float64(b.FlipFraction) / top
		} else {
			v.Value = dash
		}
		from = b.ChangeMaxCells + 1
		out = append(out, v)
	}
	return out
}

// dwellView is the chart of how long labels were held.
type dwellView struct {
	Min, Median, P95 string
	Bars             []barView
}

func newDwellView(h *dwellHistogram, st *stability.Summary) *dwellView {
	d := dwellOf(st)
	if !h.hasPTS || !d.Median.Known() {
		return nil
	}
	word := func(n Number) string { return length(time.Duration(float64(n) * float64(time.Second))) }
	v := &dwellView{Min: word(d.Min), Median: word(d.Median), P95: word(d.P95)}
	most := max(1, slices.Max(h.counts[:]))
	first, last := len(h.counts), 0
	for i, n := range h.counts {
		if n > 0 {
			first, last = min(first, i), max(last, i)
		}
	}
	for i := first; i <= last; i++ {
		name := "longer"
		if i < len(dwellSteps) {
			name = "< " + strings.Replace(strconv.FormatFloat(dwellSteps[i].Seconds(), 'f', -1, 64), "0.", ".", 1) + thinSpace + "s"
		}
		v.Bars = append(v.Bars, barView{Name: name, Value: groupedInt(h.counts[i]), Known: true,
			Size: 100 * float64(h.counts[i]) / float64(most)})
	}
	return v
}
