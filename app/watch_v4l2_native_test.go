//go:build cgo && gocv_specific_modules && !race

package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer/infertest"
	"github.com/flipmeter/flipmeter/ingest/synth"
	"github.com/flipmeter/flipmeter/internal/v4l2test"
)

// numberedMode makes the pictures of a camera of this machine that carry their
// numbers.
func numberedMode(t *testing.T, fourCC string, width, height, fps int) v4l2test.Mode {
	t.Helper()
	src, err := synth.Open(t.Context(), synth.Config{
		Address: fmt.Sprintf("synth:number?frames=%d&fps=25&size=%dx%d", numbered, width, height), Pool: new(frame.Pool),
		Wants: []frame.Want{{Width: width, Height: height, Fit: frame.FitSquash, Filter: frame.FilterArea}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var rgb [][]byte
	var f frame.Frame
	defer f.Release()
	for src.Read(t.Context(), &f) == nil {
		rgb = append(rgb, append([]byte(nil), f.Pictures[0].Pix...))
	}
	return v4l2test.NewMode(t, fourCC, width, height, fps, rgb)
}

// TestWatchFollowsACameraOfThisMachine follows a camera that a driver in user
// space plays, while frames are lost and damaged, it falls silent, is unplugged
// and plugged in again, is used by another program, and comes back with
// pictures of another size. Published flips = told = metric = truth.
func TestWatchFollowsACameraOfThisMachine(t *testing.T) {
	cam := v4l2test.New(t, v4l2test.Condition{Device: 3, Modes: []v4l2test.Mode{
		numberedMode(t, "YUYV", 160, 160, 25), numberedMode(t, "MJPG", 128, 128, 20),
	}})
	truth := &auditor{
		ledger: &ledger{numbers: map[string]uint32{}}, before: map[string]uint32{},
		flips: map[string]map[string]bool{"desk": {}}, pairs: map[string]int{},
	}
	states := &chronicle{}
	r := startWatch(t, `
defaults: {read_timeout: 2s, stall_after: 500ms, open_timeout: 20s, cuts: "off"}
cameras:
  - {name: desk, url: /dev/video3, queue_size: 100, capture: {size: 160x160, fps: 25}}
`, infertest.Script(truth.script), withDecoder(t), func(o *app.WatchOptions) {
		o.DecodeEnv = append(o.DecodeEnv, cam.Env()...)
		o.Listeners[0].(*tape).onSeen = truth.check
		states.listen(o)
	})
	more := func(frames int) {
		t.Helper()
		seen := r.tape.observations("desk")
		r.eventually("more frames", func() bool { return r.tape.observations("desk") >= seen+frames })
	}
	become := func(state string, change func(*v4l2test.Condition)) {
		t.Helper()
		seen := len(states.of("desk"))
		cam.Change(t, change)
		r.eventually(state, func() bool {
			all := states.of("desk")
			for _, s := range all[min(seen, len(all)):] {
				if strings.HasPrefix(s, "backoff") && strings.Contains(s, state) {
					return true
				}
			}
			return false
		})
	}
	well := func(c *v4l2test.Condition) {
		c.State, c.Stall, c.Lose, c.Damage = v4l2test.OK, false, 0, 0
	}
	more(60)
	cam.Change(t, func(c *v4l2test.Condition) { c.Lose = 11 })
	more(40)
	cam.Change(t, func(c *v4l2test.Condition) { c.Lose, c.Damage = 0, 9 })
	more(40)
	cam.Change(t, well)

	stalls := r.states("desk", "stalled")
	become("no frame within 2s", func(c *v4l2test.Condition) { c.Stall = true })
	// OpenCV gives up by itself, before anybody has to end its process.
	first := slices.IndexFunc(states.of("desk"), func(s string) bool { return strings.HasPrefix(s, "backoff") })
	if s := states.of("desk")[first]; !strings.Contains(s, "no frame within 2s") {
		t.Errorf("after a silence: %q", s)
	}
	if r.states("desk", "stalled") == stalls {
		t.Errorf("it was never stalled: %q", states.of("desk"))
	}
	cam.Change(t, well)
	more(20)

	become("/dev/video3 is gone: unplugged, or without power", func(c *v4l2test.Condition) { c.State = v4l2test.Gone })
	become("/dev/video3 is used by another program", func(c *v4l2test.Condition) { c.State = v4l2test.Taken })
	become("this user may not open /dev/video3: add it to the group video", func(c *v4l2test.Condition) { c.State = v4l2test.Denied })
	// What comes back has its own sizes only.
	cam.Change(t, func(c *v4l2test.Condition) {
		well(c)
		c.Modes = c.Modes[1:]
	})
	more(60)

	r.end()
	truth.account(r, r.stored())
	metrics := r.gather()
	for _, reason := range []string{"timeout", "lost", "open"} {
		if metrics["flipmeter_source_reconnects_total camera=desk reason="+reason] == 0 {
			t.Errorf("no reconnect by %s", reason)
		}
	}
	r.tape.get(func(p *tape) {
		if p.drops["desk overload"] < 2 || p.drops["desk decode"] < 2 {
			t.Errorf("drops %v", p.drops)
		}
	})
	log := r.log.String()
	for _, want := range []string{"width=160 height=160 fps=25", "width=128 height=128 fps=20", "the camera gives something else than it was asked for"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
}
