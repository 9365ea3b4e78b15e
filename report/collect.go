package report

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

// Bounds of what a collector keeps one by one; what is beyond is counted.
const (
	maxCuts    = 4096
	maxBreaks  = 1024
	maxWindows = 2048
)

// CollectorConfig says what a collector keeps.
type CollectorConfig struct {
	MaxPictures int // flips with pictures
	MaxBins     int // of the timeline; 0: 8192
	Label       func(index int32) string
	Traces      []int32
}

// Collector keeps of one stream's events what its page shows, in bounded
// memory. One goroutine uses it.
type Collector struct {
	cfg     CollectorConfig
	line    *timeline
	gallery *gallery
	// undecided are the flips whose kind the timeline doesn't know yet.
	undecided map[flipKey]int64
	dwell     dwellHistogram

	hasPTS    bool
	prevPTS   time.Duration // of the observation before, if any
	interval  time.Duration // of the last pair
	cuts      []time.Duration
	cutsMore  int
	breaks    []breakMark
	moreBreak int
	windows   []windowPoint
	winWidth  time.Duration
	winStep   time.Duration // between two points at the least
	closed    bool
}

// breakMark is an interval that no pair covers.
type breakMark struct {
	from, to time.Duration
	reason   stability.Reason
}

// windowPoint is the windowed flip fraction at a time.
type windowPoint struct {
	at       time.Duration
	fraction stability.Interval
}

// NewCollector starts with nothing.
func NewCollector(cfg CollectorConfig) *Collector {
	if cfg.MaxBins <= 0 {
		cfg.MaxBins = defaultMaxBins
	}
	return &Collector{
		cfg: cfg, line: newTimeline(cfg.MaxBins, len(cfg.Traces)),
		gallery: newGallery(cfg.MaxPictures), undecided: make(map[flipKey]int64),
	}
}

// Record takes the stream's next event.
func (c *Collector) Record(_ context.Context, ev *event.Event) error {
	if c.closed {
		return fmt.Errorf("BUG: event recorded after the stream's end")
	}
	for i := range ev.Late {
		c.late(&ev.Late[i])
	}
	if ev.Observation != nil {
		c.observe(ev)
	}
	if ev.Window != nil {
		c.window(ev.Window)
	}
	return nil
}

func (c *Collector) observe(ev *event.Event) {
	o := ev.Observation
	first := c.line.total == 0
	if first {
		c.hasPTS = o.HasPTS
	}
	n := c.line.add(o, ev.Pair, ev.Traced)
	switch {
	case first:
	case ev.Repeat:
	case ev.Pair:
		c.interval = o.PTS - c.prevPTS
	default:
		c.breakAt(o, ev)
	}
	c.dwell.observe(o, ev.Pair && !ev.Flip || ev.Repeat, ev.Pair)
	c.prevPTS = o.PTS
	if !ev.Flip {
		return
	}
	f := &ev.FlipAt
	b := c.line.bin(n)
	b.flips[f.Kind]++
	if !f.Final && (f.Kind == stability.KindPending || f.Kind == stability.KindNone) {
		c.undecided[flipKey{f.Epoch, f.Seq}] = n
	} else if f.Unexplained {
		b.unexplained++
	}
	c.gallery.add(newShownFlip(ev, n))
}

func (c *Collector) breakAt(o *stability.Observation, ev *event.Event) {
	reason := ev.Break
	if o.Cut && reason == stability.ReasonNone {
		reason = stability.ReasonCut
	}
	if o.Cut || reason == stability.ReasonCut {
		if len(c.cuts) < maxCuts {
			c.cuts = append(c.cuts, c.at(o))
		} else {
			c.cutsMore++
		}
	}
	if reason == stability.ReasonCut || reason == stability.ReasonNone {
		return
	}
	if len(c.breaks) == maxBreaks {
		c.moreBreak++
		return
	}
	from := c.prevPTS + c.interval
	if !c.hasPTS {
		from = time.Duration(c.line.total - 1)
	}
	to := c.at(o)
	c.breaks = append(c.breaks, breakMark{min(from, to), to, reason})
}

// at is where an observation, the newest, stands on the page's axis: its
// PTS, or without times its number.
func (c *Collector) at(o *stability.Observation) time.Duration {
	if c.hasPTS {
		return o.PTS
	}
	return time.Duration(c.line.total - 1)
}

func (c *Collector) late(f *stability.Flip) {
	key := flipKey{f.Epoch, f.Seq}
	if n, ok := c.undecided[key]; ok && f.Kind != stability.KindPending && f.Kind != stability.KindNone {
		b := c.line.bin(n)
		// In which of the two it was counted is known by which is not empty.
		if b.flips[stability.KindPending] > 0 {
			b.flips[stability.KindPending]--
		} else {
			b.flips[stability.KindNone]--
		}
		b.flips[f.Kind]++
		if f.Unexplained {
			b.unexplained++
		}
		delete(c.undecided, key)
	}
	c.gallery.late(f)
}

func (c *Collector) window(w *stability.Window) {
	if c.winWidth == 0 {
		c.winWidth = w.Width
	}
	if w.Width != c.winWidth || math.IsNaN(w.FlipFraction.Value) {
		return
	}
	if n := len(c.windows); n > 0 && w.At < c.windows[n-1].at+c.winStep {
		return
	}
	if len(c.windows) == maxWindows {
		m := 0
		for i := 0; i < len(c.windows); i += 2 {
			c.windows[m] = c.windows[i]
			m++
		}
		c.windows = c.windows[:m]
		c.winStep = (w.At - c.windows[0].at) / maxWindows * 2
	}
	c.windows = append(c.windows, windowPoint{w.At, w.FlipFraction})
}

// Close decides about the flips whose kind never came. It may be called
// again.
func (c *Collector) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	c.dwell.end()
	c.gallery.close()
	return nil
}

func (c *Collector) release() { c.gallery.release() }

// shrink reduces what is kept once the stream has ended.
func (c *Collector) shrink(bins, pictures int) {
	c.line.shrink(bins)
	c.gallery.shrink(pictures)
}

// dwellHistogram counts how long labels were held, in steps that double.
type dwellHistogram struct {
	counts  [len(dwellSteps) + 1]int64
	hasPTS  bool
	open    bool
	since   time.Duration
	last    time.Duration
	step    time.Duration
	longest time.Duration
}

// dwellSteps are the upper bounds of the histogram's bars.
var dwellSteps = [...]time.Duration{
	100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond,
	800 * time.Millisecond, 1600 * time.Millisecond, 3200 * time.Millisecond,
	6400 * time.Millisecond, 12800 * time.Millisecond, 25600 * time.Millisecond,
}

// observe takes the next observation; same: its label goes on; pair: it
// follows the last one without a break.
func (d *dwellHistogram) observe(o *stability.Observation, same, pair bool) {
	if !o.HasPTS {
		return
	}
	d.hasPTS = true
	switch {
	case !d.open:
		d.open, d.since = true, o.PTS
	case same:
		if o.PTS > d.last {
			d.step = o.PTS - d.last
		}
	case pair: // held until the new label came
		d.count(o.PTS - d.since)
		d.since = o.PTS
	default:
		d.count(d.last + d.step - d.since)
		d.since = o.PTS
	}
	d.last = o.PTS
}

func (d *dwellHistogram) end() {
	if d.open {
		d.count(d.last + d.step - d.since)
		d.open = false
	}
}

func (d *dwellHistogram) count(held time.Duration) {
	d.longest = max(d.longest, held)
	for i, s := range dwellSteps {
		if held < s {
			d.counts[i]++
			return
		}
	}
	d.counts[len(dwellSteps)]++
}
