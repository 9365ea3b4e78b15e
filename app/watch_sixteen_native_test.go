//go:build cgo && gocv_specific_modules && !race

package app_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/infer/infertest"
	"github.com/flipmeter/flipmeter/internal/rtsptest"
)

// wall is what sixteen cameras before one stream were told, with the truth.
type wall struct {
	*auditor
	frames map[string]int
	epochs map[string]uint64         // the newest
	breaks map[string]map[string]int // by camera and reason
}

func wallName(i int) string { return fmt.Sprintf("c%02d", i) }

func newWall(n int) *wall {
	w := &wall{
		auditor: &auditor{
			ledger: &ledger{numbers: map[string]uint32{}}, before: map[string]uint32{},
			flips: map[string]map[string]bool{}, pairs: map[string]int{},
		},
		frames: map[string]int{}, epochs: map[string]uint64{}, breaks: map[string]map[string]int{},
	}
	for i := range n {
		w.flips[wallName(i)], w.breaks[wallName(i)] = map[string]bool{}, map[string]int{}
	}
	return w
}

func (w *wall) note(ev *event.Event) {
	w.check(ev)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frames[ev.Camera]++
	w.epochs[ev.Camera] = ev.Observation.Epoch
	if ev.Break != 0 {
		w.breaks[ev.Camera][ev.Break.String()]++
	}
}

