//go:build cgo && gocv_specific_modules && !race

package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/infer/infertest"
	"github.com/flipmeter/flipmeter/internal/clocktest"
	"github.com/flipmeter/flipmeter/internal/rtsptest"
)

// onClock lets a watch live by a clock.
func onClock(c *clocktest.Clock) func(*app.WatchOptions) {
	return func(o *app.WatchOptions) { o.Now, o.Wait = c.Now, c.Wait }
}

// downRule fires while a camera is away.
const downRule = `rules: [{name: SourceDown, metric: up, fire_below: 1, for: 30s, severity: critical}]`

// TestWatchSeesACameraBackAfterFiveMinutes switches a camera off for five
// minutes, of which the waits between attempts are simulated and all else is
// real. It is told as away, by state, metric, event and alert, and comes back
// as the same stream: with the time that went by, a break, and no flip over it.
func TestWatchSeesACameraBackAfterFiveMinutes(t *testing.T) {
	t.Parallel()
	const away = 5 * time.Minute
	clip, server := numberClip(t), rtsptest.Start(t)
	publish := func() { server.Publish(t, "cam", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy") }
	publish()
	var clock clocktest.Clock
	w, c := newWall(0), &chronicle{}
	w.flips["cam"], w.breaks["cam"] = map[string]bool{}, map[string]int{}
	type moment struct {
		pts time.Duration
		at  time.Time
	}
	var last, back moment // before and after the break
	r := startWatch(t, fmt.Sprintf(`
defaults: {open_timeout: 20s, read_timeout: 20s, stall_after: 20s, queue_size: 100, cuts: "off"}
cameras:
  - {name: cam, url: %q}
`, server.URL("cam")), infertest.Script(w.script), withDecoder(t), c.listen, onClock(&clock), withAlerts(t, downRule), func(o *app.WatchOptions) {
		o.Listeners[0].(*tape).onSeen = func(ev *event.Event) {
			switch {
			case ev.Break.String() == "reconnect":
				back = moment{ev.Observation.PTS, ev.At}
			case back == moment{}:
				last = moment{ev.Observation.PTS, ev.At}
			}
			w.note(ev)
		}
	})
	r.eventually("frames", func() bool { return r.tape.observations("cam") > 60 })
	reached, release := clock.Hold(away)
	server.Stop()
	select {
	case <-reached:
	case <-time.After(watchPatience):
		t.Fatalf("the attempts end before five minutes are over\n%s", r.log)
	}
	// Five times after 1 s, five after 5 s, ten after 10 s, then each minute,
	// up to a fifth more or less: these are five minutes.
	if n := r.states("cam", "backoff"); n < 22 || n > 26 {
		t.Errorf("%d attempts in %v", n, away)
	}
	if s := r.state("cam"); !strings.HasPrefix(s, "backoff open "+server.URL("cam")+": ") || !strings.Contains(s, "does not answer") {
		t.Errorf("its state is %s", s)
	}
	during := r.scrape()
	for key, want := range map[string]float64{
		"flipmeter_source_up camera=cam":                           0,
		"flipmeter_source_state camera=cam state=backoff":          1,
		"flipmeter_source_reconnects_total camera=cam reason=lost": 1,
		"flipmeter_source_reconnects_total camera=cam reason=open": float64(r.states("cam", "backoff") - 1),
		"flipmeter_pair_breaks_total camera=cam reason=reconnect":  0,
		"flipmeter_child_restarts_total camera=cam reason=crash":   0,
		"flipmeter_child_restarts_total camera=cam reason=hang":    0,
	} {
		if during[key] != want {
			t.Errorf("%s is %v, want %v", key, during[key], want)
		}
	}
	r.eventually("the alert", func() bool {
		list, _ := ask[[]alerts.Alert](r, "GET", "/api/v1/alerts", "")
		return len(list) == 1 && list[0].Camera == "cam" && list[0].Rule == "SourceDown"
	})
	server.Restart(t)
	publish()
	seen := r.tape.observations("cam")
	release()
	r.eventually("frames again", func() bool { return r.tape.observations("cam") > seen+60 })
	r.eventually("the alert's end", func() bool {
		list, _ := ask[[]alerts.Alert](r, "GET", "/api/v1/alerts", "")
		return len(list) == 0
	})
	r.end()

	values := r.gather()
	if lost, counted := r.states("cam", "backoff"), sum(values, "flipmeter_source_reconnects_total camera=cam"); lost != counted {
		t.Errorf("the metrics say %d reconnects, told %d losses", counted, lost)
	}
	if n := values["flipmeter_pair_breaks_total camera=cam reason=reconnect"]; n != 1 || w.breaks["cam"]["reconnect"] != 1 || w.epochs["cam"] != 1 {
		t.Errorf("the metric says %v breaks, told %v, in epoch %d", n, w.breaks["cam"], w.epochs["cam"])
	}
	if n, breaks := r.tape.observations("cam"), sum(values, "flipmeter_pair_breaks_total camera=cam"); w.pairs["cam"] != n-1-breaks {
		t.Errorf("%d pairs of %d frames with %d breaks", w.pairs["cam"], n, breaks)
	}
	if gone := back.pts - last.pts; gone < away || (back.at.Sub(last.at)-gone).Abs() > 10*time.Second {
		t.Errorf("by the stream's time %v went by, by the clock %v", gone, back.at.Sub(last.at))
	}
	r.reopen(func(url string) {
		states := r.publishedStates(url)
		c.check(t, states)
		if n := len(slices.DeleteFunc(states["cam"], func(s string) bool { return s != "up" })); n != 2 {
			t.Errorf("it was up %d times", n)
		}
		var told []string
		r.each(url, bus.TypeAlert, func(payload []byte) error {
			var a bus.Alert
			err := json.Unmarshal(payload, &a)
			if a.Revision == 0 { // the others remind of it
				told = append(told, a.Rule+" "+a.State)
			}
			return err
		})
		// It is not up while it is opened for the first time, either.
		want := []string{"SourceDown pending", "SourceDown firing", "SourceDown resolved"}
		if n := len(told) - len(want); n < 0 || !slices.Equal(told[n:], want) || slices.Contains(told[:n], want[1]) {
			t.Errorf("published alerts %q, want %q", told, want)
		}
		w.account(r, r.published(url))
	})
}

// repeating has decoding processes give the answer that the first one gave, byte
// by byte: it is what loads OpenCV, which takes a third of a second each time.
func repeating(t *testing.T) func(*app.WatchOptions) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := `if test -e "$1"; then cat "$1"; exec cat >/dev/null; fi; "$0" | tee "$1.part"; mv "$1.part" "$1"`
	return func(o *app.WatchOptions) {
		o.DecodeCommand = []string{"/bin/sh", "-c", script, exe, filepath.Join(t.TempDir(), "answer")}
		o.DecodeEnv = []string{decodeVariable + "=1"}
	}
}

// left is what a process holds.
type left struct{ files, goroutines, heap int }

func (r *watchRig) left() left {
	r.t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		r.t.Fatal(err)
	}
	return left{len(files), runtime.NumGoroutine(), liveHeap()}
}

