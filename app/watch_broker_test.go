//go:build cgo && !race

package app_test

// These tests wait for timeouts of the broker's client: of the three ways in
// which the suite is run, one does.

import (
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/internal/natstest"
)

// withBroker publishes to a server that is not part of the process.
func withBroker(p *natstest.Process) func(*app.WatchOptions) {
	return func(o *app.WatchOptions) {
		o.Environ = append(o.Environ, "FLIPMETER_WATCH_NATS_URL="+p.URL(), "FLIPMETER_WATCH_NATS_LISTEN=")
	}
}

const brokerCameras = `
defaults: {cuts: "off", measures: {windows: [10s]}}
cameras:
  - {name: a, url: "synth:number?frames=300&fps=25&size=96x96"}
  - {name: b, url: "synth:number?frames=250&fps=25&size=96x96"}
`

// A camera so quick that the buffer of observations, 1,024, is full soon.
const quickCamera = `  - {name: quick, url: "synth:number?frames=100000&fps=250&size=96x96"}
`

// toldFlips is how many flips the listeners were told of.
func (r *watchRig) toldFlips() (n int) {
	r.tape.get(func(p *tape) {
		for _, k := range p.flips {
			n += k
		}
	})
	return n
}

// counts are the messages for NATS by what became of them.
func (r *watchRig) counts(result string) float64 {
	return r.scrape()["flipmeter_events_total result="+result]
}

// storedFlips is how many flips a server holds.
func (r *watchRig) storedFlips(url string) (n int) {
	for _, flips := range r.published(url) {
		n += len(flips)
	}
	return n
}

// TestWatchOutlivesItsBroker kills a NATS server that is a process of its own
// and starts it again. The cameras run on untouched; observations of the
// outage are lost and counted, flips wait and are there afterwards, each
// once.
func TestWatchOutlivesItsBroker(t *testing.T) {
	broker := natstest.StartProcess(t, 0)
	c := &chronicle{}
	r := startWatch(t, brokerCameras+quickCamera, byNumber, withBroker(broker), c.listen)
	r.eventually("flips are stored", func() bool { return r.counts("stored") > 3 && r.toldFlips() > 3 })

	broker.Kill()
	before, flips, stored := r.tape.observations("a"), r.toldFlips(), r.counts("stored")
	r.eventually("monitoring goes on", func() bool {
		return r.tape.observations("a") > before+40 && r.toldFlips() > flips+5
	})
	r.eventually("the buffer is full, and what it lost is counted", func() bool { return r.counts("lost") > 0 })
	for _, camera := range []string{"a", "b"} {
		if state := r.state(camera); state != "up" {
			t.Errorf("camera %s is %s", camera, state)
		}
	}
	broker.Restart(t)
	r.eventually("what waited is sent", func() bool { return r.counts("resent") > 0 && r.counts("stored") > stored+5 })
	r.end()
	told := r.toldFlips()
	if n := r.storedFlips(broker.URL()); n != told {
		t.Errorf("%d flips are stored, told %d", n, told)
	}
	c.check(t, r.publishedStates(broker.URL()))
	for key, v := range r.gather() {
		if strings.HasPrefix(key, "flipmeter_source_reconnects_total") && !strings.HasSuffix(key, "reason=loop") && v > 0 {
			t.Errorf("a camera was hit: %s", key)
		}
	}
}

// TestWatchOutlivesAFullDisk lets the broker's disk be full (no file of its
// process may grow beyond a limit). Monitoring goes on, what is refused waits
// and is sent again, and with room again every flip is stored, once.
func TestWatchOutlivesAFullDisk(t *testing.T) {
	broker := natstest.StartProcess(t, 24<<10)
	c := &chronicle{}
	r := startWatch(t, brokerCameras, byNumber, withBroker(broker), c.listen)
	r.eventually("the disk is full", func() bool { return r.counts("resent") > 0 })
	before, flips := r.tape.observations("a"), r.toldFlips()
	r.eventually("monitoring goes on", func() bool { return r.tape.observations("a") > before+20 && r.toldFlips() > flips })
	if state := r.state("a"); state != "up" {
		t.Errorf("camera a is %s", state)
	}
	kept := r.counts("stored")
	broker.FreeDisk(t)
	broker.Stop(t) // it takes a store that failed into use again when it starts
	broker.Restart(t)
	r.eventually("what waited is stored", func() bool { return r.counts("stored") > kept+5 })
	r.end()
	c.check(t, r.publishedStates(broker.URL()))
	if n, told := r.storedFlips(broker.URL()), r.toldFlips(); n != told || kept == 0 {
		t.Errorf("%d flips are stored, told %d; %v messages were before the disk was full", n, told, kept)
	}
}
