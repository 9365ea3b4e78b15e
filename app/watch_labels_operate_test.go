package app_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/history"
	"github.com/flipmeter/flipmeter/web/board"
)

// mustNotStart starts watch with a configuration that is wrong.
func mustNotStart(t *testing.T, config, why string) {
	t.Helper()
	err := app.Watch(t.Context(), app.WatchOptions{Config: config, Home: t.TempDir()}, app.Streams{Out: &lockedBuffer{}, Err: &lockedBuffer{}})
	if err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("it ended with %v, want one that says %q", err, why)
	}
}

// A camera whose labels come in messages is operated like any other: a rule
// fires for it, its flips are kept, it can be paused, and a reload that
// changes another camera leaves it alone. One that is added while no other
// hears any is heard, and from then on unknown cameras are counted.
func TestWatchOperatesLabelCameras(t *testing.T) {
	r := startWatch(t, "cameras:\n  - {name: made, url: \"synth:number?frames=100000&fps=20&size=96x96\", queue_size: 3}\n", byNumber, func(o *app.WatchOptions) {
		text, err := os.ReadFile(o.Config)
		if err == nil {
			with := `alerts: {builtin: false, rules: [{name: Flicker, metric: flips, window: 2s, fire_above: 3, keep_firing_for: 10m, min_pairs: 3}]}, nats: {listen`
			err = os.WriteFile(o.Config, []byte(strings.Replace(string(text), `nats: {listen`, with, 1)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	nc := connect(t, r.nats)
	send := func(camera, text string) {
		t.Helper()
		if err := nc.Publish(bus.InSubject("local", camera), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	r.rewrite("queue_size: 3}\n", "queue_size: 3}\n  - {name: door, url: 'nats:'}\n")
	r.eventually("it hears", func() bool { return r.states("door", "up") > 0 })
	r.eventually("unknown cameras are counted", func() bool {
		send("nobody", `{"label":"car"}`)
		return sum(r.gather(), "flipmeter_messages_total camera= outcome=unknown_camera") > 0
	})

	seq := 0
	say := func(label string) {
		send("door", fmt.Sprintf(`{"label":%q,"seq":%d}`, label, seq))
		seq++
	}
	r.eventually("the rule fires for it", func() bool {
		say([]string{"open", "closed"}[seq%2])
		list, _ := ask[[]alerts.Alert](r, "GET", "/api/v1/alerts", "")
		for _, a := range list {
			if a.Camera == "door" && a.Rule == "Flicker" {
				return true
			}
		}
		return false
	})
	r.eventually("its flips are kept", func() bool {
		list, _ := ask[[]history.Flip](r, "GET", "/api/v1/history/flips?camera=door", "")
		return len(list) > 3
	})

	// A reload that changes another camera.
	before := r.states("door", "connecting")
	r.rewrite("queue_size: 3", "queue_size: 4")
	if n := r.states("door", "connecting"); n != before {
		t.Errorf("it was begun anew %d times", n-before)
	}

	r.mustAnswer(http.StatusNoContent, "POST", "/door/pause", "")
	r.mustAnswer(http.StatusConflict, "POST", "/door/pause", "")
	if c, _ := ask[board.Detail](r, "GET", "/api/v1/cameras/door", ""); c.State != "paused" {
		t.Errorf("state %s after pausing", c.State)
	}
	if list, text := ask[[]alerts.Alert](r, "GET", "/api/v1/alerts", ""); strings.Contains(text, "door") {
		t.Errorf("alerts of a paused camera: %+v", list)
	}
	paused, accepted := r.tape.observations("door"), sum(r.gather(), "flipmeter_messages_total camera=door outcome=accepted")
	say("open")
	if err := nc.FlushTimeout(watchPatience); err != nil {
		t.Fatal(err)
	}
	ups := r.states("door", "up")
	r.mustAnswer(http.StatusNoContent, "POST", "/door/resume", "")
	r.eventually("it hears again", func() bool { return r.states("door", "up") > ups })
	pairs := sum(r.gather(), "flipmeter_pairs_total camera=door")
	say("closed") // seq goes on, and yet it is no pair
	r.eventually("it is told", func() bool { return r.tape.observations("door") == paused+1 })
	if n := sum(r.gather(), "flipmeter_messages_total camera=door outcome=accepted"); n != accepted+1 {
		t.Errorf("%d messages were accepted since the pause, want 1", n-accepted)
	}
	if n := sum(r.gather(), "flipmeter_pairs_total camera=door"); n != pairs {
		t.Errorf("%d pairs over the pause", n-pairs)
	}
}
