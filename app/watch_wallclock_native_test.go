//go:build cgo && gocv_specific_modules && !race

package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/infer/infertest"
	"github.com/flipmeter/flipmeter/internal/clocktest"
	"github.com/flipmeter/flipmeter/internal/rtsptest"
)

// instant is when a frame was, by its stream and by the wall clock.
type instant struct {
	pts time.Duration
	at  time.Time
}

// TestWatchIsNotMovedByTheWallClock sets the wall clock back by an hour while a
// live camera, a film and labels from elsewhere are followed, once more while
// the camera is away and an alert is pending, and at last on by two. What is
// told says the hour that the clock says; no state, no break, no pair, no flip
// and no alert comes or stays away for it.
func TestWatchIsNotMovedByTheWallClock(t *testing.T) {
	t.Parallel()
	clip, server := numberClip(t), rtsptest.Start(t)
	publish := func() { server.Publish(t, "cam", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy") }
	publish()
	var clock clocktest.Clock
	w, c := newWall(0), &chronicle{}
	for _, camera := range []string{"live", "film"} {
		w.flips[camera], w.breaks[camera] = map[string]bool{}, map[string]int{}
	}
	seen := map[string][]instant{}
	r := startWatch(t, fmt.Sprintf(`
defaults: {open_timeout: 20s, read_timeout: 20s, stall_after: 20s, queue_size: 100, cuts: "off", measures: {windows: [2s]}}
cameras:
  - {name: live, url: %q}
  - {name: film, url: "synth:number?frames=100000&fps=10&size=96x96"}
  - {name: told, url: "nats:plant.labels", messages: {time: "", gap: 30m, idle: 30m}}
  - {name: timed, url: "nats:plant.labels", messages: {gap: 30m, idle: 30m}}
`, server.URL("cam")), infertest.Script(w.script), withDecoder(t), c.listen, func(o *app.WatchOptions) {
		o.Now = clock.Now
		o.Listeners[0].(*tape).onSeen = func(ev *event.Event) {
			seen[ev.Camera] = append(seen[ev.Camera], instant{ev.Observation.PTS, ev.At})
			if w.flips[ev.Camera] != nil {
				w.note(ev)
			}
		}
	}, withAlerts(t, `rules: [{name: SourceDown, metric: up, fire_below: 1, for: 5s, keep_firing_for: 1s, severity: critical}]`))
	nc, err := nats.Connect(r.nats)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	told := 0
	more := func() {
		t.Helper()
		live, film := r.tape.observations("live"), r.tape.observations("film")
		for range 10 {
			if err := nc.Publish("plant.labels", fmt.Appendf(nil, `{"label": "label %d", "time": %q}`, told/3, clock.Now().Format(time.RFC3339Nano))); err != nil {
				t.Fatal(err)
			}
			told++
		}
		r.eventually("more frames and labels", func() bool {
			return r.tape.observations("live") > live+60 && r.tape.observations("film") > film+30 && r.tape.observations("told") == told && r.tape.observations("timed") == told
		})
	}
	firing := func() int {
		list, _ := ask[[]alerts.Alert](r, "GET", "/api/v1/alerts", "")
		return len(list)
	}
	r.eventually("labels are heard", func() bool { return r.states("told", "up") > 0 && r.states("timed", "up") > 0 })
	more()
	clock.Step(-time.Hour)
	more()

	changes, err := nc.SubscribeSync(bus.Subject("local", "live", bus.TypeAlert))
	if err = errors.Join(err, nc.Flush()); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	for state := ""; state != "pending"; { // the rule's five seconds begin
		m, err := changes.NextMsg(watchPatience)
		if err != nil {
			t.Fatal(err)
		}
		var a bus.Alert
		if err := json.Unmarshal(m.Data, &a); err != nil {
			t.Fatal(err)
		}
		state = a.State
	}
	clock.Step(-time.Hour)
	r.eventually("the alert", func() bool { return firing() == 1 })
	server.Restart(t)
	publish()
	more()
	r.eventually("the alert's end", func() bool { return firing() == 0 })
	clock.Step(2 * time.Hour)
	more()
	r.end()

	values := r.gather()
	for camera, at := range seen {
		slack := 10 * time.Second // of a camera's own clock, or of a machine with much to do
		if camera == "told" || camera == "timed" {
			slack = time.Second // both are when the message came
		}
		steps := []time.Duration{}
		for i, m := range at[1:] {
			before := at[i]
			gone := m.at.Sub(at[0].at) // by the monotonic readings
			if camera == "timed" {     // what a message says has none, and came as another camera's
				gone = seen["told"][i+1].pts - seen["told"][0].pts
			}
			if off := m.pts - at[0].pts - gone; m.pts <= before.pts || off.Abs() > slack {
				t.Errorf("%s: %v comes after %v, and is off by %v", camera, m.pts, before.pts, off)
			}
			if d := (m.at.Round(0).Sub(before.at.Round(0)) - (m.pts - before.pts)).Round(time.Hour); d != 0 {
				steps = append(steps, d)
			}
		}
		if want := []time.Duration{-time.Hour, -time.Hour, 2 * time.Hour}; !slices.Equal(steps, want) {
			t.Errorf("%s: people are told of steps of %v, want %v", camera, steps, want)
		}
	}
	if want := map[string]int{"reconnect": 1}; !maps.Equal(w.breaks["live"], want) || len(w.breaks["film"]) > 0 {
		t.Errorf("breaks %v and %v", w.breaks["live"], w.breaks["film"])
	}
	for camera, breaks := range map[string]int{"live": 1, "film": 0, "told": 0, "timed": 0} {
		n := len(seen[camera])
		if got := sum(values, "flipmeter_pairs_total camera="+camera); got != n-1-breaks {
			t.Errorf("%s: %d pairs of %d frames with %d breaks", camera, got, n, breaks)
		}
		if got := sum(values, "flipmeter_pair_breaks_total camera="+camera); got != breaks {
			t.Errorf("%s: the metric says %d breaks, want %d", camera, got, breaks)
		}
	}
	for _, camera := range []string{"told", "timed"} {
		if got, want := sum(values, "flipmeter_flips_total camera="+camera), (told-1)/3; got != want {
			t.Errorf("%s: %d flips, want %d", camera, got, want)
		}
	}
	r.reopen(func(url string) {
		states := r.publishedStates(url)
		c.check(t, states)
		for _, camera := range []string{"film", "told", "timed"} {
			if want := []string{"connecting", "up"}; !slices.Equal(states[camera], want) {
				t.Errorf("the states of %s are %q", camera, states[camera])
			}
		}
		hours := map[string]map[time.Duration]bool{"live": {}, "film": {}, "told": {}, "timed": {}}
		r.each(url, bus.TypeWindow, func(payload []byte) error {
			var v bus.Window
			err := json.Unmarshal(payload, &v)
			hours[v.Camera][time.Until(v.At).Round(time.Hour)] = true
			return err
		})
		want := map[time.Duration]bool{0: true, -time.Hour: true, -2 * time.Hour: true}
		for camera, got := range hours {
			if !maps.Equal(got, want) {
				t.Errorf("%s: windows of the hours %v", camera, got)
			}
		}
		if n := len(states["live"]); n < 4 || !match([]string{states["live"][0], states["live"][1], states["live"][n-1]}, []string{"connecting", "up", "up"}) || slices.Contains(states["live"][2:n-1], "up") {
			t.Errorf("the states of live are %q", states["live"])
		}
		w.account(r, r.published(url))
	})
}
