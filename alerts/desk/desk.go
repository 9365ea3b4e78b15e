// Package desk is the alerting of one process: it feeds windows and health
// of all cameras to an engine, keeps the ledger of what was told and what is
// silenced, hands notices to the receivers, and keeps on disk what must
// outlast a restart.
//
// It reads no configuration and knows no receiver: package app builds both.
package desk

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/dispatch"
	"github.com/flipmeter/flipmeter/stability"
)

// Config is what a Desk runs on.
type Config struct {
	Rules []alerts.Rule
	// RemindEvery is how often a firing alert is told again until it is
	// resolved, 0 is a minute. A receiver may want fewer.
	RemindEvery time.Duration
	// Dir is the folder of the state; "": nothing outlasts a restart.
	Dir      string
	Lanes    []dispatch.Lane
	Dispatch dispatch.Config

	// Transition, if set, is told every change of a rule's state, silenced
	// or not, and Notices what the receivers are told. Both are called while
	// Run runs, one at a time and in order, after the state that they come
	// from is on disk. They must not block or call the desk.
	Transition func(at time.Time, t *alerts.Transition)
	Notices    func(notices []alerts.Notice)

	Now func() time.Time // nil is time.Now
	Log *slog.Logger
}

const (
	defaultRemind  = time.Minute
	tickEvery      = time.Second
	baselinesEvery = 15 * time.Minute
)

// Desk is safe for any goroutine.
type Desk struct {
	cfg        Config
	dispatcher *dispatch.Dispatcher
	began      time.Time

	wake   chan struct{}  // there is something to save, or to tell
	saving sync.Mutex     // held from a snapshot until what is in it was told
	disk   chan struct{}  // holds one: a write is under way
	writes sync.WaitGroup // the writes

	mu     sync.Mutex
	engine *alerts.Engine
	ledger *alerts.Ledger
	health map[string]alerts.Health
	dirty  bool
	outbox []outgoing
	seen   time.Time // when the clock was last looked at
}

// New makes a desk and reads its state. An error names a rule or a receiver
// that is wrong; a state that can't be read is put aside and logged.
func New(cfg Config) (*Desk, error) {
	if cfg.RemindEvery == 0 {
		cfg.RemindEvery = defaultRemind
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Log = cfg.Log.With("component", "alerts")
	engine, err := alerts.NewEngine(alerts.Config{Rules: cfg.Rules, RemindEvery: cfg.RemindEvery})
	if err != nil {
		return nil, err
	}
	d := &Desk{cfg: cfg, engine: engine, ledger: alerts.NewLedger(), health: map[string]alerts.Health{},
		wake: make(chan struct{}, 1), disk: make(chan struct{}, 1)}
	d.began = cfg.Now()
	d.seen = d.began
	dc := cfg.Dispatch
	dc.Changed = d.changed
	if dc.Now == nil {
		dc.Now = cfg.Now
	}
	if dc.Log == nil {
		dc.Log = cfg.Log
	}
	if d.dispatcher, err = dispatch.New(dc, cfg.Lanes...); err != nil {
		return nil, err
	}
	d.load()
	return d, nil
}

// Widths are those of the windows that Window must be given.
func (d *Desk) Widths() []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.engine.Windows()
}

// clock gives the wall clock, and the engine's, by which intervals are right.
// Where the wall clock was set since the last look, what is kept by it
// follows. d.mu is held.
func (d *Desk) clock() (time.Time, time.Duration) {
	now := d.cfg.Now()
	if by := alerts.ClockStep(d.seen, now); by != 0 {
		d.stepped(now, by)
	}
	d.seen = now
	return now, now.Sub(d.began)
}

// stepped follows the wall clock, which was set on by a duration, or back.
// d.mu is held.
func (d *Desk) stepped(now time.Time, by time.Duration) {
	d.cfg.Log.Warn("the wall clock was set: begins of alerts follow it", "by", by)
	d.ledger.Stepped(now, by)
	d.dispatcher.Stepped(by)
	d.dirty = true
	d.rouse()
}

// Window judges a window of a camera. It does not keep it.
func (d *Desk) Window(camera string, w *stability.Window) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, at := d.clock()
	d.tell(now, d.engine.Observe(at, camera, w))
}

