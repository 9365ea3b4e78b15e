package desk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/dispatch"
)

// The files of the state.
const (
	stateFile     = "alerts.json"
	baselinesFile = "baselines.json"
	stateSchema   = "flipmeter.v1.alert-state"
)

// state is what alerts.json holds.
type state struct {
	Schema string             `json:"schema"`
	Saved  time.Time          `json:"saved"`
	Engine alerts.Saved       `json:"engine"`
	Ledger alerts.SavedLedger `json:"ledger"`
	Queues dispatch.Saved     `json:"queues"`
	// Outbox is what may not have come into the queues yet.
	Outbox []alerts.Notice `json:"outbox,omitempty"`
}

// load reads the state. A file that can't be read is put aside: alerting
// must come up, and somebody may want to look at it.
func (d *Desk) load() {
	if d.cfg.Dir == "" {
		return
	}
	now, at := d.clock()
	var s state
	if d.read(stateFile, &s) {
		d.dispatcher.Restore(s.Queues)
		d.ledger.Restore(s.Ledger)
		saved := now
		if s.Saved.After(now) { // the clock went back in between: no more is known than that some time has passed
			saved = s.Saved
			by := now.Round(0).Sub(saved)
			d.stepped(now, by)
			for i := range s.Outbox {
				s.Outbox[i] = s.Outbox[i].Stepped(by)
			}
		}
		d.post(outgoing{at: now, notices: s.Outbox})
		d.tell(now, d.engine.Restore(at, saved, s.Engine))
	}
	var b []alerts.SavedBaseline
	if d.read(baselinesFile, &b) {
		if err := d.engine.RestoreBaselines(at, now, b); err != nil {
			d.cfg.Log.Warn("what is normal for the cameras has to be learnt anew", "error", err)
		}
	}
}

func (d *Desk) read(name string, into any) bool {
	path := filepath.Join(d.cfg.Dir, name)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if s, ok := into.(*state); ok && err == nil && s.Schema != stateSchema {
		err = fmt.Errorf("its schema is %q, not %s", s.Schema, stateSchema)
	}
	if err == nil {
		return true
	}
	d.cfg.Log.Error("the state of alerts could not be read and is put aside; what fired may be told again", "file", path, "error", err)
	if err := os.Rename(path, path+".unreadable"); err != nil {
		d.cfg.Log.Error("put the state of alerts aside", "file", path, "error", err)
	}
	return false
}

func (d *Desk) saveBaselines() {
	if d.cfg.Dir == "" {
		return
	}
	d.mu.Lock()
	now, at := d.clock()
	b := d.engine.Baselines(at, now)
	d.mu.Unlock()
	if len(b) == 0 {
		return
	}
	if err := write(d.cfg.Dir, baselinesFile, b); err != nil {
		d.cfg.Log.Error("what is normal for the cameras could not be saved", "error", err)
	}
}

// write replaces a file at once: a crash leaves the old one or the new one.
func write(dir, name string, v any) (err error) {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	f, err := os.CreateTemp(dir, name+".*")
	if err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	return nil
}
