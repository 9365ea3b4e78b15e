package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

// follower tracks one stream's observations and tells recorders and
// listeners what came of each.
type follower struct {
	cfg       Config
	recorders []event.Recorder
	listeners []event.Listener
	tracker   *stability.Tracker
	smoothing *stability.Smoothing   // nil: no what-ifs
	scorer    *stability.TruthScorer // nil: no truth
	trueClass int32                  // of the newest observation
	truthErr  error                  // told by send

	// Where the smoothed labels are shown: what the network's own tracker
	// said, the observation that is told, and why there is none any more.
	raw     stability.Update
	shown   stability.Observation
	refused error

	ev         event.Event
	window     stability.Window
	nextWindow time.Duration
	newest     time.Duration // PTS of the last new picture
	any        bool          // there was one
}

func newFollower(cfg Config, recorders []event.Recorder, listeners []event.Listener) *follower {
	f := &follower{
		cfg: cfg, recorders: recorders, listeners: listeners,
		tracker: stability.NewTracker(cfg.Tracker), nextWindow: cfg.WindowStep,
	}
	if s := cfg.Smoothing; s.Recommend || len(s.Smoothers) > 0 {
		s.Measures = cfg.Tracker
		f.smoothing = stability.NewSmoothing(s)
	}
	if cfg.Truth != nil {
		f.scorer = stability.NewTruthScorer(cfg.TruthConfig)
	}
	return f
}

// track observes o, with all its probabilities where they are known. The event
// says what came of it; the caller may add to it and sends it. It is valid
// until the next call.
func (f *follower) track(o *stability.Observation, probs []float32, at time.Time) *event.Event {
	if f.cfg.ShowSmoothed {
		f.tracker.Observe(o, &f.raw)
		f.smoothing.Observe(o, probs, &f.raw)
		f.show(&f.ev)
		o = &f.shown
	} else {
		f.tracker.Observe(o, &f.ev.Update)
		if f.smoothing != nil {
			f.smoothing.Observe(o, probs, &f.ev.Update)
		}
	}
	if f.scorer != nil && f.truthErr == nil {
		if f.trueClass, f.truthErr = f.cfg.Truth.At(o); f.truthErr == nil {
			f.scorer.Observe(o, &f.ev.Update, f.trueClass)
			f.ev.Truth = &f.trueClass
		}
	}
	f.ev.Site, f.ev.Camera, f.ev.Track, f.ev.At, f.ev.Observation = f.cfg.Site, f.cfg.Stream, f.cfg.Track, at, o
	f.ev.Prev, f.ev.Cur, f.ev.PrevTop, f.ev.ChangedCells, f.ev.Traced = nil, nil, nil, nil, nil
	f.ev.Window = nil
	if !o.Repeat {
		f.newest, f.any = o.PTS, true
	}
	return &f.ev
}

// show puts into ev what the smoother shows.
func (f *follower) show(ev *event.Event) {
	u, refused := f.smoothing.Shown(&f.shown)
	if refused != "" {
		f.refused = errors.New(refused)
		ev.Update = stability.Update{}
		return
	}
	ev.Update = *u
}

// result is the stream's, with its what-ifs.
func (f *follower) result() (stability.Result, *stability.Smoothing) {
	if f.cfg.ShowSmoothed {
		return f.smoothing.Smoothed(f.cfg.Stream)[0].Result, nil
	}
	return f.tracker.Result(f.cfg.Stream), f.smoothing
}

// send tells the event that track returned.
func (f *follower) send(ctx context.Context) error {
	if f.truthErr != nil {
		return f.truthErr
	}
	return f.tell(ctx, &f.ev)
}

func (f *follower) tell(ctx context.Context, ev *event.Event) error {
	if f.refused != nil {
		return f.refused
	}
	for _, r := range f.recorders {
		if err := r.Record(ctx, ev); err != nil {
			return err
		}
	}
	for _, l := range f.listeners {
		l.Notify(ev)
	}
	return nil
}

// windowsAreDue says whether the windowed measures are to be told after o.
func (f *follower) windowsAreDue(o *stability.Observation) bool {
	return f.cfg.WindowStep > 0 && o.HasPTS && o.PTS >= f.nextWindow && !o.Repeat
}

// sendWindows tells every window's measures as they are now and sets the
// next time on the grid of WindowStep; last says that the stream is over.
func (f *follower) sendWindows(ctx context.Context, last bool) error {
	for _, width := range f.cfg.Windows {
		f.tracker.Snapshot(width, &f.window)
		ev := event.Event{Site: f.cfg.Site, Camera: f.cfg.Stream, Track: f.cfg.Track, At: f.ev.At, Window: &f.window, Last: last}
		if err := f.tell(ctx, &ev); err != nil {
			return err
		}
	}
	f.nextWindow = (f.newest/f.cfg.WindowStep + 1) * f.cfg.WindowStep
	return nil
}

// finish sends what the tracker finds out only at the stream's end.
func (f *follower) finish(ctx context.Context) error {
	ev := event.Event{Site: f.cfg.Site, Camera: f.cfg.Stream, Track: f.cfg.Track, At: f.ev.At}
	f.tracker.Flush(&ev.Update)
	if f.smoothing != nil {
		f.smoothing.Flush(&ev.Update)
	}
	if f.cfg.ShowSmoothed {
		f.show(&ev)
	}
	if f.scorer != nil {
		f.scorer.Flush(&ev.Update)
	}
	if err := f.tell(ctx, &ev); err != nil {
		return err
	}
	if !f.any || f.cfg.WindowStep <= 0 {
		return nil
	}
	return f.sendWindows(ctx, true)
}

// truth are the scores against the truth, nil without one.
func (f *follower) truth() *stability.TruthSums {
	if f.scorer == nil {
		return nil
	}
	return f.scorer.Sums()
}
