package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// PastConfig says which stretch of time a page of the past shows.
type PastConfig struct {
	Tool         string
	Since, Until time.Time // the zone of Until is that of the page
	Created      time.Time // the zero value shows nothing
	MaxPictures  int       // flips shown one by one; 0: 120
}

// PastWindow are the sums of one window of a camera; windows don't overlap.
type PastWindow struct {
	At                         time.Time // its end
	Width                      time.Duration
	Pairs, Flips, Unexplained  int64
	DecidedPairs, DecidedFlips int64
	Observed, Uncovered        time.Duration
	MAC                        float64 // mean over the pairs, NaN where unknown
}

// PastFlip is a flip without pictures and scores.
type PastFlip struct {
	At                    time.Time
	From, To, Kind        string
	Unexplained           bool
	HeldBefore, HeldAfter time.Duration
}

// PastAlert is what people were told.
type PastAlert struct {
	At                time.Time
	Rule, State, Text string
}

// pastBins is the number of steps of a camera's timeline.
const pastBins = 720

// pastSums are those of a step, or of all.
type pastSums struct {
	pairs, flips, unexplained, decided, decidedFlips int64
	observed, uncovered                              time.Duration
	kinds                                            map[stability.Kind]*[2]int64 // flips, unexplained ones
	mac                                              float64
	macPairs                                         int64
	windows                                          int
}

func (s *pastSums) add(w *PastWindow) {
	s.windows++
	s.pairs += w.Pairs
	s.flips += w.Flips
	s.unexplained += w.Unexplained
	s.decided += w.DecidedPairs
	s.decidedFlips += w.DecidedFlips
	s.observed += w.Observed
	s.uncovered += w.Uncovered
	if !math.IsNaN(w.MAC) {
		s.mac += w.MAC * float64(w.Pairs)
		s.macPairs += w.Pairs
	}
}

func (s *pastSums) addFlip(kind stability.Kind, unexplained bool) {
	if s.kinds == nil {
		s.kinds = map[stability.Kind]*[2]int64{}
	}
	n := s.kinds[kind]
	if n == nil {
		n = new([2]int64)
		s.kinds[kind] = n
	}
	n[0]++
	if unexplained {
		n[1]++
	}
}

// Past collects what is known of one camera's past, in memory that the
// stretch of time does not grow. One goroutine uses it.
type Past struct {
	cfg    PastConfig
	name   string
	width  time.Duration // of a step
	total  pastSums
	bins   []pastSums
	labels map[string]int32
	names  []string
	pairs  map[[2]int32]int64
	odd    []PastFlip // the newest unexplained ones
	even   []PastFlip // the newest others
	told   []PastAlert
	more   int // alerts that are not shown
}

// Bounds of what a page of the past keeps one by one.
const (
	maxPastPairs  = 4096
	maxPastAlerts = 200
)

// The bootstrap of a page of the past.
const (
	pastResamples = 1000
	pastSeed      = 1
)

// NewPast begins with nothing.
func NewPast(camera string, cfg PastConfig) *Past {
	if cfg.MaxPictures <= 0 {
		cfg.MaxPictures = DefaultMaxPictures
	}
	span := cfg.Until.Sub(cfg.Since)
	width := max(time.Minute, ((span+pastBins-1)/pastBins + time.Minute - 1).Truncate(time.Minute))
	return &Past{
		cfg: cfg, name: camera, width: width, bins: make([]pastSums, max(1, int((span+width-1)/width))),
		labels: map[string]int32{}, pairs: map[[2]int32]int64{},
	}
}

// bin is the step of a time, nil outside of the page's stretch.
func (p *Past) bin(at time.Time) *pastSums {
	d := at.Sub(p.cfg.Since)
	if d < 0 || int(d/p.width) >= len(p.bins) {
		return nil
	}
	return &p.bins[d/p.width]
}

// AddWindow adds a window. It counts at its end.
func (p *Past) AddWindow(w *PastWindow) {
	if b := p.bin(w.At); b != nil {
		b.add(w)
		p.total.add(w)
	}
}

// AddFlip adds a flip whose kind is known.
func (p *Past) AddFlip(f *PastFlip) {
	b := p.bin(f.At)
	if b == nil {
		return
	}
	kind := kindOf(f.Kind)
	b.addFlip(kind, f.Unexplained)
	p.total.addFlip(kind, f.Unexplained)
	key := [2]int32{p.label(f.From), p.label(f.To)}
	if _, known := p.pairs[key]; known || len(p.pairs) < maxPastPairs {
		p.pairs[key]++
	}
	list := &p.even
	if f.Unexplained {
		list = &p.odd
	}
	if *list = append(*list, *f); len(*list) > 2*p.cfg.MaxPictures {
		*list = slices.Delete(*list, 0, len(*list)-p.cfg.MaxPictures)
	}
}

