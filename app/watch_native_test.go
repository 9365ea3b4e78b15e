//go:build cgo && gocv_specific_modules && !race

package app_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer/infertest"
	"github.com/flipmeter/flipmeter/ingest/synth"
	"github.com/flipmeter/flipmeter/internal/rtsptest"
)

const (
	numbered = 300 // frames of a clip of numbers
	side     = 160 // pixels
)

// These tests run real servers and decoding processes, which the race detector
// slows down past use; what runs in this process alone is in watch_test.go.

// numberClip encodes frames that carry their number.
func numberClip(t *testing.T) string {
	t.Helper()
	return encodeNumbers(t, "numbers.mp4", side)
}

// encodeNumbers does so with further arguments for ffmpeg, and for a picture
// of so many pixels a side.
func encodeNumbers(t *testing.T, name string, side int, args ...string) string {
	t.Helper()
	src, err := synth.Open(t.Context(), synth.Config{
		Address: fmt.Sprintf("synth:number?frames=%d&fps=25&size=%dx%d", numbered, side, side), Pool: new(frame.Pool),
		Wants: []frame.Want{{Width: side, Height: side, Fit: frame.FitSquash, Filter: frame.FilterArea}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var raw bytes.Buffer
	var f frame.Frame
	for src.Read(t.Context(), &f) == nil {
		raw.Write(f.Pictures[0].Pix)
	}
	path := filepath.Join(t.TempDir(), name)
	all := append([]string{"-hide_banner", "-loglevel", "error", "-y", "-f", "rawvideo",
		"-pix_fmt", "rgb24", "-s", fmt.Sprintf("%dx%d", side, side), "-r", "25", "-i", "-", "-c:v", "libx264",
		"-preset", "ultrafast", "-tune", "zerolatency", "-crf", "18", "-g", "10", "-pix_fmt", "yuv420p"}, args...)
	cmd := exec.CommandContext(t.Context(), "ffmpeg", append(all, path)...)
	cmd.Stdin = &raw
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v (apt-get install ffmpeg)\n%s", err, out)
	}
	return path
}

// withDecoder lets the test binary be its own decoding process.
func withDecoder(t *testing.T) func(*app.WatchOptions) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return func(o *app.WatchOptions) {
		o.DecodeCommand, o.DecodeEnv = []string{exe}, []string{decodeVariable + "=1"}
	}
}

// ledger knows the truth: which number each observed frame carried.
type ledger struct {
	mu      sync.Mutex
	numbers map[string]uint32 // by camera, epoch and seq
}

func ledgerKey(camera string, epoch, seq uint64) string {
	return camera + " " + strconv.FormatUint(epoch, 10) + " " + strconv.FormatUint(seq, 10)
}

// script answers by the number, and writes it down.
func (l *ledger) script(f *frame.Frame, p frame.Picture, probs []float32) error {
	if err := byNumber(f, p, probs); err != nil {
		return err
	}
	n, _ := readNumber(p)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.numbers[ledgerKey(f.Stream, f.Epoch, f.Seq)] = n
	return nil
}

// auditor compares what each event says with the truth.
type auditor struct {
	*ledger
	before map[string]uint32 // the number of each camera's last new picture
	step   map[string]uint32 // from one frame of a camera to the next; none is 1
	flips  map[string]map[string]bool
	pairs  map[string]int
	faults []string
}

func (a *auditor) check(ev *event.Event) {
	o := ev.Observation
	if o == nil || o.Label < 0 || ev.Repeat {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	n, ok := a.numbers[ledgerKey(ev.Camera, o.Epoch, o.Seq)]
	before, any := a.before[ev.Camera]
	a.before[ev.Camera] = n
	successor := any && n == (before+max(a.step[ev.Camera], 1))%numbered
	switch {
	case !ok:
		a.faults = append(a.faults, fmt.Sprintf("%s: frame %d/%d was never classified", ev.Camera, o.Epoch, o.Seq))
	case ev.Pair && !successor:
		a.faults = append(a.faults, fmt.Sprintf("%s: a pair of numbers %d and %d", ev.Camera, before, n))
	case ev.Pair && ev.Flip != (labelOf(before) != labelOf(n)):
		a.faults = append(a.faults, fmt.Sprintf("%s: numbers %d and %d: flip %v", ev.Camera, before, n, ev.Flip))
	case !ev.Pair && ev.Flip:
		a.faults = append(a.faults, fmt.Sprintf("%s: a flip without a pair at %d", ev.Camera, n))
	}
	if ev.Pair {
		a.pairs[ev.Camera]++
	}
	if ev.Flip {
		a.flips[ev.Camera][fmt.Sprintf("%d/%d", o.Epoch, o.Seq)] = true
	}
}

// account compares, after the end, what was told with what was stored, what
// the metrics say and what was classified.
func (a *auditor) account(r *watchRig, stored map[string]map[string]bus.Flip) {
	t := r.t
	t.Helper()
	metrics := r.gather()
	a.mu.Lock()
	defer a.mu.Unlock()
	for camera, told := range a.flips {
		got := map[string]bool{}
		for _, f := range stored[camera] {
			const openings = 1000 // the epochs of a run follow one another
			got[fmt.Sprintf("%d/%d", f.Epoch%openings, f.Seq)] = true
			if f.Kind == "pending" || !f.Final {
				t.Errorf("%s: flip %s stays %s, final %v", camera, f.ID, f.Kind, f.Final)
			}
		}
		if !maps.Equal(got, told) || len(stored[camera]) != len(told) {
			t.Errorf("%s: published %d flips (%d ids), told %d", camera, len(got), len(stored[camera]), len(told))
		}
		if counted := sum(metrics, "flipmeter_flips_total camera="+camera+" "); counted != len(told) {
			t.Errorf("%s: the metric says %v flips, told %d", camera, counted, len(told))
		}
		if pairs := metrics["flipmeter_pairs_total camera="+camera]; pairs != float64(a.pairs[camera]) {
			t.Errorf("%s: the metric says %v pairs, told %d", camera, pairs, a.pairs[camera])
		}
		if len(told) < 5 {
			t.Errorf("%s: only %d flips, the test shows nothing", camera, len(told))
		}
	}
	for _, fault := range a.faults {
		t.Error(fault)
	}
}

// TestWatchAccountsForEveryFlip follows a real RTSP server whose frames carry
// their numbers, while frames are dropped for want of time, the server is
// switched off and on, the decoding process is killed, and the stream falls
// silent. What is published, what is told, what the metric says and the truth
// are the same flips: none twice, none lost, none invented across a break.
func TestWatchAccountsForEveryFlip(t *testing.T) {
	clip := numberClip(t)
	server := rtsptest.Start(t)
	publish := func() { server.Publish(t, "cam", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy") }
	publish()
	truth := &auditor{
		ledger: &ledger{numbers: map[string]uint32{}}, before: map[string]uint32{},
		flips: map[string]map[string]bool{"slow": {}, "fast": {}}, pairs: map[string]int{},
	}
	// One camera has a classifier that can't keep up with 25 frames a second.
	script := infertest.Script(func(f *frame.Frame, p frame.Picture, probs []float32) error {
		if f.Stream == "slow" {
			time.Sleep(90 * time.Millisecond)
		}
		return truth.script(f, p, probs)
	})
	r := startWatch(t, fmt.Sprintf(`
defaults: {read_timeout: 2s, stall_after: 500ms, open_timeout: 20s, cuts: "off"}
cameras:
  - {name: fast, url: %q, queue_size: 100}
  - {name: slow, url: %q}
`, server.URL("cam"), server.URL("cam")), script, withDecoder(t), func(o *app.WatchOptions) {
		o.Listeners[0].(*tape).onSeen = truth.check
	})
	more := func(frames int) {
		t.Helper()
		fast, slow := r.tape.observations("fast"), r.tape.observations("slow")
		r.eventually("more frames", func() bool {
			return r.tape.observations("fast") >= fast+frames && r.tape.observations("slow") >= slow+frames/5
		})
	}
	more(60)

	seen := r.states("fast", "backoff")
	server.Stop()
	r.eventually("the loss is seen", func() bool { return r.states("fast", "backoff") > seen })
	server.Restart(t)
	publish()
	more(60)

	for _, pid := range decoders(t) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	r.eventually("the crash is counted", func() bool {
		return r.scrape()["flipmeter_child_restarts_total camera=fast reason=crash"] > 0
	})
	more(60)

	seen = r.states("fast", "backoff")
	server.Mute("cam", true)
	r.eventually("the silence is seen", func() bool { return r.states("fast", "backoff") > seen })
	server.Mute("cam", false)
	more(60)

	r.end()
	truth.account(r, r.stored())
	r.tape.get(func(p *tape) {
		if p.drops["slow overload"] == 0 {
			t.Error("the slow camera dropped nothing")
		}
		for _, state := range []string{"up", "stalled", "backoff"} {
			if !slices.Contains(p.states["fast"], state) {
				t.Errorf("fast was never %s: %v", state, p.states["fast"])
			}
		}
	})
}

// decoders are the decoding processes of this test.
func decoders(t *testing.T) []int {
	t.Helper()
	pids := childrenOf(t)
	if len(pids) == 0 {
		t.Fatal("no decoding process runs")
	}
	return pids
}

// childrenOf are the same, none included, in order.
func childrenOf(t *testing.T) (pids []int) {
	t.Helper()
	eachChild(t, func(dir, _ string) {
		if env, _ := os.ReadFile(filepath.Join(dir, "environ")); strings.Contains(string(env), decodeVariable) {
			pid, err := strconv.Atoi(filepath.Base(dir))
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	})
	slices.Sort(pids)
	return pids
}

// zombies is how many processes of this one have ended without its asking how.
func zombies(t *testing.T) (n int) {
	t.Helper()
	eachChild(t, func(_, state string) {
		if state == "Z" {
			n++
		}
	})
	return n
}

// eachChild gives the processes that this one has started, by their folders in
// /proc, with their states.
func eachChild(t *testing.T, do func(dir, state string)) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(os.Getpid()) {
			do(filepath.Dir(name), fields[0])
		}
	}
}
