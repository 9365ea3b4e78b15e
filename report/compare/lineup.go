package compare

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/stability"
)

// lineup is one stream of all runs in a bounded number of bins, for the
// page's timeline. When it is full, every two bins become one.
type lineup struct {
	stream   string
	limit    int // even
	level    uint
	total    int64 // frames
	timed    bool
	interval time.Duration // of the last two frames
	bins     []lineBin
	sides    int
}

const (
	defaultMaxBins = 4096
	maxCompanions  = 4 // labels that a bin tells apart
)

// lineBin holds what some consecutive frames had in common.
type lineBin struct {
	start, last time.Duration
	n           int32
	cuts        int32
	sides       []sideBin
}

// sideBin is what one run says of a bin.
type sideBin struct {
	labels      [maxCompanions]labelCount
	flips       int32
	unexplained int32
	differ      int32 // frames whose label is not the baseline's
}

// labelCount is a label with its frames; n 0 is an empty slot.
type labelCount struct{ label, n int32 }

func newLineup(stream string, sides, limit int) *lineup {
	if limit <= 0 {
		limit = defaultMaxBins
	}
	return &lineup{stream: stream, sides: sides, limit: max(2, limit&^1)}
}

func (l *lineup) add(at time.Duration, timed bool, now []observed, labels []int32) {
	if l.total == 0 {
		l.timed = timed
	}
	if !l.timed {
		at = time.Duration(l.total)
	}
	b := lineBin{start: at, last: at, n: 1, sides: make([]sideBin, l.sides)}
	for k := range now {
		s := &b.sides[k]
		s.labels[0] = labelCount{labels[k], 1}
		if now[k].fact.Pair && now[k].fact.Flip {
			s.flips = 1
			if now[k].fact.Unexplained == stability.True {
				s.unexplained = 1
			}
		}
		if k > 0 && differ(&now[0], &now[k]) == stability.True {
			s.differ = 1
		}
		if now[k].cut {
			b.cuts = 1
		}
	}
	n := l.total
	l.total++
	if len(l.bins) > 0 {
		if d := at - l.bins[len(l.bins)-1].last; d > 0 {
			l.interval = d
		}
	}
	if i := int(n >> l.level); i < len(l.bins) {
		l.bins[i].merge(&b)
		return
	}
	if len(l.bins) == l.limit {
		l.halve()
	}
	l.bins = append(l.bins, b)
}

// halve makes one bin of every two.
func (l *lineup) halve() {
	n := 0
	for i := 0; i < len(l.bins); i += 2 {
		if i+1 < len(l.bins) {
			l.bins[i].merge(&l.bins[i+1])
		}
		l.bins[n] = l.bins[i]
		n++
	}
	l.bins = l.bins[:n]
	l.level++
}

// shrink halves until there are no more bins than limit.
func (l *lineup) shrink(limit int) {
	for len(l.bins) > limit {
		l.halve()
	}
}

// merge adds the frames of c, which follow those of b.
func (b *lineBin) merge(c *lineBin) {
	b.last = c.last
	b.n += c.n
	b.cuts += c.cuts
	for k := range b.sides {
		x, y := &b.sides[k], &c.sides[k]
		x.flips += y.flips
		x.unexplained += y.unexplained
		x.differ += y.differ
		all := make([]labelCount, 0, 2*maxCompanions)
		for _, l := range slices.Concat(x.labels[:], y.labels[:]) {
			if l.n == 0 {
				continue
			}
			if i := slices.IndexFunc(all, func(o labelCount) bool { return o.label == l.label }); i >= 0 {
				all[i].n += l.n
			} else {
				all = append(all, l)
			}
		}
		slices.SortStableFunc(all, func(a, b labelCount) int { return cmp.Compare(b.n, a.n) })
		x.labels = [maxCompanions]labelCount{}
		copy(x.labels[:], all)
	}
}

// numColors is how many labels have a colour of their own.
const numColors = 6

// lineData is what the page's script draws of one stream. Times are
// milliseconds, or frame numbers without times.
type lineData struct {
	ID     string     `json:"id"`
	Unit   string     `json:"unit"` // "ms" or "frame"
	End    float64    `json:"end"`
	Per    int        `json:"per"` // frames a bin, the last one has Last
	Last   int        `json:"last"`
	Names  []string   `json:"names"`
	Colors []int      `json:"colors"` // of each name; -1: none of its own
	Start  []int64    `json:"start"`
	Cuts   []int      `json:"cuts"` // bins
	Sides  []sideData `json:"sides"`
}

type sideData struct {
	Name  string `json:"name"`
	Label []int  `json:"label"` // most frequent of the bin, place in Names
	// Shares are [name, frames, …] of each bin; left out where every bin is
	// one frame.
	Shares [][]int32 `json:"shares,omitempty"`
	Flips  [][3]int  `json:"flips"`  // bin, count, unexplained
	Differ []int     `json:"differ"` // frames whose label is not the baseline's
}

// data makes the script's view of the stream; leading are the labels with
// colours, in their order.
func (l *lineup) data(id string, runs []Run, all []string, leading []int32) *lineData {
	d := &lineData{ID: id, Unit: "ms", Per: 1 << l.level, Names: []string{}, Colors: []int{}, Cuts: []int{}}
	places := make(map[int32]int)
	place := func(label int32) int {
		i, ok := places[label]
		if !ok {
			i = len(d.Names)
			places[label] = i
			d.Names = append(d.Names, nameOf(all, label))
			d.Colors = append(d.Colors, slices.Index(leading, label))
		}
		return i
	}
	if !l.timed {
		d.Unit = "frame"
	}
	axis := func(t time.Duration) float64 {
		if l.timed {
			return float64(t) / 1e6
		}
		return float64(t)
	}
	for _, run := range runs {
		d.Sides = append(d.Sides, sideData{Name: run.Name, Flips: [][3]int{}})
	}
	for i := range l.bins {
		b := &l.bins[i]
		d.Start = append(d.Start, int64(math.Round(axis(b.start))))
		if b.cuts > 0 {
			d.Cuts = append(d.Cuts, i)
		}
		for k := range b.sides {
			s, x := &d.Sides[k], &b.sides[k]
			s.Label = append(s.Label, place(x.labels[0].label))
			s.Differ = append(s.Differ, int(x.differ))
			if x.flips > 0 {
				s.Flips = append(s.Flips, [3]int{i, int(x.flips), int(x.unexplained)})
			}
			if d.Per > 1 {
				var shares []int32
				for _, c := range x.labels {
					if c.n > 0 {
						shares = append(shares, int32(place(c.label)), c.n)
					}
				}
				s.Shares = append(s.Shares, shares)
			}
		}
	}
	if n := len(l.bins); n > 0 {
		d.Last = int(l.bins[n-1].n)
		d.End = axis(l.bins[n-1].last + l.interval)
	}
	return d
}

// leading are the labels that all runs together give most often in a stream,
// with their frames over all runs.
func (l *lineup) leading() ([]int32, map[int32]int64) {
	counts := make(map[int32]int64)
	for i := range l.bins {
		for k := range l.bins[i].sides {
			for _, c := range l.bins[i].sides[k].labels {
				if c.n > 0 && c.label != noName {
					counts[c.label] += int64(c.n)
				}
			}
		}
	}
	var order []int32
	for label := range counts {
		order = append(order, label)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	return order[:min(numColors, len(order))], counts
}

func unknown() report.Number { return report.Number(math.NaN()) }
