package report

import (
	"strconv"

	"github.com/flipmeter/flipmeter/stability"
)

// totalView is the head of a page of several streams.
type totalView struct {
	Verdict []span
	Banners []banner
	Tiles   []tile
	Rows    []totalRow
	Axis    string // the right end of the rows' axis
	// Of all streams; nil where not asked for, or not given.
	Smoothing *smoothView
	Truth     *truthView
	Delta     *deltaView
}

// totalRow is a stream in the comparison of all.
type totalRow struct {
	ID, Name    string
	Frames      string
	Bar         barView
	Unexplained string
	Flips       string
}

func newTotalView(out Outcome, sum *Summary, streams []*streamView) *totalView {
	micro := out.Micro
	if micro == nil {
		micro = unknownSummary()
	}
	t := &totalView{Verdict: verdict(&sum.Total.Micro, micro), Tiles: totalTiles(sum, micro)}
	t.Smoothing = newSmoothView("total", &sum.Total.Micro, sum.Recommendation)
	t.Truth = newTruthView("total", sum.Total.Micro.Truth)
	t.Delta = newDeltaView("total", sum.Total.Micro.Delta)
	var most float64
	for i := range sum.Streams {
		for _, n := range []Number{sum.Streams[i].FlipFraction.Value, sum.Streams[i].FlipFraction.High} {
			if n.Known() {
				most = max(most, float64(n))
			}
		}
	}
	top := niceTop(most)
	t.Axis = strconv.FormatFloat(100*top, 'f', -1, 64) + thinSpace + "%"
	incomplete := Count(0)
	for _, o := range out.Streams {
		if !o.Complete {
			incomplete++
		}
	}
	if incomplete > 0 {
		t.Banners = append(t.Banners, banner{"alarm", plural(incomplete, "stream is", "streams are") + " incomplete.",
			"The figures hold for what was read."})
	}
	for i := range sum.Streams {
		s := &sum.Streams[i]
		row := totalRow{ID: streams[i].ID, Name: s.Source.Name, Frames: countWord(s.Frames),
			Unexplained: percent(s.UnexplainedFraction.Value), Flips: countWord(s.Flips)}
		if f := s.FlipFraction; f.Value.Known() {
			row.Bar = barView{Known: true, Value: percent(f.Value), Size: 100 * float64(f.Value) / top}
			if iv := between(f); iv != "" {
				row.Bar.Detail = iv
				row.Bar.Low, row.Bar.IntervalW = 100*float64(f.Low)/top, 100*float64(f.High-f.Low)/top
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// totalTiles are the pooled figures, with the averages over streams beside
// the flip fraction.
func totalTiles(sum *Summary, micro *stability.Summary) []tile {
	t := tiles(&sum.Total.Micro, micro.Decided.MinScore)
	macro := fractionTile("Average over streams", sum.Total.Macro.FlipFraction, sum.Total.Macro.Pairs, "flip fraction, every stream weighing the same")
	return append([]tile{t[0], macro}, t[1:4]...)
}
