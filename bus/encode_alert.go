package bus

import (
	"time"

	"github.com/flipmeter/flipmeter/alerts"
)

// alert makes a transition a message. A reminder is a further revision of
// the message that told that the rule fires.
func (e *encoder) alert(at time.Time, t *alerts.Transition) *message {
	e.mu.Lock()
	defer e.mu.Unlock()
	id, revision := alertMemo{epoch: e.epoch, seq: e.alerts}, 0
	// A firing from before a restart is not known here: what is told of it
	// first is a message of its own.
	if told, ok := e.firing[t.Rule.Name]; ok && t.From == alerts.Firing && t.To == alerts.Firing {
		id, revision = told, t.Reminder
	} else {
		e.alerts++
	}
	if t.To == alerts.Firing {
		e.firing[t.Rule.Name] = id
	}
	return encode(TypeAlert, &Alert{
		Envelope: e.envelope(TypeAlert, "", id.epoch, id.seq, millisIf(e.hasPTS, e.pts), at.UTC(), Token(t.Rule.Name), revision),
		Rule:     t.Rule.Name, Severity: t.Rule.Severity, State: string(t.To), Firing: t.Firing,
		Metric: t.Rule.Metric, WindowMs: millis(t.Rule.Window),
		Value: Number(t.Value), Bound: Number(t.Bound), SinceMs: millis(t.At - t.Since), Reason: t.Reason,
	})
}
