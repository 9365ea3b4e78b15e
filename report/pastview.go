package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// lacksPast is what a history can't tell, in the page's own words.
const lacksPast = "Drawn from the history of flipmeter watch, which keeps windows of a minute, flips and alerts. " +
	"Not there are single frames, labels between flips, scores, pictures, how much the picture changed, cuts, and how long labels held. " +
	"Figures are sums of windows, their intervals come from how much the steps of the timeline differ. Flips are told one by one when their kind is known: at the ends of the stretch their number may differ from the windows'."

// view is the section of one camera.
func (p *Past) view(id string, flips int) *streamView {
	st, m := p.total.summary(p.bins)
	st.LabelPairs = p.labelPairs()
	v := &streamView{
		ID: id, Name: p.name, HasTimes: true, TimelineTitle: "How it went, step by step", Past: true,
		Data: p.timeline(id), Notes: []string{lacksPast},
	}
	v.Facts = []string{length(p.cfg.Until.Sub(p.cfg.Since)), p.time(p.cfg.Since) + " to " + p.time(p.cfg.Until) + " " + p.cfg.Until.Format("MST"), plural(Count(p.total.windows), "window", "windows")}
	v.Verdict = verdict(&m, st)
	if p.total.windows == 0 {
		v.Verdict = []span{{"Nothing was measured in that time.", false}}
	} else if st.Coverage < 0.9 {
		v.Banners = append(v.Banners, banner{"warn", "Parts are missing.",
			fmt.Sprintf("Only %s of the time in the windows is covered by pairs of neighbouring frames.", percent(Number(st.Coverage)))})
	}
	v.Tiles = tiles(&m, math.NaN())
	v.Kinds = kindViews(&m)
	v.LabelPairs, v.PairsRest = labelPairs(st, v.Data)
	v.Gallery = p.gallery(id, flips)
	for _, i := range p.worstBins() {
		b := &p.bins[i]
		from, to := p.start(i), p.start(i+1)
		v.Stretches = append(v.Stretches, stretchView{
			From: p.time(from), To: to.Format("15:04"), FromUnits: p.units(from), ToUnits: p.units(to),
			Flips: groupedInt(b.flips), Unexplained: groupedInt(b.unexplained), Kinds: b.kindsText(),
		})
	}
	v.StretchRule = "Steps of " + length(p.width) + " with most unexplained flips, then with most flips."
	for _, a := range slices.Backward(p.told) {
		v.Alerts = append(v.Alerts, pastAlertView{p.time(a.At), a.Rule, a.State, a.Text})
	}
	if p.more > 0 {
		v.AlertsRest = plural(Count(p.more), "older message is", "older messages are") + " not shown; the export has them all."
	}
	v.Measured = []Detail{
		{"source", "history of flipmeter watch"}, {"from", p.time(p.cfg.Since)}, {"to", p.time(p.cfg.Until)},
		{"step of the timeline", length(p.width)}, {"coverage of the windows", percent(Number(st.Coverage))},
	}
	return v
}

type pastAlertView struct{ At, Rule, State, Text string }

func (p *Past) time(t time.Time) string {
	return t.In(p.cfg.Until.Location()).Format("2 Jan 15:04:05")
}
func (p *Past) start(bin int) time.Time {
	return p.cfg.Since.In(p.cfg.Until.Location()).Add(time.Duration(bin) * p.width)
}
func (p *Past) units(t time.Time) float64 { return ms(t.Sub(p.cfg.Since)) }

func (s *pastSums) kindsText() string {
	var st stretch
	for k, n := range s.kinds {
		switch k {
		case stability.KindGlitch:
			st.glitch = int32(n[0])
		case stability.KindTransition:
			st.transition = int32(n[0])
		case stability.KindChurn:
			st.churn = int32(n[0])
		default:
			st.censored += int32(n[0])
		}
	}
	return stretchKinds(st)
}

func (p *Past) labelPairs() []stability.LabelPair {
	var out []stability.LabelPair
	for k, n := range p.pairs {
		out = append(out, stability.LabelPair{From: k[0], To: k[1], Count: n})
	}
	slices.SortFunc(out, func(a, b stability.LabelPair) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		if a.From != b.From {
			return int(a.From - b.From)
		}
		return int(a.To - b.To)
	})
	return out
}

