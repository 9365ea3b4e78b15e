package desk

import (
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/dispatch"
)

// Terms are what may change while a desk runs.
type Terms struct {
	Rules       []alerts.Rule
	RemindEvery time.Duration // 0 is a minute
	Lanes       []dispatch.Lane
}

// Replace takes other terms into force: see alerts.Engine.Replace and
// dispatch.Dispatcher.Replace. A receiver that is new hears of what fires
// when it is told the next time. Nothing has changed after an error.
func (d *Desk) Replace(t Terms) error {
	if t.RemindEvery == 0 {
		t.RemindEvery = defaultRemind
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	cfg := alerts.Config{Rules: t.Rules, RemindEvery: t.RemindEvery}
	if _, err := alerts.NewEngine(cfg); err != nil {
		return err
	}
	if err := d.dispatcher.Replace(t.Lanes...); err != nil {
		return err
	}
	now, at := d.clock()
	transitions, err := d.engine.Replace(at, cfg)
	if err != nil {
		return err
	}
	d.tell(now, transitions)
	d.dirty = true
	d.rouse()
	return nil
}
