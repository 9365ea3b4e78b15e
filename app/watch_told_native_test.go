//go:build cgo && gocv_specific_modules && !race

package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/infer/infertest"
	"github.com/flipmeter/flipmeter/internal/rtsptest"
)

// atRest leaves out that a stalled camera is up for a moment: the decoder gives
// the frame that it held back when the time is up, and a busy machine stalls
// any.
func atRest(states []string) (rest []string) {
	for _, s := range states {
		if last := len(rest) - 1; last >= 0 && rest[last] == "stalled" && (s == "up" || s == "stalled") {
			continue
		}
		rest = append(rest, s)
	}
	return rest
}

// TestWatchTellsEachFault has a camera for each fault of a server. The state
// and the reason that listeners are told, that are stored as events, and that
// the metrics count are those of docs/watch.md, and no flip is told that was
// none.
func TestWatchTellsEachFault(t *testing.T) {
	t.Parallel()
	server, locked, doomed := rtsptest.Start(t), rtsptest.Start(t), rtsptest.Start(t)
	clip, silent := numberClip(t), "rtsp://"+rtsptest.HalfOpen(t)+"/cam"
	for _, s := range []*rtsptest.Server{server, locked, doomed} {
		s.Publish(t, "cam", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy")
	}
	server.Publish(t, "resized", "-re", "-f", "h264", "-framerate", "25", "-i", sizesClip(t), "-c", "copy")
	locked.Authenticate("viewer", "kanarienvogel")
	faults := []struct {
		camera, more string
		url          string
		states       []string // the first ones; those that end in "…" begin so
		reason       string
	}{
		{"refused", "", "rtsp://127.0.0.1:1/cam", []string{"connecting", "backoff open rtsp://127.0.0.1:1/cam: 127.0.0.1:1 does not answer…"}, "open"},
		{"unknown", "", server.URL("nowhere"), []string{"connecting", "backoff open " + server.URL("nowhere") + ": the server knows no such stream…"}, "open"},
		{"wrong", ", user: viewer, password: other", locked.URL("cam"), []string{"connecting", "backoff open " + locked.URL("cam") + ": it does not accept the user and the password…"}, "open"},
		{"halfopen", ", open_timeout: 2s", silent, []string{"connecting", "backoff open " + silent + ": no answer within 2s…"}, "timeout"},
		{"killed", "", doomed.URL("cam"), []string{"connecting", "up", "backoff read " + doomed.URL("cam") + ": the stream broke off…"}, "lost"},
		{"muted", ", read_timeout: 5s, stall_after: 2s", server.URL("cam"), []string{"connecting", "up", "stalled", "backoff read " + server.URL("cam") + ": no frame within 5s…"}, "timeout"},
		{"resized", "", server.URL("resized"), []string{"connecting", "up", "backoff read " + server.URL("resized") + ": its pictures are no longer of 160x160 pixels…"}, "size"},
	}
	w, c := newWall(0), &chronicle{}
	text := "defaults: {open_timeout: 20s, read_timeout: 20s, stall_after: 20s, queue_size: 100, cuts: \"off\"}\ncameras:\n"
	for _, f := range faults {
		w.flips[f.camera], w.breaks[f.camera] = map[string]bool{}, map[string]int{}
		text += fmt.Sprintf("  - {name: %s, url: %q%s}\n", f.camera, f.url, f.more)
	}
	r := startWatch(t, text, infertest.Script(w.script), withDecoder(t), c.listen, func(o *app.WatchOptions) {
		o.Listeners[0].(*tape).onSeen = w.note
	})
	for _, camera := range []string{"killed", "muted", "resized"} {
		r.eventually("frames of "+camera, func() bool { return r.tape.observations(camera) > 20 })
	}
	doomed.Stop()
	server.Mute("cam", true)
	for _, f := range faults {
		r.eventually(f.camera+" has its fault", func() bool { return len(atRest(c.of(f.camera))) >= len(f.states) })
	}
	r.end()
	values := r.gather()
	for _, f := range faults {
		got := atRest(c.of(f.camera))
		if len(got) < len(f.states) || !match(got[:len(f.states)], f.states) {
			t.Errorf("%s was %q, want %q", f.camera, got, f.states)
		}
		const reconnects = "flipmeter_source_reconnects_total camera="
		lost := len(slices.DeleteFunc(slices.Clone(got), func(s string) bool { return !strings.HasPrefix(s, "backoff ") }))
		if all, own := sum(values, reconnects+f.camera), int(values[reconnects+f.camera+" reason="+f.reason]); own < 1 || all != lost {
			t.Errorf("%s: %d reconnects, %d for %s, after %d losses", f.camera, all, own, f.reason, lost)
		}
		if n := sum(values, "flipmeter_child_restarts_total camera="+f.camera); n > 0 {
			t.Errorf("%s: the decoding process is blamed %d times", f.camera, n)
		}
	}
	if strings.Contains(r.log.String(), "kanarienvogel") {
		t.Error("the log holds the password")
	}
	r.reopen(func(url string) {
		c.check(t, r.publishedStates(url))
		flips := r.published(url)
		for camera, told := range w.flips {
			if len(flips[camera]) != len(told) || sum(values, "flipmeter_flips_total camera="+camera+" ") != len(told) {
				t.Errorf("%s: published %d flips, told %d", camera, len(flips[camera]), len(told))
			}
		}
	})
	for _, fault := range w.faults {
		t.Error(fault)
	}
}