// Health takes a camera's state as events tell it: connecting, up, frozen,
// stalled, backoff, ended, failed. A camera whose state was never told is
// down.
func (d *Desk) Health(camera, state string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.health[camera] = alerts.HealthOf(state)
}

// Remove forgets a camera that was taken out of service, and resolves what
// fires for it. At the end of the program nothing is removed: what fires
// then goes on firing after the next start. Told, if set, is called where
// Config.Transition is, when everything of the camera has been told.
func (d *Desk) Remove(camera string, told func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, at := d.clock()
	delete(d.health, camera)
	d.tell(now, d.engine.Remove(at, camera))
	d.post(outgoing{at: now, told: told})
}

// tick lets time pass.
func (d *Desk) tick() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, at := d.clock()
	d.tell(now, d.engine.Tick(at, d.health))
	d.post(outgoing{at: now, notices: d.ledger.Tick(now)})
}

// tell logs transitions, and puts them and what receivers must know of them
// into the outbox.
func (d *Desk) tell(now time.Time, transitions []alerts.Transition) {
	if len(transitions) == 0 {
		return
	}
	for i := range transitions {
		t := &transitions[i]
		if t.To == alerts.Firing && t.From != alerts.Firing || t.To == alerts.Resolved {
			d.cfg.Log.Info("alert", "state", string(t.To), "stream", t.Stream, "rule", t.Rule.Name, "value", t.Value, "bound", t.Bound, "reason", t.Reason)
		}
	}
	d.post(outgoing{at: now, transitions: transitions, notices: d.ledger.Take(now, transitions)})
}

// Run lets time pass, delivers, and keeps the state on disk. It is called
// once; after ctx is done it delivers and saves what is left, within
// Config.Dispatch.Drain.
func (d *Desk) Run(ctx context.Context) error {
	delivering, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	delivered := make(chan error, 1)
	go func() { delivered <- d.dispatcher.Run(delivering) }()
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	nextBaselines := d.cfg.Now().Add(baselinesEvery)
	d.flush() // what an earlier run had no time to tell
	for ctx.Err() == nil {
		select {
		case <-d.wake:
			d.flush()
		case <-tick.C:
			d.tick()
			d.flush()
			if now := d.cfg.Now(); !now.Before(nextBaselines) {
				nextBaselines = now.Add(baselinesEvery)
				d.saveBaselines()
			}
		case <-ctx.Done():
		}
	}
	d.flush()
	stop()
	err := <-delivered
	d.changed()
	d.flush()
	d.saveBaselines()
	d.saving.Lock() // somebody may still silence an alert
	defer d.saving.Unlock()
	d.writes.Wait()
	return err
}

// changed asks for the state to be saved.
func (d *Desk) changed() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dirty = true
	d.rouse()
}

// Alerts lists what fires, by begin.
func (d *Desk) Alerts() []alerts.Alert {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, _ := d.clock()
	return d.ledger.Alerts(now)
}

// Silences lists those that hold, will hold, or ended within a day.
func (d *Desk) Silences() []alerts.Silence {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clock()
	return d.ledger.Silences()
}

// Silence adds one, which is on disk when it returns; the error says what is
// wrong with it.
func (d *Desk) Silence(s alerts.Silence) (alerts.Silence, error) {
	made, err := d.silence(s)
	if err != nil {
		return made, fmt.Errorf("make a silence: %w", err)
	}
	d.flush()
	return made, nil
}

func (d *Desk) silence(s alerts.Silence) (alerts.Silence, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, _ := d.clock()
	made, err := d.ledger.Silence(now, s)
	d.dirty = d.dirty || err == nil
	return made, err
}

// EndSilence ends one now; false if there is none of this id.
func (d *Desk) EndSilence(id string) bool {
	ok := d.endSilence(id)
	d.flush()
	return ok
}

func (d *Desk) endSilence(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, _ := d.clock()
	ok := d.ledger.EndSilence(now, id)
	d.dirty = d.dirty || ok
	return ok
}

// Receivers tells what became of each receiver's notices.
func (d *Desk) Receivers() []dispatch.Stats { return d.dispatcher.Stats() }
