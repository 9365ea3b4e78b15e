package alerts

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Baseline makes a rule relative to what is normal for the camera itself:
// the median of the same measure over past days, and its spread (1.4826 ·
// the median distance from the median, which for a normal distribution is
// the standard deviation). A fixed threshold is wrong for every second
// scene; this one is not, but it takes time to learn, and a change that
// lasts for more than half of Over becomes the new normal.
type Baseline struct {
	// Side is above or below: on which side of the median the rule fires.
	Side string `yaml:"side" enum:"above|below" doc:"above or below: on which side of what is normal the rule fires"`
	// Over is how far back the median and the spread look.
	Over time.Duration `yaml:"over" min:"0s" doc:"how far back it looks, 168h unless given"`
	// FireSpreads and ClearSpreads are distances from the median in
	// spreads.
	FireSpreads  float64 `yaml:"fire_spreads" above:"0" doc:"distance from the median, in spreads, beyond which the condition holds"`
	ClearSpreads float64 `yaml:"clear_spreads" min:"0" doc:"a firing rule clears at this distance and below; half of fire_spreads unless given"`
	// Floor is the least distance from the median beyond which the rule
	// fires, in the measure's own unit: without it, a camera that never
	// flips would fire at its first flip.
	Floor float64 `yaml:"floor" min:"0" doc:"least distance from the median, in the measure's unit; without it, a quiet camera fires at a trifle"`
	// MinHistory is how much time with known values there must be; before,
	// the rule's value is unknown.
	MinHistory time.Duration `yaml:"min_history" min:"0s" doc:"how much time with known values it needs before it judges, 24h unless given"`
}

// The values of Baseline.Side.
const (
	Above = "above"
	Below = "below"
)

const (
	defaultOver       = 7 * 24 * time.Hour
	defaultMinHistory = 24 * time.Hour
	// baselineSlots bounds the memory of a rule for a stream: with seven
	// days, a value every five minutes.
	baselineSlots = 2016
	// madToSigma makes the median distance from the median a standard
	// deviation (Hampel 1974).
	madToSigma = 1.4826
)

// over, minHistory and clearSpreads are the settings with their defaults.
func (b *Baseline) over() time.Duration {
	if b.Over == 0 {
		return defaultOver
	}
	return b.Over
}

func (b *Baseline) minHistory() time.Duration {
	if b.MinHistory == 0 {
		return min(defaultMinHistory, b.over())
	}
	return b.MinHistory
}

func (b *Baseline) clearSpreads() float64 {
	if b.ClearSpreads == 0 {
		return b.FireSpreads / 2
	}
	return b.ClearSpreads
}

// spacing is the time between two values that are kept.
func (b *Baseline) spacing(window time.Duration) time.Duration {
	return max(window, b.over()/baselineSlots, time.Second)
}

func (b *Baseline) validate(window time.Duration) error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("baseline."+format, args...))
		}
	}
	finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	check(b.Side == Above || b.Side == Below, "side: must be above or below, got %q", b.Side)
	check(b.FireSpreads > 0 && finite(b.FireSpreads), "fire_spreads: must be above 0")
	check(b.ClearSpreads >= 0 && b.ClearSpreads <= b.FireSpreads, "clear_spreads: must be between 0 and fire_spreads (%v), got %v", b.FireSpreads, b.ClearSpreads)
	check(b.Floor >= 0 && finite(b.Floor), "floor: must be 0 or above")
	check(b.over() >= window, "over: must not be below the window (%v), got %v", window, b.Over)
	check(b.MinHistory >= 0 && b.minHistory() <= b.over(), "min_history: must not be above over (%v), got %v", b.over(), b.MinHistory)
	return errors.Join(errs...)
}

// limits are the bounds that follow from a median and a spread.
func (b *Baseline) limits(median, spread float64) limits {
	fire := max(b.FireSpreads*spread, b.Floor)
	// The floor keeps the distance between firing and clearing, too.
	clear := max(b.clearSpreads()*spread, b.Floor*b.clearSpreads()/b.FireSpreads)
	if b.Side == Below {
		return limits{below: true, fire: median - fire, clear: median - clear}
	}
	return limits{fire: median + fire, clear: median + clear}
}

// history is what a rule knows of one stream's past: one value a slot of
// time, in a ring. The slot that is under way does not count yet.
type history struct {
	spacing time.Duration
	slots   []float32 // by number modulo their count; NaN: no known value
	newest  int64     // number of the slot that is under way
	begun   bool
	current float32 // value of the slot that is under way, NaN: none yet
	known   int     // slots that hold a value

	stale          bool // median and spread are not those of the slots
	median, spread float64
	sorted         []float64 // scratch
}

func newHistory(b *Baseline, window time.Duration) *history {
	spacing := b.spacing(window)
	h := &history{spacing: spacing, current: float32(math.NaN()), median: math.NaN(), spread: math.NaN()}
	h.slots = make([]float32, max(1, int(b.over()/spacing)))
	for i := range h.slots {
		h.slots[i] = float32(math.NaN())
	}
	return h
}

func (h *history) slot(at time.Duration) int64 {
	n := int64(at / h.spacing)
	if at < 0 && at%h.spacing != 0 {
		n--
	}
	return n
}

func (h *history) at(n int64) *float32 {
	i := n % int64(len(h.slots))
	if i < 0 {
		i += int64(len(h.slots))
	}
	return &h.slots[i]
}

func (h *history) set(n int64, v float32) {
	p := h.at(n)
	if !isNaN32(*p) {
		h.known--
	}
	if !isNaN32(v) {
		h.known++
	}
	*p, h.stale = v, true
}

// advance lets time pass: the slot that was under way is kept, slots in
// between hold nothing, and what is too old goes.
func (h *history) advance(at time.Duration) {
	now := h.slot(at)
	switch {
	case !h.begun:
		h.begun, h.newest = true, now
		return
	case now <= h.newest:
		return
	}
	h.set(h.newest, h.current)
	for n := max(h.newest+1, now-int64(len(h.slots))); n < now; n++ {
		h.set(n, float32(math.NaN()))
	}
	h.newest, h.current = now, float32(math.NaN())
}

// add takes a known value: the first of its slot counts.
func (h *history) add(at time.Duration, v float64) {
	h.advance(at)
	if isNaN32(h.current) {
		h.current = float32(v)
	}
}

// stats gives median and spread of what lies before the slot under way.
func (h *history) stats() (median, spread float64) {
	if !h.stale {
		return h.median, h.spread
	}
	h.stale = false
	h.sorted = h.sorted[:0]
	for _, v := range h.slots {
		if !isNaN32(v) {
			h.sorted = append(h.sorted, float64(v))
		}
	}
	h.median = medianOf(h.sorted)
	for i := range h.sorted {
		h.sorted[i] = math.Abs(h.sorted[i] - h.median)
	}
	h.spread = madToSigma * medianOf(h.sorted)
	return h.median, h.spread
}

// medianOf sorts its argument; NaN for none.
func medianOf(v []float64) float64 {
	slices.Sort(v)
	n := len(v)
	switch {
	case n == 0:
		return math.NaN()
	case n%2 == 1:
		return v[n/2]
	}
	return (v[n/2-1] + v[n/2]) / 2
}

func isNaN32(v float32) bool { return v != v }
