package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/flipmeter/flipmeter/stability"
)

// hardlyKnew is the median top-1 score below which a network is said to have
// hardly known what it saw: its flips then mean little.
const hardlyKnew = 0.3

// streamView is one stream's section of the page, ready to be printed.
type streamView struct {
	ID, Name    string
	Facts       []string
	Verdict     []span
	Banners     []banner
	Tiles       []tile
	Legend      []legendEntry
	Kinds       []kindView
	Splits      []splitView
	ByChange    []barView
	Dwell       *dwellView
	Gallery     galleryView
	Explained   *explainedView // nil: not asked for
	Stretches   []stretchView
	StretchRule string
	LabelPairs  []labelPairView
	PairsRest   string
	Smoothing   *smoothView // nil: not asked for
	Truth       *truthView  // nil: not given
	Delta       *deltaView  // nil: no baseline
	Measured    []Detail
	Notes       []string
	HasTimes    bool
	Data        *timelineData
	TimelineFor string // what the timeline can't show, in a sentence
	// Of a page of the past only.
	TimelineTitle string
	Past          bool
	Alerts        []pastAlertView
	AlertsRest    string
}

// span is a piece of a sentence.
type span struct {
	Text   string
	Strong bool
}

// banner is a warning at the head of a section.
type banner struct {
	Level string // "alarm" or "warn"
	Title string
	Text  string
}

// tile is a headline figure.
type tile struct {
	Name, Value, Unit, Between, Text string
	Bar                              *intervalBar
	None                             bool // the figure is not known
}

// intervalBar draws an interval on an axis from 0 to Max, in per cent of its
// length.
type intervalBar struct {
	Low, Width, Value float64
	Max               string
}

type legendEntry struct {
	Name  string
	Color int
	Share string
}

type splitView struct {
	Title, Text string
	Bars        []barView
}

// barView is a bar of a chart; sizes in per cent of its axis.
type barView struct {
	Name, Value, Detail  string
	Size, Low, IntervalW float64
	Known                bool
}

type kindView struct {
	Name, Text string
	Count      string
	Share      float64
}

func newStreamView(id string, s *stream, o StreamOutcome, sum *StreamSummary, data *timelineData, cfg Config) *streamView {
	v := &streamView{
		ID: id, Name: s.cfg.Source.Name, HasTimes: s.page.hasPTS, Data: data,
		Notes: slices.Concat(s.cfg.Source.Notes, o.Notes),
	}
	st := o.Summary
	if st == nil {
		st = unknownSummary()
	}
	v.Facts = facts(s, sum, st)
	v.Verdict = verdict(&sum.Measures, st)
	v.Banners = banners(s, o, st)
	v.Tiles = tiles(&sum.Measures, s.cfg.MinScore)
	v.Legend = legend(data, st)
	v.Kinds = kindViews(&sum.Measures)
	v.Splits = splitViews(&sum.Measures, s.cfg.MinScore)
	v.ByChange = byChange(&sum.Measures)
	v.Dwell = newDwellView(&s.page.dwell, st)
	v.Gallery = newGalleryView(id, s, max(4, cfg.MaxPictures/max(1, len(s.run.streams))), cfg)
	v.Explained = newExplainedView(o.Explained)
	for _, flips := range [][]*flipView{v.Gallery.Open, v.Gallery.More} {
		for _, f := range flips {
			f.Nine = newNineViews(o.Explained, f.seq, s.cfg.Label)
		}
	}
	v.Stretches, v.StretchRule = stretchViews(s.page, data)
	v.LabelPairs, v.PairsRest = labelPairs(st, data)
	v.Truth = newTruthView(id, sum.Truth)
	v.Delta = newDeltaView(id, sum.Delta)
	v.Measured = measured(s, sum, cfg)
	if data.Per > 1 {
		v.TimelineFor = fmt.Sprintf("The run is long: the timeline shows %d frames a step, with the share of each label in it. "+
			"The tables hold every frame.", data.Per)
	}
	return v
}

