package desk

import (
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
)

// outgoing is what came of one look at the rules: nobody was told of it yet.
type outgoing struct {
	at          time.Time
	transitions []alerts.Transition
	notices     []alerts.Notice
	told        func() // nil: nobody asked to know when this was told
}

// diskPatience is how long a disk may take to keep what is to be told. After
// that people are told all the same.
const diskPatience = 5 * time.Second

// post puts something into the outbox. d.mu is held.
func (d *Desk) post(o outgoing) {
	if len(o.transitions)+len(o.notices) == 0 && o.told == nil {
		return
	}
	d.outbox = append(d.outbox, o)
	d.dirty = true
	d.rouse()
}

func (d *Desk) rouse() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// flush saves the state with all that is to be told, and then tells it, in
// this order: whatever anybody was told is on disk under the id by which he
// knows it, and a kill at any moment makes neither a second id nor an alert
// that nobody ends. What was told right before a kill may be told again.
func (d *Desk) flush() {
	d.saving.Lock()
	defer d.saving.Unlock()
	s, out := d.snapshot()
	if s != nil {
		d.keep(s)
	}
	for i := range out {
		d.hand(&out[i])
	}
	if len(out) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	// The next save, at the next tick, takes them out of the file.
	d.outbox, d.dirty = slices.Delete(d.outbox, 0, len(out)), true
}

// snapshot gives the outbox, and the state with it if it has changed.
func (d *Desk) snapshot() (*state, []outgoing) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.dirty || d.cfg.Dir == "" {
		return nil, d.outbox
	}
	now, at := d.clock()
	d.dirty = false
	s := &state{Schema: stateSchema, Saved: now.UTC(), Engine: d.engine.Snapshot(at, now), Ledger: d.ledger.Snapshot(), Queues: d.dispatcher.Snapshot()}
	for i := range d.outbox {
		s.Outbox = append(s.Outbox, d.outbox[i].notices...)
	}
	return s, d.outbox
}

// keep writes a state, and waits for the disk, but not for ever: one that
// hangs must not keep people from being told.
func (d *Desk) keep(s *state) {
	select {
	case d.disk <- struct{}{}:
	default:
		d.unsaved() // an earlier write hangs still
		return
	}
	done := make(chan struct{})
	d.writes.Go(func() {
		defer close(done)
		defer func() { <-d.disk }()
		if err := write(d.cfg.Dir, stateFile, s); err != nil {
			d.unsaved()
			d.cfg.Log.Error("the state of alerts could not be saved", "error", err)
		}
	})
	patience := time.NewTimer(diskPatience)
	defer patience.Stop()
	select {
	case <-done:
	case <-patience.C:
		d.cfg.Log.Error("the disk does not take the state of alerts: people are told before it is kept", "after", diskPatience)
	}
}

// unsaved has the state saved at the next tick.
func (d *Desk) unsaved() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dirty = true
}

func (d *Desk) hand(o *outgoing) {
	if o.told != nil {
		o.told()
	}
	if d.cfg.Transition != nil {
		for i := range o.transitions {
			d.cfg.Transition(o.at, &o.transitions[i])
		}
	}
	if len(o.notices) == 0 {
		return
	}
	d.dispatcher.Notify(o.notices)
	if d.cfg.Notices != nil {
		d.cfg.Notices(o.notices)
	}
}
