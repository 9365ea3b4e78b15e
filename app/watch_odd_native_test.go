//go:build cgo && gocv_specific_modules && !race

package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/internal/rtsptest"
)

// oddities are streams that are no plain ones: their pictures change size,
// their frames come at no fixed rate, their packets are damaged, they
// fall silent for a while, and their server breaks off in the middle of a
// handshake.
type oddities struct {
	*auditor
	steps  map[string]map[time.Duration]int // by camera: how far apart frames were, to 20 ms
	last   map[string]time.Duration
	breaks map[string]int // by camera and reason
}

func (o *oddities) note(ev *event.Event) {
	if ev.Observation == nil {
		return
	}
	if pts, ok := o.last[ev.Camera]; ok && ev.Pair {
		o.steps[ev.Camera][(ev.Observation.PTS-pts).Round(20*time.Millisecond)]++
	}
	o.last[ev.Camera] = ev.Observation.PTS
	o.breaks[ev.Camera+" "+ev.Break.String()]++
	o.check(ev)
}

// TestWatchOddStreams follows them. What a flip is, is decided by what the
// classifier saw: none is told over a change of size, none more or less for
// the rate, none over frames that a damage took away.
func TestWatchOddStreams(t *testing.T) {
	t.Parallel()
	server := rtsptest.Start(t)
	clip := numberClip(t)
	server.Publish(t, "plain", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy")
	server.Publish(t, "damaged", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy")
	server.Publish(t, "quiet", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy")
	// A second at 25 frames a second, then two and a half at 10.
	uneven := encodeNumbers(t, "uneven.mp4", side, "-vf",
		"settb=1/1000,setpts='(floor(N/50)*3.5+if(lt(mod(N,50),25),mod(N,50)*0.04,1+(mod(N,50)-25)*0.1))/TB'", "-fps_mode", "vfr", "-enc_time_base", "1:1000")
	server.Publish(t, "uneven", "-re", "-stream_loop", "-1", "-i", uneven, "-c", "copy")
	server.Publish(t, "resized", "-re", "-f", "h264", "-framerate", "25", "-i", sizesClip(t), "-c", "copy")
	broken, mend := server.Doorway(t, "plain", "SETUP")

	o := &oddities{
		auditor: &auditor{
			ledger: &ledger{numbers: map[string]uint32{}}, before: map[string]uint32{},
			flips: map[string]map[string]bool{}, pairs: map[string]int{},
		},
		steps: map[string]map[time.Duration]int{}, last: map[string]time.Duration{}, breaks: map[string]int{},
	}
	for _, camera := range []string{"damaged", "uneven", "resized", "quiet", "broken"} {
		o.flips[camera], o.steps[camera] = map[string]bool{}, map[time.Duration]int{}
	}
	c := &chronicle{}
	r := startWatch(t, fmt.Sprintf(`
defaults: {open_timeout: 20s, read_timeout: 20s, stall_after: 20s, queue_size: 100, cuts: "off"}
cameras:
  - {name: damaged, url: %q}
  - {name: uneven, url: %q}
  - {name: resized, url: %q}
  - {name: quiet, url: %q, stall_after: 1s, read_timeout: 1m}
  - {name: broken, url: %q}
`, server.URL("damaged"), server.URL("uneven"), server.URL("resized"), server.URL("quiet"), broken), o.script, withDecoder(t), c.listen, func(w *app.WatchOptions) {
		w.Listeners[0].(*tape).onSeen = o.note
	})

	r.eventually("the handshake fails, again and again", func() bool { return r.states("broken", "backoff") >= 2 })
	m := r.scrape()
	if n := m["flipmeter_source_reconnects_total camera=broken reason=open"]; n < 2 {
		t.Errorf("%v attempts are counted", n)
	}
	if got, want := c.of("broken"), []string{"connecting", "backoff open " + broken + ": OpenCV could not open it: the server answers, but its stream can't be decoded"}; len(got) < 2 || !match(got[:2], want) {
		t.Errorf("the camera was %q, want %q", got, want)
	}
	mend()
	r.eventually("frames of all", func() bool {
		for camera := range o.flips {
			if r.tape.observations(camera) < 100 {
				return false
			}
		}
		return true
	})
	server.Mute("quiet", true)
	seen := r.tape.observations("damaged")
	server.Garble("damaged", true)
	r.eventually("damaged frames", func() bool {
		m := r.scrape()
		return r.tape.observations("damaged") > seen+20 || m["flipmeter_source_reconnects_total camera=damaged reason=lost"] > 0
	})
	server.Garble("damaged", false)
	r.eventually("the silence is seen", func() bool { return r.state("quiet") == "stalled" })
	again := r.tape.observations("quiet")
	server.Mute("quiet", false)
	r.eventually("it goes on", func() bool { return r.tape.observations("quiet") > again+30 })
	seen = r.tape.observations("damaged")
	r.eventually("it recovers", func() bool { return r.tape.observations("damaged") > seen+50 && r.state("damaged") == "up" })
	r.end()
	m = r.gather()

	r.reopen(func(url string) {
		c.check(t, r.publishedStates(url))
		o.account(r, r.published(url))
	})
	if got, want := c.of("uneven"), []string{"connecting", "up"}; !slices.Equal(got, want) {
		t.Errorf("uneven was %q", got)
	}
	if got, want := c.of("quiet"), []string{"connecting", "up", "stalled", "up"}; !slices.Equal(got, want) || sum(m, "flipmeter_source_reconnects_total camera=quiet") > 0 {
		t.Errorf("quiet was %q, want %q", got, want)
	}
	if n := m["flipmeter_pair_breaks_total camera=quiet reason=gap"]; n != float64(o.breaks["quiet gap"]) || n < 1 {
		t.Errorf("the metric says %v gaps of the quiet stream, told %d", n, o.breaks["quiet gap"])
	}
	if n := m["flipmeter_pair_breaks_total camera=damaged reason=gap"]; n < 1 || n != float64(o.breaks["damaged gap"]) {
		t.Errorf("the metric says %v gaps of the damaged stream, told %d", n, o.breaks["damaged gap"])
	}
	t.Logf("breaks %v, steps %v", o.breaks, o.steps)
	if m["flipmeter_source_reconnects_total camera=resized reason=size"] == 0 || o.breaks["resized reconnect"] == 0 {
		t.Errorf("no change of size is seen: %v", o.breaks)
	}
	for _, camera := range []string{"uneven", "broken"} {
		if o.breaks[camera+" gap"]+o.breaks[camera+" time"]+o.breaks[camera+" size"] > 0 {
			t.Errorf("%s: breaks %v", camera, o.breaks)
		}
	}
	if s := o.steps["uneven"]; s[40*time.Millisecond] < 10 || s[100*time.Millisecond] < 10 || len(s) > 4 {
		t.Errorf("uneven frames are apart %v", s)
	}
	if m["flipmeter_child_restarts_total camera=damaged reason=crash"] > 0 {
		t.Error("damage killed the decoding process")
	}
}

// sizesClip is a stream, some minutes long, that changes its size every six
// seconds; its numbers go on.
func sizesClip(t *testing.T) string {
	t.Helper()
	half := fmt.Sprint(numbered / 2)
	var parts [][]byte
	for _, p := range []string{
		encodeNumbers(t, "first.h264", side, "-vf", "trim=end_frame="+half),
		encodeNumbers(t, "second.h264", side+32, "-vf", "trim=start_frame="+half),
	} {
		content, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, content)
	}
	path := filepath.Join(t.TempDir(), "sizes.h264")
	if err := os.WriteFile(path, slices.Concat(slices.Repeat(parts, 20)...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWatchStartsSoon measures how long the first observation of a local file
// takes, with the real network. It is meant to be below two seconds, and is,
// many times over, where the machine has nothing else to do; the test allows
// for one that has.
func TestWatchStartsSoon(t *testing.T) {
	first := make(chan time.Duration, 1)
	start := time.Now()
	r := startWatch(t, fmt.Sprintf("defaults: {model: {name: %q, accelerator: cpu}}\ncameras:\n  - {name: film, url: %q}\n",
		asset(t, "models", "efficientnet-lite0.onnx"), asset(t, "footage", "bigbuckbunny.mp4")), nil, withDecoder(t), func(o *app.WatchOptions) {
		o.OpenModel, o.Home = nil, home(t)
		o.Listeners[0].(*tape).onSeen = func(*event.Event) {
			select {
			case first <- time.Since(start):
			default:
			}
		}
	})
	r.eventually("the first observation", func() bool { return r.tape.observations("film") > 0 })
	took := <-first
	t.Logf("the first observation came after %v", took.Round(time.Millisecond))
	if took > 20*time.Second {
		t.Errorf("the first observation took %v", took)
	}
}

// Clips that appear in a folder are decoded one after another, each in a
// process of its own; one that is broken costs an opening and nothing else.
func TestWatchFollowsAFolderOfClips(t *testing.T) {
	dir := t.TempDir()
	clip, err := os.ReadFile(numberClip(t))
	if err != nil {
		t.Fatal(err)
	}
	moveIn(t, dir, "1.mp4", clip)
	r := startWatch(t, fmt.Sprintf(`
defaults: {cuts: "off"}
cameras:
  - {name: drop, url: %q, at_end: wait, settled: 0s, stall_after: 0s}
`, dir), byNumber, withDecoder(t))
	r.eventually("the first", func() bool { return r.tape.observations("drop") == numbered })
	moveIn(t, dir, "2.mp4", clip[:len(clip)/3])
	moveIn(t, dir, "3.mp4", clip)
	r.eventually("the third", func() bool { return r.tape.observations("drop") == 2*numbered })
	r.end()
	values := r.gather()
	for what, want := range map[string]int{
		"flipmeter_pairs_total camera=drop": 2 * (numbered - 1), "flipmeter_flips_total camera=drop": 2 * flipsOfNumbers(numbered),
		"flipmeter_source_reconnects_total camera=drop": 1,
	} {
		if got := sum(values, what); got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	if left := childrenOf(t); len(left) > 0 {
		t.Errorf("processes left behind: %v", left)
	}
}
