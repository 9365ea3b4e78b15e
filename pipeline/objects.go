package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

// ObjectsConfig is what Objects depends on. Of Config, Stream, Site, Tracker
// and Windows count.
type ObjectsConfig struct {
	Config
	// Remembered is how many objects that are gone still count in the
	// windows, until the widest is over; the oldest give way. 0: 256.
	Remembered int
}

const defaultRemembered = 256

// Objects moves the labels of one camera, on which several objects may be
// told apart, to listeners: each object is a stream with a tracker of its
// own, and windows are the camera's, over all its objects. One goroutine uses
// it.
type Objects struct {
	cfg       ObjectsConfig
	listeners []event.Listener
	open      map[string]*Labels
	gone      []*Labels // oldest first
	widest    time.Duration
	window    stability.Window
	pool      []*stability.Tracker
}

// NewObjects makes a camera without objects.
func NewObjects(cfg ObjectsConfig, listeners []event.Listener) (*Objects, error) {
	if err := cfg.Tracker.Validate(); err != nil {
		return nil, fmt.Errorf("stream %s: %w", cfg.Stream, err)
	}
	if cfg.Remembered == 0 {
		cfg.Remembered = defaultRemembered
	}
	o := &Objects{cfg: cfg, listeners: listeners, open: map[string]*Labels{}}
	for _, w := range cfg.Windows {
		o.widest = max(o.widest, w)
	}
	return o, nil
}

// Observe takes the next observation of a track, see Labels.Observe; at is
// the wall clock.
func (x *Objects) Observe(track string, o *stability.Observation, at time.Time, held bool) {
	l := x.open[track]
	if l == nil {
		cfg := x.cfg.Config
		cfg.Track, cfg.WindowStep = track, 0
		l = &Labels{follow: newFollower(cfg, nil, x.listeners)}
		x.open[track] = l
	}
	_ = l.observe(context.Background(), o, nil, at, held) // only recorders fail
}

// End ends a track: what is known only at its end is told.
func (x *Objects) End(track string) {
	l := x.open[track]
	if l == nil {
		return
	}
	delete(x.open, track)
	_ = l.follow.finish(context.Background())
	x.gone = append(x.gone, l)
	if extra := len(x.gone) - x.cfg.Remembered; extra > 0 {
		x.gone = slices.Delete(x.gone, 0, extra)
	}
}

// Windows tells the measures of every window that ends at a PTS, of which at
// is the wall clock.
func (x *Objects) Windows(now time.Duration, at time.Time) {
	x.gone = slices.DeleteFunc(x.gone, func(l *Labels) bool { return l.follow.newest <= now-x.widest })
	x.pool = x.pool[:0]
	for _, list := range [...][]*Labels{x.gone, x.opened()} {
		for _, l := range list {
			x.pool = append(x.pool, l.follow.tracker)
		}
	}
	if len(x.pool) == 0 {
		return
	}
	for _, width := range x.cfg.Windows {
		stability.Pool(x.pool, width, now, &x.window)
		ev := event.Event{Site: x.cfg.Site, Camera: x.cfg.Stream, At: at, Window: &x.window}
		for _, l := range x.listeners {
			l.Notify(&ev)
		}
	}
}

// opened lists the open objects in a fixed order.
func (x *Objects) opened() []*Labels {
	names := make([]string, 0, len(x.open))
	for name := range x.open {
		names = append(names, name)
	}
	slices.Sort(names)
	out := make([]*Labels, len(names))
	for i, name := range names {
		out[i] = x.open[name]
	}
	return out
}