// TestWatchOutlastsAThousandFailedOpenings has a camera that is away for most of
// a day: each attempt is a process that finds nobody. Each is counted and told,
// and none leaves anything behind: memory, goroutines, descriptors, processes.
func TestWatchOutlastsAThousandFailedOpenings(t *testing.T) {
	const warmUp, attempts = 100, 1000
	// The first twenty waits are 130 s, each that follows a minute, up to a
	// fifth more or less.
	until := func(n int) time.Duration { return 130*time.Second + time.Duration(n-20)*time.Minute }
	var clock clocktest.Clock
	r := startWatch(t, `
defaults: {open_timeout: 20s, cuts: "off"}
cameras:
  - {name: gone, url: "rtsp://127.0.0.1:1/cam"}
`, byNumber, repeating(t), onClock(&clock), func(o *app.WatchOptions) { o.Logger = nil })
	// rest waits for a moment between two attempts.
	rest := func(d time.Duration) (release func()) {
		t.Helper()
		reached, release := clock.Hold(d)
		select {
		case <-reached:
		case <-time.After(watchPatience):
			t.Fatalf("after %d attempts there is an end", r.states("gone", "backoff"))
		}
		if pids := childrenOf(t); len(pids) > 0 {
			t.Errorf("decoding processes are left: %v", pids)
		}
		if n := zombies(t); n > 0 {
			t.Errorf("%d processes ended, and nobody asked how", n)
		}
		return release
	}
	release := rest(until(warmUp))
	before, few := r.left(), r.states("gone", "backoff")
	release()
	release = rest(until(warmUp + attempts))
	many := r.states("gone", "backoff")
	if many-few < attempts*9/10 {
		t.Errorf("only %d attempts", many-few)
	}
	// The file of the day is open besides; what the NATS server keeps of what it
	// wrote last, megabytes of it, it lets go of after some seconds.
	const day, megabyte = 1, 1 << 20
	var after left
	kept := func() bool {
		after = r.left()
		return after.heap > before.heap+megabyte || after.goroutines > before.goroutines || after.files > before.files+day
	}
	for deadline := time.Now().Add(time.Minute); kept() && time.Now().Before(deadline); {
		time.Sleep(time.Second / 2)
	}
	if kept() {
		t.Errorf("%+v before, %+v after %d attempts", before, after, many-few)
	}
	if s := r.state("gone"); !strings.HasPrefix(s, "backoff open rtsp://127.0.0.1:1/cam: 127.0.0.1:1 does not answer") {
		t.Errorf("its state is %s", s)
	}
	release()
	r.end()

	many = r.states("gone", "backoff")
	values := r.gather()
	if n := values["flipmeter_source_reconnects_total camera=gone reason=open"]; n != float64(many) || sum(values, "flipmeter_source_reconnects_total camera=gone") != many {
		t.Errorf("the metrics say %v failed attempts, told %d", n, many)
	}
	if n := sum(values, "flipmeter_child_restarts_total camera=gone") + sum(values, "flipmeter_flips_total camera=gone"); n > 0 {
		t.Errorf("%d flips, or processes that are blamed", n)
	}
	r.reopen(func(url string) {
		published := map[string]int{}
		for _, s := range r.publishedStates(url)["gone"] {
			state, _, _ := strings.Cut(s, " ")
			published[state]++
		}
		if want := map[string]int{"connecting": r.states("gone", "connecting"), "backoff": many}; !maps.Equal(published, want) {
			t.Errorf("published %v, told %v", published, want)
		}
	})
}
