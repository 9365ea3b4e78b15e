package dispatch

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
)

// Receiver is somebody who is told of alerts. Send delivers all notices or
// returns an error; it is called by one goroutine at a time and must end
// when its context does. An error that wraps Refused is not tried again.
type Receiver interface {
	Send(ctx context.Context, notices []alerts.Notice) error
}

// Lane is a receiver with its name, which must be unique, and how often it
// wants to hear of an alert that goes on: RemindEvery 0 is each time the
// engine tells.
type Lane struct {
	Name        string
	Receiver    Receiver
	RemindEvery time.Duration
}

// Config bounds a Dispatcher. Zero values mean the defaults.
type Config struct {
	// Queue is how many notices wait for a receiver, 0 is 1024. Reminders
	// of an alert that waits already need no room of their own.
	Queue int
	// Batch is how many are sent at once, 0 is 64.
	Batch int
	// Timeout bounds one attempt, 0 is 10 s.
	Timeout time.Duration
	// MinBackoff and MaxBackoff are the first and the longest pause after a
	// failed attempt, 0 are 1 s and 1 min. Each pause doubles, and varies
	// by a fifth so that many senders don't come back at once.
	MinBackoff, MaxBackoff time.Duration
	// Drain bounds what Run sends after its context is done, 0 is 5 s.
	Drain time.Duration
	// Changed, if set, is called after the queues changed by a delivery. It
	// must not block.
	Changed func()
	Now     func() time.Time // nil is time.Now
	Log     *slog.Logger
}

// Dispatcher holds a queue for each receiver.
type Dispatcher struct {
	cfg Config
	wg  sync.WaitGroup // the lanes that run

	mu      sync.Mutex
	lanes   []*lane
	running context.Context //nolint:containedctx // Run's, for lanes that come later; nil while it doesn't run
}

// New makes a dispatcher; Run sends. The error names two lanes of one name.
func New(cfg Config, lanes ...Lane) (*Dispatcher, error) {
	setDefault(&cfg.Queue, 1024)
	setDefault(&cfg.Batch, 64)
	setDefault(&cfg.Timeout, 10*time.Second)
	setDefault(&cfg.MinBackoff, time.Second)
	setDefault(&cfg.MaxBackoff, time.Minute)
	setDefault(&cfg.Drain, 5*time.Second)
	if cfg.Changed == nil {
		cfg.Changed = func() {}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := checkNames(lanes); err != nil {
		return nil, err
	}
	d := &Dispatcher{cfg: cfg}
	for _, l := range lanes {
		d.lanes = append(d.lanes, newLane(cfg, l))
	}
	return d, nil
}

func checkNames(lanes []Lane) error {
	names := map[string]bool{}
	for _, l := range lanes {
		if names[l.Name] {
			return fmt.Errorf("alert receiver %q: another one has the same name", l.Name)
		}
		names[l.Name] = true
	}
	return nil
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// list gives the lanes of now.
func (d *Dispatcher) list() []*lane {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lanes)
}

// Notify hands notices to every receiver's queue. It never blocks and may be
// called by several goroutines.
func (d *Dispatcher) Notify(notices []alerts.Notice) {
	for _, l := range d.list() {
		for i := range notices {
			l.push(notices[i])
		}
	}
}

// Run delivers until ctx is done, then tries once more what is left, for at
// most Config.Drain. It is called once. What could not be delivered is what
// Snapshot gives afterwards.
func (d *Dispatcher) Run(ctx context.Context) error {
	d.mu.Lock()
	d.running = ctx
	for _, l := range d.lanes {
		d.launch(l)
	}
	d.mu.Unlock()
	<-ctx.Done()
	d.mu.Lock()
	d.running = nil // who comes now is not run any more
	d.mu.Unlock()
	d.wg.Wait()
	return nil
}

// launch lets a lane run, if Run does. d.mu is held.
func (d *Dispatcher) launch(l *lane) {
	if d.running == nil {
		return
	}
	ctx, stop := context.WithCancel(d.running)
	l.stop = stop
	d.wg.Go(func() {
		defer stop()
		l.run(ctx)
	})
}

// Replace makes the receivers those of the list. One of a name that was
// there before keeps its queue, and what waits goes to the new address at
// once; what waits for one that is gone is dropped. The error names two
// lanes of one name, and nothing has changed then.
func (d *Dispatcher) Replace(lanes ...Lane) error {
	if err := checkNames(lanes); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	old := d.lanes
	d.lanes = nil
	for _, want := range lanes {
		k := slices.IndexFunc(old, func(l *lane) bool { return l.name == want.Name })
		if k >= 0 {
			old[k].replace(want)
			d.lanes = append(d.lanes, old[k])
			old = slices.Delete(old, k, k+1)
			continue
		}
		l := newLane(d.cfg, want)
		d.lanes = append(d.lanes, l)
		d.launch(l)
	}
	for _, l := range old {
		l.retire()
	}
	return nil
}

// Stats is what became of one receiver's notices.
type Stats struct {
	Receiver string `json:"receiver"`
	Queued   int    `json:"queued"`
	// Sent were delivered; Failures are attempts that failed and are tried
	// again; Refused were not wanted by the receiver, Lost had no room.
	Sent      int64     `json:"sent"`
	Failures  int64     `json:"failures"`
	Refused   int64     `json:"refused"`
	Lost      int64     `json:"lost"`
	LastError string    `json:"last_error,omitempty"` // "" after a success
	LastSent  time.Time `json:"last_sent,omitzero"`
}

// Stats of each receiver, in the order given to New. Safe for any goroutine.
func (d *Dispatcher) Stats() []Stats {
	lanes := d.list()
	out := make([]Stats, len(lanes))
	for i, l := range lanes {
		out[i] = l.snapshotStats()
	}
	return out
}

// Stepped follows the wall clock, which was set on by a duration, or back:
// what waits tells times of the clock as it goes now, and nobody is reminded
// sooner or later for it. Safe for any goroutine.
func (d *Dispatcher) Stepped(by time.Duration) {
	for _, l := range d.list() {
		l.stepped(by)
	}
}

// Saved is what must outlast a restart, by receiver.
type Saved map[string]SavedLane

// SavedLane is what one receiver is still to be told.
type SavedLane struct {
	Waiting []alerts.Notice `json:"waiting"`
	// Passed is when each open alert was last handed to the receiver.
	Passed map[string]time.Time `json:"passed"`
}

// Snapshot gives what must outlast a restart. Safe for any goroutine.
func (d *Dispatcher) Snapshot() Saved {
	s := Saved{}
	for _, l := range d.list() {
		s[l.name] = l.save()
	}
	return s
}

// Restore takes over what was saved, before Run. Receivers that are gone are
// left out.
func (d *Dispatcher) Restore(s Saved) {
	for _, l := range d.list() {
		if saved, ok := s[l.name]; ok {
			l.restore(saved)
		}
	}
}
