package bus

import (
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
)

// After a restart a reminder comes whose firing this process never told.
func TestReminderOfAnOlderProcess(t *testing.T) {
	e := newEncoder(Stream{Camera: "gate", Epoch: 7}, false, &messagePool{})
	rule := &alerts.Rule{Name: "FlickerHigh", Metric: "flips", Window: time.Minute}
	var ids []string
	for reminder := 5; reminder < 7; reminder++ {
		m := e.alert(time.Unix(0, 0), &alerts.Transition{Rule: rule, Stream: "gate", From: alerts.Firing, To: alerts.Firing, Reminder: reminder})
		a := decode[Alert](t, m.data)
		ids = append(ids, a.ID)
		if a.Epoch != 7 {
			t.Errorf("epoch %d", a.Epoch)
		}
	}
	if ids[0] != ids[1] {
		t.Errorf("two reminders of one firing are %s and %s", ids[0], ids[1])
	}
}
