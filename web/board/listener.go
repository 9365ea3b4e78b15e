package board

import (
	"fmt"
	"maps"
	"math"
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
	at            time.Time     // of the newest frame
	order         time.Duration // of the newest flip
	now           Camera
	windows       map[time.Duration]Window
	spark         spark
	ribbon        ribbon
	flips         flips
	picture       []byte
	pictureNumber uint64
	crop          *[4]float64 // nil: all of it, or unknown; never written to
}

var _ event.Listener = (*Listener)(nil)

func newListener(b *Board, info Info) *Listener {
	if info.Label == nil {
		info.Label = func(i int32) string { return strconv.Itoa(int(i)) }
	}
	return &Listener{board: b, info: info, dirty: true, order: math.MinInt64, crop: cropOf(info.Crop), windows: map[time.Duration]Window{}, now: Camera{
		Name: info.Name, Site: info.Site, Source: info.Source, Model: info.Model,
		Counts: Counts{Kinds: map[string]int64{}, Breaks: map[string]int64{}, Dropped: map[string]int64{}},
	}}
}

// SetCrop says which part of the thumbnails from now on the change map
// covers; see Info.Crop.
func (l *Listener) SetCrop(crop [4]float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := cropOf(crop); c == nil || l.crop == nil || *c != *l.crop {
		l.crop = c
	}
}

func cropOf(crop [4]float64) *[4]float64 {
	if crop == [4]float64{} {
		return nil
	}
	return &crop
}

// Notify notes what an event tells. It never waits for a reader's network,
// nor for a picture to be encoded.
func (l *Listener) Notify(ev *event.Event) {
	told := make([]kept, 0, 2) // on the stack: an event seldom tells of more
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
		told = append(told, *l.newFlip(at, ev))
	}
	for i := range ev.Late {
		if k := l.lateFlip(ev.Track, &ev.Late[i]); k != nil {
			told = append(told, *k)
		}
	}
	if ev.Window != nil {
		l.windows[ev.Window.Width] = l.window(at, ev.Window)
	}
	l.mu.Unlock()
	for i := range told {
		l.board.flipChanged(l, &told[i])
	}
	l.takePictures(ev)
}

func (l *Listener) observe(at time.Time, o *stability.Observation, ev *event.Event) {
	c := &l.now.Counts
	c.Frames++
	l.now.At = at.UTC()
	if by := clockStep(l.at, at); by != 0 {
		l.spark.shift(stepOf(at) - stepOf(at.Add(-by)))
		l.ribbon.shift(by)
	}
	l.at = at
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
		gap := ev.Break
		if gap == stability.ReasonCut {
			gap = stability.ReasonNone
		}
		l.ribbon.add(at, o.Label, o.Score, gap)
		l.ribbon.trim(at.Add(-l.board.cfg.Ribbon))
	}
}

// takePictures hands thumbnails on to be encoded.
func (l *Listener) takePictures(ev *event.Event) {
	if l.board.cfg.PicturesOff || ev.Cur == nil {
		return
	}
	if ev.Flip && ev.Prev != nil {
		l.board.encode(job{camera: l, flip: keyOf(ev.Track, &ev.FlipAt), prev: ev.Prev.Retain(), cur: ev.Cur.Retain()})
		return
	}
	l.board.encode(job{camera: l, cur: ev.Cur.Retain()})
}

func (l *Listener) flipID(k flipKey) string {
	id := fmt.Sprintf("%d-%d", l.info.Epoch+k.epoch, k.seq)
	if k.track != "" {
		id = k.track + "." + id
	}
	return id
}

func (l *Listener) newFlip(at time.Time, ev *event.Event) *kept {
	x := keep(at, ev, l.crop)
	// By the time that went by, where that is known: a step of the wall clock
	// makes no flip older. A camera's own flips stay as they came.
	l.order = max(l.order, at.Sub(l.board.began))
	x.order = l.order
	k := l.flips.add(x, l.board.cfg.Flips)
	l.revise(k, &ev.FlipAt)
	l.now.Counts.Flips++
	return k
}

// lateFlip takes a further revision; nil if the flip is not kept any more.
func (l *Listener) lateFlip(track string, s *stability.Flip) *kept {
	k := l.flips.find(keyOf(track, s))
	if k != nil && s.Revision > int(k.revision) {
		l.revise(k, s)
	}
	return k
}

// revise takes over what may change between revisions, and counts.
func (l *Listener) revise(k *kept, s *stability.Flip) {
	if k.kind == stability.KindPending && s.Kind != stability.KindPending {
		l.now.Counts.Kinds[s.Kind.String()]++
	}
	if s.Unexplained && !k.flags.has(keptUnexplained) {
		l.now.Counts.Unexplained++
		l.spark.unexplained(k.at)
	}
	k.kind, k.revision, k.still = s.Kind, int32(s.Revision), s.Still
	k.flags.set(keptUnexplained, s.Unexplained)
	k.flags.set(keptDecided, s.Decided)
	k.flags.set(keptNearCut, s.NearCut)
	if s.HasPTS {
		k.flags.set(keptHeld, true)
		k.before, k.after = s.HeldBefore, s.HeldAfter
	}
}

// pictured notes that a flip's pictures are there, and takes the one after
// it as the camera's newest. It gives the flip, if it is kept still.
func (l *Listener) pictured(key flipKey, after []byte) (kept, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.picture, l.dirty = after, true
	l.pictureNumber++
	k := l.flips.find(key)
	if k == nil {
		return kept{}, false
	}
	k.flags.set(keptPictures, true)
	return *k, true
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
	c.Windows = make([]Window, 0, len(l.windows))
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
	d := Detail{Camera: l.copy(), Ribbon: make([]Segment, 0, len(l.ribbon.list)), Flips: make([]Flip, 0, len(l.flips.list))}
	for i := range l.ribbon.list {
		d.Ribbon = append(d.Ribbon, l.stretch(&l.ribbon.list[i]))
	}
	for i := range l.flips.list {
		d.Flips = append(d.Flips, l.show(l.flips.newest(i)))
	}
	l.mu.Unlock()
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

// found is a flip that a filter chooses.
type found struct {
	order  time.Duration
	camera *Listener
	key    flipKey
}

// collect appends the flips that a filter chooses, newest first. Of many
// cameras a few flips are shown, which are put into words then.
func (l *Listener) collect(out []found, f *Filter) []found {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.flips.list {
		k := l.flips.newest(i)
		if (f.Kind == "" || f.Kind == k.kind.String()) && (!f.Unexplained || k.flags.has(keptUnexplained)) && !k.at.Before(f.Since) {
			out = append(out, found{k.order, l, k.key})
		}
	}
	return out
}

// flip gives one flip; false if it is not kept any more.
func (l *Listener) flip(key flipKey) (Flip, bool) {
	l.mu.Lock()
	k := l.flips.find(key)
	if k == nil {
		l.mu.Unlock()
		return Flip{}, false
	}
	one := []Flip{l.show(k)}
	l.mu.Unlock()
	l.forget(one)
	return one[0], true
}
