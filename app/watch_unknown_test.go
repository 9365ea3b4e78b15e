package app_test

import (
	"testing"

	"github.com/flipmeter/flipmeter/bus"
)

// Labels of cameras that the configuration doesn't list are counted, whether
// they come over NATS or over MQTT, and no camera hears them.
func TestWatchCountsUnknownCameras(t *testing.T) {
	r := startWatch(t, "cameras:\n  - {name: door, url: 'nats:'}\n  - {name: yard, url: 'mqtt:flipmeter/in/v1/+/yard'}\n", nil, withMQTT, noModel(t))
	r.eventually("both hear", func() bool { return r.states("door", "up") > 0 && r.states("yard", "up") > 0 })
	nc, sender := connect(t, r.nats), mqttClient(t, r.mqttURL())
	unknown := func() int { return sum(r.gather(), "flipmeter_messages_total camera= outcome=unknown_camera") }
	label := []byte(`{"label":"car"}`)
	// What counts begins to listen beside the cameras.
	r.eventually("unknown cameras are counted", func() bool {
		if err := nc.Publish(bus.InSubject("local", "gate"), label); err != nil {
			t.Fatal(err)
		}
		return unknown() > 0
	})
	done(t, sender.Publish("flipmeter/in/v1/x/yard", 0, false, label))
	if err := nc.Publish(bus.InSubject("local", "door"), label); err != nil {
		t.Fatal(err)
	}
	r.eventually("the cameras hear theirs", func() bool { return r.tape.observations("door") == 1 && r.tape.observations("yard") == 1 })
	var before int
	r.eventually("counting is over", func() bool {
		same := before == unknown()
		before = unknown()
		return same
	})
	done(t, sender.Publish("flipmeter/in/v1/x/door", 0, false, label))
	r.eventually("one more", func() bool { return unknown() > before })
	if n := r.tape.observations("door") + r.tape.observations("yard"); n != 2 {
		t.Errorf("%d observations, want 2", n)
	}
}