func facts(s *stream, sum *StreamSummary, st *stability.Summary) []string {
	f := []string{countWord(sum.Frames) + " frames"}
	if st.HasPTS && st.Last > st.First {
		f = append(f, length(st.Last-st.First))
	}
	src := s.cfg.Source
	if src.Width > 0 {
		f = append(f, fmt.Sprintf("%d×%d", src.Width, src.Height))
	}
	if src.FPS > 0 {
		f = append(f, strconv.FormatFloat(src.FPS, 'f', -1, 32)+thinSpace+"fps")
	}
	if src.Codec != "" {
		f = append(f, src.Codec)
	}
	if s.cfg.Identity.Model != "" {
		f = append(f, s.cfg.Identity.Model)
	}
	return f
}

// verdict is the plain-language sentence.
func verdict(m *Measures, st *stability.Summary) []span {
	if m.Pairs <= 0 {
		return []span{{"There was nothing to compare: no two neighbouring frames.", false}}
	}
	var v []span
	say := func(s string) { v = append(v, span{s, false}) }
	stress := func(s string) { v = append(v, span{s, true}) }
	if m.Flips == 0 {
		say("The network ")
		stress("never changed its mind")
		say(" in " + plural(m.Pairs, "pair", "pairs") + " of neighbouring frames.")
		return v
	}
	say("The network changed its mind ")
	stress(plural(m.Flips, "time", "times"))
	if st.Observed > 0 {
		say(" in " + length(st.Observed) + " of video")
	}
	say(", at " + percent(m.FlipFraction.Value) + " of the steps from one frame to the next.")
	switch {
	case m.Unexplained < 0:
		say(" Whether it had a reason is not known.")
	case m.Unexplained == 0 && m.Still.Pairs >= 0:
		say(" Each came with movement or near a cut, and none was taken back at once.")
	case m.Unexplained == 0:
		say(" None was taken back at once.")
	default:
		say(" ")
		stress(plural(m.Unexplained, "flip", "flips"))
		if m.Still.Pairs >= 0 {
			say(" had no visible reason: nothing moved, or the old label was back within a moment.")
		} else {
			say(" had no visible reason: the old label was back within a moment.")
		}
	}
	return v
}

func banners(s *stream, o StreamOutcome, st *stability.Summary) []banner {
	var b []banner
	if st == nil {
		st = unknownSummary()
	}
	if s.cfg.RandomWeights != "" {
		b = append(b, banner{"alarm", "The weights are random.",
			"This network was never trained (" + s.cfg.RandomWeights + "). Its labels mean nothing; only speed and plumbing can be judged here."})
	}
	if !o.Complete {
		why := o.Why
		if why == "" {
			why = "it ended early"
		}
		b = append(b, banner{"alarm", "This analysis is incomplete:", why + ". The figures hold for what was read."})
	}
	if st.MedianScore < hardlyKnew { // false where not known
		b = append(b, banner{"warn", "The network hardly knew what it saw.",
			fmt.Sprintf("Half of its best scores are below %.2f (the rule: a median under %.1f). "+
				"A network without an opinion flips without meaning%s.", st.MedianScore, hardlyKnew, decidedAdvice(st))})
	}
	if s.cfg.Source.Interlaced == "yes" && !s.cfg.Source.Deinterlaced {
		b = append(b, banner{"warn", "The footage is interlaced.",
			"Moving edges are combed, and combing flickers: some flips may come from that. Analyze it again with --deinterlace to know."})
	}
	if st.Coverage < 0.9 {
		b = append(b, banner{"warn", "Parts are missing.",
			fmt.Sprintf("Only %s of the time is covered by pairs of neighbouring frames; the timeline marks the breaks.", percent(Number(st.Coverage)))})
	}
	return b
}