// timeline holds the steps: flips by kind and the shares of pairs.
func (p *Past) timeline(id string) *timelineData {
	_, offset := p.cfg.Until.Zone()
	d := &timelineData{
		ID: id, Unit: "ms", Per: 1, Last: 1, End: p.units(p.start(len(p.bins))), Origin: p.cfg.Since.Add(time.Duration(offset) * time.Second).UnixMilli(),
		Names: []string{}, Colors: []int{}, Label: []int{}, Flips: [][4]int{}, Lines: []lineData{}, Cuts: []int64{}, Breaks: []breakData{},
		Score: []int{}, Change: []int{}, names: map[int32]int{}, colors: map[int32]int{},
		label:  func(i int32) string { return p.names[i] },
		Window: &windowData{Width: ms(p.width)}, Odd: &windowData{Width: ms(p.width)},
	}
	for i := range p.bins {
		b := &p.bins[i]
		from, to := int64(p.units(p.start(i))), int64(p.units(p.start(i+1)))
		d.Start, d.Score, d.Change = append(d.Start, from), append(d.Score, -1), append(d.Change, -1)
		for k := stability.KindGlitch; k <= stability.KindCensored; k++ {
			if n := b.kinds[k]; n != nil {
				d.Flips = append(d.Flips, [4]int{i, int(k), int(n[0]), int(n[1])})
			}
		}
		if b.pairs == 0 {
			if n := len(d.Breaks); n > 0 && d.Breaks[n-1].To == from {
				d.Breaks[n-1].To = to
			} else {
				d.Breaks = append(d.Breaks, breakData{from, to, "nothing measured"})
			}
			continue
		}
		mid := (from + to) / 2
		for _, x := range [...]struct {
			w    *windowData
			part int64
		}{{d.Window, b.flips}, {d.Odd, b.unexplained}} {
			x.w.T, x.w.V = append(x.w.T, mid), append(x.w.V, perMille(float64(x.part)/float64(b.pairs)))
			x.w.Low, x.w.High = append(x.w.Low, -1), append(x.w.High, -1)
		}
	}
	if len(d.Window.T) == 0 {
		d.Window, d.Odd = nil, nil
	}
	return d
}

// gallery shows flips one by one, the unexplained first.
func (p *Past) gallery(id string, limit int) galleryView {
	newest := func(list []PastFlip, n int) []PastFlip {
		list = slices.Clone(list)
		slices.SortStableFunc(list, func(a, b PastFlip) int { return b.At.Compare(a.At) })
		return list[:min(len(list), max(0, n))]
	}
	odd := newest(p.odd, limit)
	all := append(odd, newest(p.even, limit-len(odd))...)
	if len(all) == 0 {
		return galleryView{}
	}
	var total int64
	for _, n := range p.total.kinds {
		total += n[0]
	}
	g := galleryView{Rule: fmt.Sprintf("%s of %s flips, the newest: unexplained ones first. The export has them all.", groupedInt(int64(len(all))), groupedInt(total))}
	for i := range all {
		f := &all[i]
		v := &flipView{
			Stream: id, Kind: f.Kind, At: p.time(f.At), AtUnits: p.units(f.At), From: f.From, To: f.To, Unexplained: f.Unexplained,
			Held: length(f.HeldBefore) + " before, " + length(f.HeldAfter) + " after",
		}
		if i < openFilmstrips {
			g.Open = append(g.Open, v)
		} else {
			g.More = append(g.More, v)
		}
	}
	return g
}

// pastTotal is the head of a page of several cameras.
func pastTotal(cameras []*Past, views []*streamView) *totalView {
	var sum pastSums
	var steps []pastSums
	most := 0.0
	for _, c := range cameras {
		t := c.total
		steps = append(steps, c.bins...)
		sum.pairs, sum.flips, sum.unexplained = sum.pairs+t.pairs, sum.flips+t.flips, sum.unexplained+t.unexplained
		sum.decided, sum.decidedFlips = sum.decided+t.decided, sum.decidedFlips+t.decidedFlips
		sum.observed, sum.uncovered = sum.observed+t.observed, sum.uncovered+t.uncovered
		sum.mac, sum.macPairs = sum.mac+t.mac, sum.macPairs+t.macPairs
		if t.pairs > 0 {
			most = max(most, float64(t.flips)/float64(t.pairs))
		}
	}
	st, m := sum.summary(steps)
	top := niceTop(most)
	out := &totalView{Verdict: verdict(&m, st), Tiles: tiles(&m, math.NaN()), Axis: strconv.FormatFloat(100*top, 'f', -1, 64) + thinSpace + "%"}
	for i, c := range cameras {
		_, cm := c.total.summary(c.bins)
		row := totalRow{ID: views[i].ID, Name: c.name, Frames: dash, Flips: countWord(cm.Flips), Unexplained: percent(cm.UnexplainedFraction.Value)}
		if v := cm.FlipFraction.Value; v.Known() {
			row.Bar = barView{Known: true, Value: percent(v), Size: 100 * float64(v) / top}
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}
