package board

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

// Listener takes the events of one camera. It implements event.Listener.
type Listener struct {
	board *Board
	info  Info

	mu            sync.Mutex
	dirty         bool
	now           Camera
	windows       map[time.Duration]Window
	spark         spark
	ribbon        ribbon
	flips         []Flip // oldest first
	picture       []byte
	pictureNumber uint64
	crop          [4]float64
}

var _ event.Listener = (*Listener)(nil)

func newListener(b *Board, info Info) *Listener {
	if info.Label == nil {
		info.Label = func(i int32) string { return strconv.Itoa(int(i)) }
	}
	return &Listener{board: b, info: info, dirty: true, crop: info.Crop, windows: map[time.Duration]Window{}, now: Camera{
		Name: info.Name, Site: info.Site, Source: info.Source, Model: info.Model,
		Counts: Counts{Kinds: map[string]int64{}, Breaks: map[string]int64{}, Dropped: map[string]int64{}},
	}}
}

// SetCrop says which part of the thumbnails from now on the change map
// covers; see Info.Crop.
func (l *Listener) SetCrop(crop [4]float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.crop = crop
}

// Notify notes what an event tells. It never waits for a reader's network,
// nor for a picture to be encoded.
func (l *Listener) Notify(ev *event.Event) {
	var told []Flip
	l.mu.Lock()
	l.dirty = true
	at := ev.At
	if at.IsZero() {
		at = l.board.cfg.Now()
	}
	if s := ev.State; s != nil {
		l.now.State, l.now.Since = s.State, s.Since.UTC()
		if s.Error != "" || s.State == "up" {
			l.now.Error = s.Error
		}
	}
	if d := ev.Drop; d != nil {
		l.now.Counts.Dropped[d.Reason] += int64(d.Frames)
	}
	if o := ev.Observation; o != nil {
		l.observe(at, o, ev)
	}
	if ev.Flip {
		told = append(told, l.newFlip(at, ev))
	}
	for i := range ev.Late {
		if f, ok := l.lateFlip(ev.Track, &ev.Late[i]); ok {
			told = append(told, f)
		}
	}
	if ev.Window != nil {
		l.windows[ev.Window.Width] = l.window(at, ev.Window)
	}
	l.mu.Unlock()
	for _, f := range told {
		l.board.flipChanged(f)
	}
	l.takePictures(ev)
}

func (l *Listener) observe(at time.Time, o *stability.Observation, ev *event.Event) {
	c := &l.now.Counts
	c.Frames++
	l.now.At = at.UTC()
	if ev.Break != stability.ReasonNone {
		c.Breaks[ev.Break.String()]++
	}
	if ev.Pair {
		c.Pairs++
	}
	l.spark.add(at, ev.Pair, ev.Flip)
	if o.Label == stability.NoLabel {
		return
	}
	label := l.label(o.Label, o.Score)
	l.now.Label = &label
	if ev.Track == "" {
		gap := ""
		if ev.Break != stability.ReasonNone && ev.Break != stability.ReasonCut {
			gap = ev.Break.String()
		}
		l.ribbon.add(at, &label, gap)
		l.ribbon.trim(at.Add(-l.board.cfg.Ribbon))
	}
}

// takePictures hands thumbnails on to be encoded.
func (l *Listener) takePictures(ev *event.Event) {
	if l.board.cfg.PicturesOff || ev.Cur == nil {
		return
	}
	if ev.Flip && ev.Prev != nil {
		l.board.encode(job{camera: l, flip: l.flipID(ev.Track, &ev.FlipAt), prev: ev.Prev.Retain(), cur: ev.Cur.Retain()})
		return
	}
	l.board.encode(job{camera: l, cur: ev.Cur.Retain()})
}

func (l *Listener) flipID(track string, f *stability.Flip) string {
	id := fmt.Sprintf("%d-%d", l.info.Epoch+f.Epoch, f.Seq)
	if track != "" {
		id = track + "." + id
	}
	return id
}

func (l *Listener) newFlip(at time.Time, ev *event.Event) Flip {
	s := &ev.FlipAt
	f := Flip{
		ID: l.flipID(ev.Track, s), Camera: l.info.Name, Track: ev.Track, At: at.UTC(),
		From: l.label(s.From, s.FromScore), To: l.label(s.To, s.ToScore),
		TopBefore: l.ranking(ev.PrevTop), TopAfter: []Label{}, Cells: append([]uint16{}, ev.ChangedCells...), Crop: []float64{},
	}
	if o := ev.Observation; o != nil {
		f.TopAfter = l.ranking(o.Top[:o.N])
	}
	if l.crop != [4]float64{} {
		f.Crop = slices.Clone(l.crop[:])
	}
	l.revise(&f, s)
	l.now.Counts.Flips++
	l.flips = append(l.flips, f)
	if extra := len(l.flips) - l.board.cfg.Flips; extra > 0 {
		l.flips = slices.Delete(l.flips, 0, extra)
	}
	return f
}