// AddAlert adds what people were told.
func (p *Past) AddAlert(a *PastAlert) {
	if p.told = append(p.told, *a); len(p.told) > maxPastAlerts {
		p.told = slices.Delete(p.told, 0, 1)
		p.more++
	}
}

// Total tells the pairs, flips and unexplained flips of the stretch.
func (p *Past) Total() (pairs, flips, unexplained int64) {
	return p.total.pairs, p.total.flips, p.total.unexplained
}

// Empty says that nothing at all is known of the camera in this stretch: no
// pair, no flip and no alert.
func (p *Past) Empty() bool {
	return p.total.pairs == 0 && p.total.flips == 0 && len(p.odd) == 0 && len(p.even) == 0 && len(p.told) == 0
}

func (p *Past) label(name string) int32 {
	i, ok := p.labels[name]
	if !ok {
		i = int32(len(p.names))
		p.labels[name] = i
		p.names = append(p.names, name)
	}
	return i
}

func kindOf(name string) stability.Kind {
	for _, k := range [...]stability.Kind{stability.KindGlitch, stability.KindTransition, stability.KindChurn} {
		if k.String() == name {
			return k
		}
	}
	return stability.KindCensored
}

// WritePast draws the page of a report from what is kept of the past: what
// needs frames or pictures is not there, and the page says so.
func WritePast(w io.Writer, cfg PastConfig, cameras []*Past) error {
	if cfg.MaxPictures <= 0 {
		cfg.MaxPictures = DefaultMaxPictures
	}
	p := &page{Tool: cfg.Tool, Title: fmt.Sprintf("%d cameras", len(cameras))}
	if !cfg.Created.IsZero() {
		p.Created = cfg.Created.Format("2 January 2006, 15:04 MST")
	}
	for i, c := range cameras {
		v := c.view(fmt.Sprintf("s%d", i), max(4, cfg.MaxPictures/len(cameras)))
		p.Streams = append(p.Streams, v)
		p.Data = append(p.Data, v.Data)
	}
	switch len(cameras) {
	case 0:
		p.Total = &totalView{Verdict: []span{{"Nothing was kept of that time.", false}}}
	case 1:
		p.Title = cameras[0].name
	default:
		p.Total = pastTotal(cameras, p.Streams)
	}
	return p.write(w)
}

// summary is what the sums know of a stream's measures. Their intervals come
// from how much its steps differ.
func (s *pastSums) summary(steps []pastSums) (*stability.Summary, Measures) {
	st := unknownSummary()
	rate := func(of func(*pastSums) (part, whole int64)) stability.Interval {
		num, den := make([]int64, len(steps)), make([]int64, len(steps))
		for i := range steps {
			num[i], den[i] = of(&steps[i])
		}
		return stability.IntervalOfBlocks(num, den, pastResamples, pastSeed)
	}
	st.Pairs, st.Flips, st.Unexplained, st.Observed = s.pairs, s.flips, s.unexplained, s.observed
	st.FlipFraction = rate(func(b *pastSums) (int64, int64) { return b.flips, b.pairs })
	st.UnexplainedFraction = rate(func(b *pastSums) (int64, int64) { return b.unexplained, b.pairs })
	st.Decided.Pairs, st.Decided.Flips = s.decided, s.decidedFlips
	st.Decided.FlipFraction = rate(func(b *pastSums) (int64, int64) { return b.decidedFlips, b.decided })
	if s.observed > 0 {
		st.FlipRateHz = float64(s.flips) / s.observed.Seconds()
	}
	if all := s.observed + s.uncovered; all > 0 {
		st.Coverage = float64(s.observed) / float64(all)
	}
	if s.macPairs > 0 {
		st.MAC = s.mac / float64(s.macPairs)
	}
	st.Kinds = map[stability.Kind]int64{}
	for k, n := range s.kinds {
		st.Kinds[k] = n[0]
	}
	m := measuresOf(st)
	m.Decided.Pairs, m.Decided.Flips, m.Decided.FlipFraction = Count(s.decided), Count(s.decidedFlips), intervalOf(st.Decided.FlipFraction)
	m.Still.Pairs = 0 // live pictures were looked at, though their pairs are not kept apart
	return st, m
}

// worstBins are the steps with most flips, the worst first.
func (p *Past) worstBins() []int {
	var out []int
	for i := range p.bins {
		if p.bins[i].flips > 0 {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int {
		x, y := &p.bins[a], &p.bins[b]
		return cmp.Or(cmp.Compare(y.unexplained, x.unexplained), cmp.Compare(y.flips, x.flips))
	})
	return out[:min(len(out), maxStretches)]
}
