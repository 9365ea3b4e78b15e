package bus

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/internal/natstest"
)

// alertLife are the transitions of a rule that fires, is told again, ends,
// and fires once more.
func alertLife() []alerts.Transition {
	rule := &alerts.Rule{Name: "FlickerHigh", Metric: "unexplained_fraction", Window: time.Minute, Severity: "warning"}
	step := func(from, to alerts.State, at time.Duration, firing uint64, reminder int) alerts.Transition {
		return alerts.Transition{Rule: rule, Stream: "gate 2", From: from, To: to, At: at, Since: at - time.Second,
			Firing: firing, Reminder: reminder, Value: 0.07, Bound: 0.05}
	}
	ended := step(alerts.Firing, alerts.Resolved, 5*time.Minute, 1, 2)
	ended.Value, ended.Reason = math.NaN(), alerts.ReasonDown
	return []alerts.Transition{
		step(alerts.Inactive, alerts.Pending, time.Minute, 0, 0),
		step(alerts.Pending, alerts.Inactive, 2*time.Minute, 0, 0),
		step(alerts.Inactive, alerts.Pending, 2*time.Minute, 0, 0),
		step(alerts.Pending, alerts.Firing, 3*time.Minute, 1, 0),
		step(alerts.Firing, alerts.Firing, 4*time.Minute, 1, 1),
		step(alerts.Firing, alerts.Firing, 5*time.Minute, 1, 2),
		ended,
		step(alerts.Inactive, alerts.Pending, 6*time.Minute, 1, 0),
		step(alerts.Pending, alerts.Firing, 6*time.Minute, 2, 0),
	}
}

func alertSamples() [][]byte {
	e := newEncoder(testStream(), false, &messagePool{})
	var out [][]byte
	for _, tr := range alertLife() {
		out = append(out, e.alert(testStart, &tr).data)
	}
	return out
}

func TestEveryAlertIsStored(t *testing.T) {
	s := natstest.Start(t)
	conn := connect(t, s)
	live := testStream()
	live.Camera = "live"
	p := NewPublisher(conn, PublisherConfig{})
	stop := run(t, p)
	l := p.Listener(live)
	r := NewRecorder(conn, testStream(), RecorderConfig{})
	for _, tr := range alertLife() {
		if err := r.RecordAlert(context.Background(), testStart, &tr); err != nil {
			t.Fatal(err)
		}
		l.NotifyAlert(testStart, &tr)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	stop()
	messages := stored(t, s)
	if want := 2 * len(alertLife()); len(messages) != want {
		t.Fatalf("%d alerts are stored, want %d", len(messages), want)
	}
	var revisions []int
	ids := map[string]bool{}
	for _, m := range messages {
		if a := decode[Alert](t, m.Data); a.Camera == "live" {
			revisions = append(revisions, a.Revision)
			ids[a.ID] = true
		}
	}
	for i, want := range []int{0, 0, 0, 0, 1, 2, 0, 0, 0} {
		if revisions[i] != want {
			t.Errorf("alert %d has revision %d, want %d", i, revisions[i], want)
		}
	}
	if want := len(alertLife()) - 2; len(ids) != want {
		t.Errorf("%d alerts, reminders not counted, want %d", len(ids), want)
	}
}
