package pipeline

import (
	"context"
	"math"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/scene"
	"github.com/flipmeter/flipmeter/stability"
)

// settler takes records in the stream's order, waits until it is known
// whether a cut lies before each (the adaptive detector looks two pictures
// ahead), and then tracks them and tells the outputs.
type settler struct {
	cfg     Config
	deps    Deps
	tracker *stability.Tracker
	cuts    *scene.Cuts

	queue []*settling // in order; the head is the oldest
	asked int         // index of the next picture given to cuts
	spare []*record

	prev       *record // last one that is no repeated picture
	update     stability.Update
	ev         event.Event
	window     stability.Window
	nextWindow time.Duration
}

type settling struct {
	r       *record
	index   int // of the picture in cuts; repeated pictures have none
	decided bool
}

func newSettler(cfg Config, deps Deps) *settler {
	s := &settler{cfg: cfg, deps: deps, tracker: stability.NewTracker(cfg.Tracker), nextWindow: cfg.WindowStep}
	mode := cfg.Cuts
	if deps.ThumbPicture == NoPicture {
		mode = scene.ModeOff
	}
	s.cuts = scene.NewCuts(mode, s.decide)
	return s
}

func (s *settler) newRecord() *record {
	if n := len(s.spare); n > 0 {
		r := s.spare[n-1]
		s.spare = s.spare[:n-1]
		*r = record{cells: r.cells[:0], traced: r.traced[:0]}
		return r
	}
	return new(record)
}

func (s *settler) recycle(r *record) {
	r.thumb.Release()
	r.thumb = nil
	s.spare = append(s.spare, r)
}

// push takes ownership of r.
func (s *settler) push(ctx context.Context, r *record) error {
	q := &settling{r: r, decided: r.obs.Repeat}
	s.queue = append(s.queue, q)
	if !r.obs.Repeat {
		q.index = s.asked
		s.asked++
		if math.IsNaN(r.content) {
			s.cuts.First()
		} else {
			s.cuts.Push(r.content)
		}
	}
	return s.drain(ctx)
}

func (s *settler) decide(index int, cut bool) {
	for _, q := range s.queue {
		if !q.r.obs.Repeat && q.index == index {
			q.decided, q.r.obs.Cut = true, cut
			return
		}
	}
}

func (s *settler) drain(ctx context.Context) error {
	for len(s.queue) > 0 && s.queue[0].decided {
		r := s.queue[0].r
		s.queue = append(s.queue[:0], s.queue[1:]...)
		if err := s.emit(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// finish decides what is left at the stream's end and sends what the tracker
// finds out only then.
func (s *settler) finish(ctx context.Context) error {
	s.cuts.Flush()
	if err := s.drain(ctx); err != nil {
		return err
	}
	s.tracker.Flush(&s.update)
	s.ev = event.Event{Site: s.cfg.Site, Camera: s.cfg.Stream, At: s.ev.At, Update: s.update}
	if err := s.send(ctx); err != nil {
		return err
	}
	if s.prev == nil || s.cfg.WindowStep <= 0 {
		return nil
	}
	return s.sendWindows(ctx)
}

func (s *settler) emit(ctx context.Context, r *record) error {
	s.tracker.Observe(&r.obs, &s.update)
	s.ev = event.Event{
		Site: s.cfg.Site, Camera: s.cfg.Stream, At: r.at,
		Observation: &r.obs, Update: s.update, Traced: r.traced,
	}
	if s.update.Flip {
		s.ev.Prev, s.ev.Cur = s.prev.thumb, r.thumb
		s.ev.PrevTop = s.prev.obs.Top[:s.prev.obs.N]
		s.ev.ChangedCells = r.cells
	}
	if err := s.send(ctx); err != nil {
		return err
	}
	if r.obs.Repeat {
		s.recycle(r)
		return nil
	}
	if s.prev != nil {
		s.recycle(s.prev)
	}
	s.prev = r
	if s.cfg.WindowStep > 0 && r.obs.HasPTS && r.obs.PTS >= s.nextWindow {
		return s.sendWindows(ctx)
	}
	return nil
}

// sendWindows tells every window's measures as they are now and sets the
// next time on the grid of WindowStep.
func (s *settler) sendWindows(ctx context.Context) error {
	at := s.prev.obs.PTS
	for _, width := range s.cfg.Windows {
		s.tracker.Snapshot(width, &s.window)
		s.ev = event.Event{Site: s.cfg.Site, Camera: s.cfg.Stream, At: s.ev.At, Window: &s.window}
		if err := s.send(ctx); err != nil {
			return err
		}
	}
	s.nextWindow = (at/s.cfg.WindowStep + 1) * s.cfg.WindowStep
	return nil
}

func (s *settler) send(ctx context.Context) error {
	for _, r := range s.deps.Recorders {
		if err := r.Record(ctx, &s.ev); err != nil {
			return err
		}
	}
	for _, l := range s.deps.Listeners {
		l.Notify(&s.ev)
	}
	return nil
}

// close gives back the thumbs that are still held.
func (s *settler) close() {
	for _, q := range s.queue {
		q.r.thumb.Release()
	}
	s.queue = nil
	if s.prev != nil {
		s.prev.thumb.Release()
		s.prev = nil
	}
}
