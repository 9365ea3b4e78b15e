//go:build cgo && gocv_specific_modules && !race

package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/infer/infertest"
)

// serveRounds sends a clip of fifty numbers as an MPEG transport stream, at its
// own pace, again and again over one connection, from a frame on: each round its
// times begin anew.
func serveRounds(t *testing.T, begin int) (url string) {
	t.Helper()
	const frames = 50
	clip, err := os.ReadFile(encodeNumbers(t, "round.ts", side, "-threads", "1", "-x264-params", "sliced-threads=0", "-frames:v", fmt.Sprint(frames), "-f", "mpegts"))
	if err != nil {
		t.Fatal(err)
	}
	return servePaced(t, "video/mp2t", func(i int) []byte {
		from := (begin + i) % frames
		return clip[from*len(clip)/frames : (from+1)*len(clip)/frames]
	}) + "/round.ts"
}

// servePaced sends the parts of a stream, 25 a second and without an end, to
// everybody who asks for it.
func servePaced(t *testing.T, contentType string, part func(i int) []byte) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		tick := time.NewTicker(time.Second / 25)
		defer tick.Stop()
		for i := 0; ; i++ {
			if _, err := w.Write(part(i)); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server.URL
}

// TestWatchOutlastsAClock follows a stream whose times begin anew every two
// seconds. Each time is one break and no reconnect, its own time goes on, and
// no flip is told over it. (The time of the first frame of all counts as 0, which
// is OpenCV's word for none, too: rounds may begin with it, or not.)
func TestWatchOutlastsAClock(t *testing.T) {
	t.Parallel()
	for _, begin := range []int{0, 15} {
		t.Run(fmt.Sprintf("from %d", begin), func(t *testing.T) { outlastAClock(t, begin) })
	}
}

func outlastAClock(t *testing.T, begin int) {
	t.Helper()
	w, c := newWall(0), &chronicle{}
	w.flips["cam"], w.breaks["cam"] = map[string]bool{}, map[string]int{}
	var times []time.Duration
	r := startWatch(t, fmt.Sprintf(`
defaults: {open_timeout: 20s, read_timeout: 20s, stall_after: 20s, queue_size: 100, cuts: "off"}
cameras:
  - {name: cam, url: %q}
`, serveRounds(t, begin)), infertest.Script(w.script), withDecoder(t), c.listen, func(o *app.WatchOptions) {
		o.Listeners[0].(*tape).onSeen = func(ev *event.Event) {
			times = append(times, ev.Observation.PTS)
			w.note(ev)
		}
	})
	r.eventually("some rounds", func() bool { return r.tape.observations("cam") > 180 })
	r.end()
	breaks := w.breaks["cam"]["time"]
	if want := map[string]int{"time": breaks}; breaks < 3 || !maps.Equal(w.breaks["cam"], want) {
		t.Errorf("breaks %v", w.breaks["cam"])
	}
	if !slices.IsSortedFunc(times, func(a, b time.Duration) int { return int(a - b) }) {
		t.Errorf("times go back: %v", times)
	}
	m := r.gather()
	if n := m["flipmeter_pair_breaks_total camera=cam reason=time"]; n != float64(breaks) {
		t.Errorf("the metric says %v breaks, told %d", n, breaks)
	}
	if n := sum(m, "flipmeter_source_reconnects_total camera=cam"); n > 0 || w.pairs["cam"] != len(times)-1-breaks {
		t.Errorf("%d reconnects, %d pairs of %d frames with %d breaks", n, w.pairs["cam"], len(times), breaks)
	}
	r.reopen(func(url string) {
		states := r.publishedStates(url)
		if want := []string{"connecting", "up"}; !slices.Equal(states["cam"], want) {
			t.Errorf("the states are %q", states["cam"])
		}
		c.check(t, states)
		w.account(r, r.published(url))
	})
}