// lateFlip takes a further revision; false if the flip is not kept any more.
func (l *Listener) lateFlip(track string, s *stability.Flip) (Flip, bool) {
	id := l.flipID(track, s)
	for i := len(l.flips) - 1; i >= 0; i-- {
		if f := &l.flips[i]; f.ID == id {
			if s.Revision > f.Revision {
				l.revise(f, s)
			}
			return *f, true
		}
	}
	return Flip{}, false
}

// revise takes over what may change between revisions, and counts.
func (l *Listener) revise(f *Flip, s *stability.Flip) {
	if f.Kind == "" || f.Kind == stability.KindPending.String() {
		if k := s.Kind.String(); k != stability.KindPending.String() {
			l.now.Counts.Kinds[k]++
		}
	}
	if s.Unexplained && !f.Unexplained {
		l.now.Counts.Unexplained++
		l.spark.unexplained(f.At)
	}
	f.Kind, f.Revision, f.Unexplained = s.Kind.String(), s.Revision, s.Unexplained
	f.Decided, f.NearCut, f.Still = s.Decided, s.NearCut, nil
	if s.Still != stability.Unknown {
		still := s.Still == stability.True
		f.Still = &still
	}
	if s.HasPTS {
		f.HeldBeforeMs, f.HeldAfterMs = alerts.Known(float64(s.HeldBefore)/1e6), alerts.Known(float64(s.HeldAfter)/1e6)
	}
}

// pictured notes that a flip's pictures are there, and takes the one after
// it as the camera's newest.
func (l *Listener) pictured(id string, after []byte) (Flip, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.picture, l.dirty = after, true
	l.pictureNumber++
	for i := len(l.flips) - 1; i >= 0; i-- {
		if f := &l.flips[i]; f.ID == id {
			f.Pictures = true
			return *f, true
		}
	}
	return Flip{}, false
}

func (l *Listener) label(index int32, score float32) Label {
	if index < 0 {
		return Label{Index: stability.NoLabel}
	}
	return Label{Index: index, Name: l.info.Label(index), Score: known32(score)}
}

func (l *Listener) ranking(top []stability.Ranked) []Label {
	out := make([]Label, 0, len(top))
	for _, r := range top {
		out = append(out, l.label(r.Index, r.Score))
	}
	return out
}

func (l *Listener) window(at time.Time, w *stability.Window) Window {
	return Window{
		WidthMs: w.Width.Milliseconds(), At: at.UTC(), Pairs: w.Pairs, Flips: w.Flips, Unexplained: w.Unexplained,
		FlipFraction: alerts.Known(w.FlipFraction.Value), FlipFractionLow: alerts.Known(w.FlipFraction.Low), FlipFractionHigh: alerts.Known(w.FlipFraction.High),
		UnexplainedFraction: alerts.Known(w.UnexplainedFraction), DecidedFlipFraction: alerts.Known(w.DecidedFlipFraction), DecidedPairs: w.DecidedPairs,
		FlipRateHz: alerts.Known(w.FlipRateHz), Coverage: alerts.Known(w.Coverage), MeanScore: alerts.Known(w.MeanScore), MAC: alerts.Known(w.MAC),
		EntropyBits: alerts.Known(w.EntropyBits), FlappingPercent: alerts.Known(w.FlappingPercent),
	}
}

// copy is the camera as it is now; the caller holds the lock.
func (l *Listener) copy() Camera {
	c := l.now
	c.Counts.Kinds, c.Counts.Breaks, c.Counts.Dropped = maps.Clone(c.Counts.Kinds), maps.Clone(c.Counts.Breaks), maps.Clone(c.Counts.Dropped)
	c.Windows = []Window{}
	for _, w := range l.windows {
		c.Windows = append(c.Windows, w)
	}
	slices.SortFunc(c.Windows, func(a, b Window) int { return int(a.WidthMs - b.WidthMs) })
	c.Spark = l.spark.copy(l.board.cfg.Now())
	c.Picture = l.pictureNumber
	return c
}

func (l *Listener) camera() Camera {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.copy()
}

// takeChange gives the camera if it changed since the last call.
func (l *Listener) takeChange() (Camera, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.dirty {
		return Camera{}, false
	}
	l.dirty = false
	return l.copy(), true
}

func (l *Listener) detail() Detail {
	l.mu.Lock()
	d := Detail{Camera: l.copy(), Ribbon: append([]Segment{}, l.ribbon.list...), Flips: append([]Flip{}, l.flips...)}
	l.mu.Unlock()
	slices.Reverse(d.Flips)
	l.forget(d.Flips)
	return d
}

// forget says of flips whose pictures have expired that there are none.
func (l *Listener) forget(flips []Flip) {
	for i := range flips {
		f := &flips[i]
		f.Pictures = f.Pictures && l.board.has(f.Camera, f.ID)
	}
}

// collect appends the flips that a filter chooses, newest first.
func (l *Listener) collect(out []Flip, f *Filter) []Flip {
	l.mu.Lock()
	begin := len(out)
	for i := len(l.flips) - 1; i >= 0; i-- {
		x := l.flips[i]
		if (f.Kind == "" || f.Kind == x.Kind) && (!f.Unexplained || x.Unexplained) && !x.At.Before(f.Since) {
			out = append(out, x)
		}
	}
	l.mu.Unlock()
	l.forget(out[begin:])
	return out
}
