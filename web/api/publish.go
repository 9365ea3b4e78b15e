package api

import (
	"encoding/json"
	"log/slog"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/web/board"
	"github.com/flipmeter/flipmeter/web/live"
)

// Publisher puts what changes on a board, and alerts, onto a hub. It is a
// board.Subscriber.
type Publisher struct {
	Hub *live.Hub
	Log *slog.Logger
}

var _ board.Subscriber = Publisher{}

// Idle says that no page listens. One that connects is told "hello" first,
// and reads everything anew.
func (p Publisher) Idle() bool { return p.Hub.Idle() }

// CameraChanged tells everybody.
func (p Publisher) CameraChanged(c *board.Camera) { p.send("", "camera/"+c.Name, "camera", c) }

// FlipChanged tells everybody.
func (p Publisher) FlipChanged(f *board.Flip) { p.send("", "flip/"+f.Camera+"/"+f.ID, "flip", f) }

// CameraRemoved tells everybody.
func (p Publisher) CameraRemoved(name string) {
	p.send("", "camera/"+name, "removed", map[string]string{"name": name})
}

// Alerts tells that the list of alerts is another one; who wants it asks.
func (p Publisher) Alerts([]alerts.Notice) { p.send("", "alerts", "alerts", struct{}{}) }

func (p Publisher) send(topic, key, event string, v any) {
	if p.Idle() { // spares writing down what nobody reads
		return
	}
	b, err := json.Marshal(v)
	if err != nil {
		p.Log.Error("an update could not be encoded", "event", event, "error", err)
		return
	}
	p.Hub.Send(topic, key, event, b)
}
