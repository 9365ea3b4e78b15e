package app_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/internal/natstest"
)

// A broker of somebody else is heard as a client, over NATS and over MQTT.
// When it goes away and comes back, nothing pairs over the outage, however
// well the numbers fit, and nothing is told twice.
func TestWatchOutlastsABroker(t *testing.T) {
	broker := natstest.Listen(t, natstest.MQTT)
	r := startWatch(t, "cameras:\n  - {name: yard, url: 'mqtt:plant/+/labels'}\n  - {name: gate, url: 'nats:plant.north.labels'}\n", nil, noModel(t), func(o *app.WatchOptions) {
		o.Environ = []string{"FLIPMETER_WATCH_NATS_URL=" + broker.URL(), "FLIPMETER_WATCH_NATS_LISTEN=", "FLIPMETER_WATCH_MQTT_URL=" + broker.MQTTURL()}
	})
	cameras := []string{"yard", "gate"}
	up := func(times int) {
		for _, c := range cameras {
			r.eventually(c+" hears", func() bool { return r.states(c, "up") == times })
		}
	}
	seq, told := uint64(0), 0
	say := func(labels ...string) {
		t.Helper()
		sender := mqttClient(t, broker.MQTTURL()) // what it says reaches plant.north.labels, too
		for _, label := range labels {
			text, err := json.Marshal(said{Seq: seq, Label: label, Score: 0.5})
			if err != nil {
				t.Fatal(err)
			}
			seq++
			told++
			done(t, sender.Publish("plant/north/labels", 0, false, text))
		}
		sender.Disconnect(100)
		for _, c := range cameras {
			r.eventually(c+" was told", func() bool { return r.tape.observations(c) == told })
		}
	}
	up(1)
	say("car", "car", "bus", "bus")
	broker.Stop()
	for _, c := range cameras {
		r.eventually(c+" notices", func() bool { return r.states(c, "backoff") > 0 })
	}
	broker.Restart(t)
	up(2)
	say("car", "bus") // seq goes on, and yet there is no pair with the bus before
	r.end()
	values := r.gather()
	for _, c := range cameras {
		for what, want := range map[string]int{
			"flipmeter_pairs_total camera=" + c: 4, "flipmeter_flips_total camera=" + c: 2,
			"flipmeter_pair_breaks_total camera=" + c + " reason=reconnect": 1,
			"flipmeter_messages_total camera=" + c:                          told,
		} {
			if got := sum(values, what); got != want {
				t.Errorf("%s: %d, want %d", what, got, want)
			}
		}
	}
	published := r.published(broker.URL())
	for _, c := range cameras {
		if len(published[c]) != 2 {
			t.Errorf("%s: %d flips published, want 2: %v", c, len(published[c]), published[c])
		}
	}
}

// A sender that tells changes only: flips are those that were told, between
// them pairs go by time, and what nobody said is not told as an observation.
func TestWatchHearsChanges(t *testing.T) {
	r := startWatch(t, "cameras:\n  - {name: door, url: 'nats:', messages: {mode: changes, fps: 10, label: payload, track: ''}}\n", nil, noModel(t))
	r.eventually("it hears", func() bool { return r.states("door", "up") > 0 })
	nc := connect(t, r.nats)
	heard, err := nc.SubscribeSync(bus.Subject("local", "door", bus.TypeObservation))
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.FlushTimeout(watchPatience); err != nil {
		t.Fatal(err)
	}
	labels := []string{"open", "closed", "open", "closed"}
	for i, label := range labels {
		if err := nc.Publish(bus.InSubject("local", "door"), []byte(label)); err != nil {
			t.Fatal(err)
		}
		var told int
		r.eventually("it was told "+label, func() bool {
			r.tape.get(func(p *tape) { told = p.flips["door"] })
			return told == i
		})
		// At least a second of the label, whatever the machine is doing.
		seen := r.tape.observations("door")
		r.eventually("it holds", func() bool { return r.tape.observations("door") >= seen+10 })
	}
	r.end()
	values := r.gather()
	held := sum(values, "flipmeter_frames_total camera=door outcome=held")
	for what, want := range map[string]int{
		"flipmeter_flips_total camera=door": 3, "flipmeter_pairs_total camera=door": held + 3, "flipmeter_pair_breaks_total camera=door": 0,
		"flipmeter_frames_total camera=door outcome=observed": 4, "flipmeter_messages_total camera=door": 4,
	} {
		if got := sum(values, what); got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	if held < 40 {
		t.Errorf("%d held", held)
	}
	for i, want := range labels {
		m, err := heard.NextMsg(time.Second)
		var o bus.Observation
		if err == nil {
			err = json.Unmarshal(m.Data, &o)
		}
		if err != nil || o.Label.Label != want {
			t.Fatalf("observation %d: %+v, %v", i, o, err)
		}
	}
	if m, err := heard.NextMsg(10 * time.Millisecond); err == nil {
		t.Errorf("one more observation: %s", m.Data)
	}
	for _, f := range r.stored()["door"] {
		if f.Kind != "transition" && f.Kind != "censored" || f.From.Label == f.To.Label {
			t.Errorf("flip %s", fmt.Sprint(f))
		}
	}
}
