package report

import (
	"math"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// Lines of the probability chart, and colours that labels have of their own;
// other labels share two greys.
const (
	maxLines  = 8
	numColors = 6
)

// timelineData is what the page's script draws of one stream. Times are
// milliseconds (or frame numbers where there are no times), shares are
// thousandths, -1 is unknown.
type timelineData struct {
	ID     string   `json:"id"`
	Unit   string   `json:"unit"` // "ms" or "frame"
	End    float64  `json:"end"`
	Per    int      `json:"per"` // observations a bin, the last one has Last
	Last   int      `json:"last"`
	Names  []string `json:"names"`
	Colors []int    `json:"colors"` // of each name; -1: none of its own
	Start  []int64  `json:"start"`
	Label  []int    `json:"label"` // most frequent of the bin, index of Names
	// Shares are [name, observations, …] of each bin; left out where every
	// bin is one observation.
	Shares [][]int32   `json:"shares,omitempty"`
	Score  []int       `json:"score"`
	Change []int       `json:"change"` // mean cells
	Most   []int       `json:"most,omitempty"`
	Flips  [][4]int    `json:"flips"` // bin, kind, count, unexplained
	Lines  []lineData  `json:"lines"`
	Fifth  []int       `json:"fifth,omitempty"` // upper bound of what is unknown
	Traced bool        `json:"traced"`
	Window *windowData `json:"window,omitempty"`
	// Origin is the wall clock, in Unix milliseconds of the page's zone, at
	// 0; Odd the unexplained share of pairs. Both are of the past only, and
	// Label and Names are empty then.
	Origin int64         `json:"origin,omitempty"`
	Odd    *windowData   `json:"odd,omitempty"`
	Cuts   []int64       `json:"cuts"`
	Breaks []breakData   `json:"breaks"`
	colors map[int32]int // by label index
	names  map[int32]int
	label  func(int32) string
}

type lineData struct {
	Name  string `json:"name"`
	Color int    `json:"color"`
	V     []int  `json:"v"`
}

type windowData struct {
	Width float64 `json:"width"`
	T     []int64 `json:"t"`
	V     []int   `json:"v"`
	Low   []int   `json:"lo"`
	High  []int   `json:"hi"`
}

type breakData struct {
	From   int64  `json:"from"`
	To     int64  `json:"to"`
	Reason string `json:"reason"`
}

func newTimelineData(id string, s *stream, sum *stability.Summary) *timelineData {
	c := s.page
	d := &timelineData{
		ID: id, Unit: "ms", Per: 1 << c.line.level, Traced: len(s.cfg.Traces) > 0,
		Names: []string{}, Colors: []int{}, Flips: [][4]int{}, Lines: []lineData{},
		Cuts: []int64{}, Breaks: []breakData{},
		colors: make(map[int32]int), names: make(map[int32]int), label: s.cfg.Label,
	}
	if !c.hasPTS {
		d.Unit = "frame"
	}
	var leading []int32
	for _, l := range sum.LabelCounts {
		if len(leading) < numColors {
			d.colors[l.Label] = len(leading)
			leading = append(leading, l.Label)
		}
	}
	for _, l := range leading {
		d.name(l)
	}
	for i := range c.line.bins {
		d.addBin(c, i)
	}
	if n := len(c.line.bins); n > 0 {
		last := &c.line.bins[n-1]
		d.Last = int(last.n)
		if c.hasPTS {
			d.End = ms(last.last + c.interval)
		} else {
			d.End = float64(c.line.total)
		}
	}
	d.addLines(c, s.cfg.Traces, leading)
	if len(c.windows) > 0 {
		w := &windowData{Width: ms(c.winWidth)}
		for _, p := range c.windows {
			w.T = append(w.T, p.at.Milliseconds())
			w.V = append(w.V, perMille(p.fraction.Value))
			w.Low = append(w.Low, perMille(p.fraction.Low))
			w.High = append(w.High, perMille(p.fraction.High))
		}
		d.Window = w
	}
	for _, t := range c.cuts {
		d.Cuts = append(d.Cuts, c.axis(t))
	}
	for _, b := range c.breaks {
		d.Breaks = append(d.Breaks, breakData{c.axis(b.from), c.axis(b.to), b.reason.String()})
	}
	return d
}

// axis turns a place on the page's axis into the script's unit.
func (c *Collector) axis(t time.Duration) int64 {
	if c.hasPTS {
		return t.Milliseconds()
	}
	return int64(t)
}

// name gives a label its place in Names.
func (d *timelineData) name(label int32) int {
	if i, ok := d.names[label]; ok {
		return i
	}
	i := len(d.Names)
	d.names[label] = i
	d.Names = append(d.Names, d.nameOf(label))
	color, ok := d.colors[label]
	if !ok {
		color = -1
	}
	d.Colors = append(d.Colors, color)
	return i
}

func (d *timelineData) nameOf(label int32) string {
	if label == stability.NoLabel {
		return "no label"
	}
	return d.label(label)
}

func (d *timelineData) addBin(c *Collector, i int) {
	b := &c.line.bins[i]
	if c.hasPTS {
		d.Start = append(d.Start, b.start.Milliseconds())
	} else {
		d.Start = append(d.Start, int64(i)<<c.line.level)
	}
	d.Label = append(d.Label, d.name(b.labels[0].label))
	if d.Per > 1 {
		var shares []int32
		for _, l := range b.labels {
			if l.n > 0 {
				shares = append(shares, int32(d.name(l.label)), l.n)
			}
		}
		d.Shares = append(d.Shares, shares)
	}
	score, change := -1, -1
	if b.scored > 0 {
		score = perMille(b.score / float64(b.scored))
	}
	if b.changed > 0 {
		change = int(math.Round(float64(b.change) / float64(b.changed)))
		if b.change > 0 {
			change = max(1, change) // 0 means that nothing changed at all
		}
	}
	d.Score = append(d.Score, score)
	d.Change = append(d.Change, change)
	if d.Per > 1 {
		d.Most = append(d.Most, int(b.changeMax))
	}
	unexplained := int(b.unexplained)
	for k, n := range b.flips {
		if n > 0 {
			u := min(unexplained, int(n))
			d.Flips = append(d.Flips, [4]int{i, k, int(n), u})
			unexplained -= u
		}
	}
}

// addLines adds the probabilities of the traced classes, or else of those
// that led most often.
func (d *timelineData) addLines(c *Collector, traces, leading []int32) {
	for k, label := range traces[:min(maxLines, len(traces))] {
		line := lineData{Name: d.nameOf(label), Color: d.colorOf(label)}
		for i := range c.line.bins {
			line.V = append(line.V, perMille(c.line.traced[i*c.line.traces+k]/float64(c.line.bins[i].n)))
		}
		d.Lines = append(d.Lines, line)
	}
	if len(traces) > 0 {
		return
	}
	for _, label := range leading {
		line := lineData{Name: d.nameOf(label), Color: d.colorOf(label)}
		known := false
		for i := range c.line.bins {
			b := &c.line.bins[i]
			v := -1
			for _, p := range b.probs {
				if p.n > 0 && p.label == label && b.scored > 0 {
					v, known = perMille(p.sum/float64(b.scored)), true
				}
			}
			line.V = append(line.V, v)
		}
		if known {
			d.Lines = append(d.Lines, line)
		}
	}
	if len(d.Lines) > 0 {
		for i := range c.line.bins {
			b := &c.line.bins[i]
			d.Fifth = append(d.Fifth, perMille(b.fifth/float64(max(1, b.scored))))
		}
	}
}

func (d *timelineData) colorOf(label int32) int {
	if c, ok := d.colors[label]; ok {
		return c
	}
	return -1
}

func perMille(v float64) int {
	if math.IsNaN(v) {
		return -1
	}
	return int(math.Round(v * 1000))
}