// decidedAdvice says where to look instead.
func decidedAdvice(st *stability.Summary) string {
	if st.Decided.Pairs > 0 {
		return "; look at the decided pairs"
	}
	return ", and none of its pairs is decided"
}

func tiles(m *Measures, minScore float64) []tile {
	decided := "where both scores are at least " + minScoreWord(minScore)
	if m.Decided.Pairs > 0 {
		decided += ": " + shareOf(m.Decided.Pairs, m.Pairs) + " of pairs"
	}
	return []tile{
		fractionTile("Flip fraction", m.FlipFraction, m.Pairs, "of neighbouring frames differ in their label"),
		fractionTile("Unexplained", m.UnexplainedFraction, m.Pairs, "of pairs flip for no visible reason"),
		fractionTile("Decided flip fraction", m.Decided.FlipFraction, m.Decided.Pairs, decided),
		{Name: "Flips a second", Value: fixed(m.FlipRateHz, 2), None: !m.FlipRateHz.Known(), Text: "of video that was observed"},
		{Name: "Probability jump", Value: fixed(m.MAC, 3), None: !m.MAC.Known(), Text: "mean change of the leading label’s probability (MAC)"},
	}
}

// minScoreWord is the score from which an observation counts as decided.
func minScoreWord(minScore float64) string {
	if math.IsNaN(minScore) {
		return "the minimum"
	}
	return strconv.FormatFloat(minScore, 'f', -1, 64)
}

func shareOf(part, whole Count) string {
	if part < 0 || whole <= 0 {
		return noFigure
	}
	return percent(Number(float64(part) / float64(whole)))
}

func fractionTile(name string, iv Interval, pairs Count, text string) tile {
	t := tile{Name: name, Text: text, Between: between(iv)}
	if !iv.Value.Known() {
		t.Value, t.None = noFigure, true
		if pairs == 0 {
			t.Value = "no pairs"
		}
		return t
	}
	t.Value, t.Unit = percentDigits(iv.Value), "%"
	if t.Between != "" {
		top := niceTop(max(float64(iv.High), 0.01))
		t.Bar = &intervalBar{Low: 100 * float64(iv.Low) / top, Value: 100 * float64(iv.Value) / top,
			Width: 100 * float64(iv.High-iv.Low) / top, Max: percent(Number(top))}
	}
	return t
}

// niceTop is the end of an axis that has room for v, a fraction.
func niceTop(v float64) float64 {
	for _, top := range []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 0.75} {
		if v <= top {
			return top
		}
	}
	return 1
}

func legend(d *timelineData, st *stability.Summary) []legendEntry {
	var l []legendEntry
	for _, c := range st.LabelCounts[:min(numColors, len(st.LabelCounts))] {
		share := Number(float64(c.Count) / float64(max(1, st.Frames)))
		l = append(l, legendEntry{d.nameOf(c.Label), d.colorOf(c.Label), percent(share)})
	}
	if rest := st.Labels - len(l); rest > 0 && len(l) > 0 {
		l = append(l, legendEntry{plural(Count(rest), "other label", "other labels"), -1, ""})
	}
	return l
}

func kindViews(m *Measures) []kindView {
	if m.Kinds.Glitch < 0 {
		return nil
	}
	share := func(c Count) float64 { return 100 * float64(c) / max(1, float64(m.Flips)) }
	k := m.Kinds
	glitches := "left for less than 200 ms and came back"
	if m.Glitches > 0 {
		glitches += "; " + plural(m.Glitches, "excursion", "excursions")
	}
	return []kindView{
		{"glitch", glitches, countWord(k.Glitch), share(k.Glitch)},
		{"transition", "from one steady label to another", countWord(k.Transition), share(k.Transition)},
		{"churn", "to and fro, nothing held for long", countWord(k.Churn), share(k.Churn)},
		{"censored", "too near an end or a break to tell", countWord(k.Censored), share(k.Censored)},
	}
}