// TestWatchFaultsStayWithTheirCamera has sixteen cameras, crashes the decoding
// process of one and stops that of another in its tracks. Both are told as
// what they are, in state, metric and event, and lose the pair over the break
// and nothing else. The other fourteen notice nothing: not one of their frames
// is missing. Then one is changed in the configuration and one taken out,
// which the others don't notice either.
func TestWatchFaultsStayWithTheirCamera(t *testing.T) {
	const n = 16
	server := rtsptest.Start(t)
	// Ten frames a second, so that sixteen cameras fit on two cores.
	clip := encodeNumbers(t, "ten.mp4", side, "-vf", "setpts=2.5*PTS", "-r", "10")
	server.Publish(t, "cam", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy")
	camera := func(i int, more string) string {
		return fmt.Sprintf("  - {name: %s, url: %q%s}\n", wallName(i), server.URL("cam"), more)
	}
	// A process that says nothing is given up after ten seconds: before the
	// source is, and after the camera counts as stalled.
	text := "defaults: {open_timeout: 20s, read_timeout: 20s, stall_after: 7s, queue_size: 100, cuts: \"off\"}\ncameras:\n"
	for i := range n {
		text += camera(i, "")
	}
	w, c := newWall(n), &chronicle{}
	r := startWatch(t, text, infertest.Script(w.script), withDecoder(t), c.listen, func(o *app.WatchOptions) {
		o.Listeners[0].(*tape).onSeen = w.note
	})
	more := func(frames int) {
		t.Helper()
		seen := map[string]int{}
		for i := range n {
			seen[wallName(i)] = r.tape.observations(wallName(i))
		}
		r.eventually("more frames of all", func() bool {
			for name, before := range seen {
				if r.tape.observations(name) < before+frames {
					return false
				}
			}
			return true
		})
	}
	more(10)
	pids := decoders(t)
	if len(pids) != n {
		t.Fatalf("%d decoding processes", len(pids))
	}
	hit := map[string]string{} // by reason
	for reason, pid := range map[string]int{"crash": pids[3], "hang": pids[12]} {
		signal := syscall.SIGSEGV
		if reason == "hang" {
			signal = syscall.SIGSTOP
		}
		if err := syscall.Kill(pid, signal); err != nil {
			t.Fatal(err)
		}
	}
	r.eventually("both are noticed", func() bool {
		clear(hit)
		for key, v := range r.scrape() {
			if rest, ok := strings.CutPrefix(key, "flipmeter_child_restarts_total camera="); ok && v > 0 {
				name, reason, _ := strings.Cut(rest, " reason=")
				hit[reason] = name
			}
		}
		return hit["crash"] != "" && hit["hang"] != ""
	})
	// Stopped long enough to be given up: what it was is gone.
	r.eventually("they are replaced", func() bool {
		now := childrenOf(t)
		return len(now) == n && !slices.Contains(now, pids[3]) && !slices.Contains(now, pids[12])
	})
	more(20)
	if kept := keptOf(pids, decoders(t)); kept != n-2 {
		t.Errorf("%d of the fourteen others have their process still", kept)
	}
	values := r.scrape()
	for i := range n {
		name := wallName(i)
		states, reason := []string{"connecting", "up"}, ""
		switch name {
		case hit["crash"]:
			reason = "crash"
			states = append(states, "backoff the decoding process died: exit status 2, SIGSEGV: segmentation violation…", "connecting", "up")
		case hit["hang"]:
			reason = "hang"
			states = append(states, "stalled", "backoff the decoding process said nothing for 10s…", "connecting", "up")
		}
		if got := c.of(name); !match(got, states) {
			t.Errorf("%s (%s) was %q, want %q", name, reason, got, states)
		}
		if got := r.state(name); got != "up" {
			t.Errorf("%s (%s) is %q", name, reason, got)
		}
		once := 0
		if reason != "" {
			once = 1
		}
		for _, what := range []string{"flipmeter_child_restarts_total", "flipmeter_source_reconnects_total"} {
			if all, own := sum(values, what+" camera="+name), int(values[what+" camera="+name+" reason="+reason]); all != once || own != once {
				t.Errorf("%s (%s): %s is %d, of that reason %d", name, reason, what, all, own)
			}
		}
		if all, own := sum(values, "flipmeter_pair_breaks_total camera="+name), int(values["flipmeter_pair_breaks_total camera="+name+" reason=reconnect"]); all != once || own != once {
			t.Errorf("%s (%s): %d pairs are missing, %d for the reconnect", name, reason, all, own)
		}
	}
	if hit["crash"] == hit["hang"] {
		t.Errorf("both happened to %s", hit["crash"])
	}
	w.mu.Lock()
	for i := range n {
		name, epoch := wallName(i), uint64(0)
		want := map[string]int{}
		if name == hit["crash"] || name == hit["hang"] {
			epoch, want["reconnect"] = 1, 1
		}
		if w.epochs[name] != epoch || !maps.Equal(w.breaks[name], want) || w.pairs[name] != w.frames[name]-1-len(want) {
			t.Errorf("%s: epoch %d, breaks %v, %d pairs of %d frames", name, w.epochs[name], w.breaks[name], w.pairs[name], w.frames[name])
		}
	}
	w.mu.Unlock()

	// A file that is wrong changes nothing.
	pids = decoders(t)
	r.write("cameras:\n  - {nome: a}\n")
	r.reload <- syscall.SIGHUP
	r.eventually("it is refused", func() bool { return r.scrape()["flipmeter_config_reloads_total result=refused"] == 1 })
	if after := decoders(t); !slices.Equal(pids, after) {
		t.Errorf("processes %v, before %v", after, pids)
	}
	const changed, gone = 5, 9
	right := strings.Replace(text, camera(changed, ""), camera(changed, ", queue_size: 101"), 1)
	right = strings.Replace(right, camera(gone, ""), "", 1)
	r.write(right)
	r.reload <- syscall.SIGHUP
	r.eventually("it is applied", func() bool { return r.scrape()["flipmeter_config_reloads_total result=applied"] == 1 })
	if r.state(wallName(gone)) != "" {
		t.Errorf("%s is still there", wallName(gone))
	}
	if kept := keptOf(pids, decoders(t)); kept != n-2 {
		t.Errorf("%d of the fourteen cameras that did not change kept their process", kept)
	}
	r.eventually("the changed one runs", func() bool { return r.states(wallName(changed), "up") >= 2 })
	r.end()
	if left := childrenOf(t); len(left) > 0 {
		t.Errorf("processes left behind: %v", left)
	}
	r.reopen(func(url string) {
		c.check(t, r.publishedStates(url))
		flips := r.published(url)
		for _, i := range []int{changed, gone} { // of one, the metrics are gone, the other counts anew
			name := wallName(i)
			told := 0
			r.tape.get(func(p *tape) { told = p.flips[name] })
			if len(flips[name]) != told || told < 5 {
				t.Errorf("%s: published %d flips, told %d", name, len(flips[name]), told)
			}
			delete(w.flips, name)
		}
		w.account(r, flips)
	})
}

// keptOf is how many of the processes that were are there still.
func keptOf(before, now []int) (kept int) {
	for _, pid := range before {
		if slices.Contains(now, pid) {
			kept++
		}
	}
	return kept
}
