//go:build cgo && gocv_specific_modules && !race

package app_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/infer/infertest"
	"github.com/flipmeter/flipmeter/internal/rtsptest"
)

// keyEvery is how many frames of the clip lie between two keyframes.
const keyEvery = 5

// selection is what cameras that don't look at every frame were told.
type selection struct {
	*auditor
	opened map[string]int // how often
	rates  map[string]map[int]uint32
	steps  map[string]map[time.Duration]int // by camera: how far apart the frames of pairs were, but for the first
	last   map[string]time.Duration
	frames map[string]int // since it was opened, as are breaks and pairs
	breaks map[string][]string
	other  []string // what was not to be seen
}

// apart is how far apart the frames of a camera are.
func (s *selection) apart(camera string) time.Duration {
	return time.Duration(s.step[camera]) * time.Second / 25
}

// Notify implements event.Listener.
func (s *selection) Notify(ev *event.Event) {
	if ev.State != nil && ev.State.State == "connecting" {
		s.begin(ev.Camera)
	}
	if ev.Observation != nil {
		s.check(ev)
		s.look(ev)
	}
}

func (s *selection) begin(camera string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened[camera]++
	s.step[camera] = s.rates[camera][s.opened[camera]]
	s.frames[camera], s.pairs[camera], s.breaks[camera], s.steps[camera] = 0, 0, nil, map[time.Duration]int{}
}

func (s *selection) look(ev *event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	camera, o := ev.Camera, ev.Observation
	s.frames[camera]++
	if ev.Break != 0 {
		s.breaks[camera] = append(s.breaks[camera], ev.Break.String())
	}
	apart, whole := (o.PTS - s.last[camera]).Round(10*time.Millisecond), s.apart(camera)
	s.last[camera] = o.PTS
	switch {
	case ev.Pair && s.pairs[camera] > 1:
		s.steps[camera][apart]++
	case ev.Pair && s.step[camera] > 1 && apart != whole && apart != whole-time.Second/25:
		// FFmpeg gives the first frame after a connection the time of the
		// second one now and then: that much the first pair may be short.
		s.other = append(s.other, fmt.Sprintf("%s: the first pair is %v apart", camera, apart))
	}
	if n := s.numbers[ledgerKey(camera, o.Epoch, o.Seq)]; s.step[camera] > 1 && n%keyEvery != 0 {
		s.other = append(s.other, fmt.Sprintf("%s: %d", camera, n))
	}
}

// TestWatchLooksAtKeyframesOnly follows a stream whose frames carry their
// number by its keyframes alone: no other is seen, each makes a pair with the
// keyframe before it, and flips are the changes between them. Stride chooses
// among them. A camera that is switched over while it runs goes on with
// keyframes, under another identity, as it measures something else; the others
// don't notice.
func TestWatchLooksAtKeyframesOnly(t *testing.T) {
	server := rtsptest.Start(t)
	clip := encodeNumbers(t, "keys.mp4", side, "-g", fmt.Sprint(keyEvery))
	server.Publish(t, "cam", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy")
	s := &selection{
		auditor: &auditor{
			ledger: &ledger{numbers: map[string]uint32{}}, before: map[string]uint32{}, step: map[string]uint32{},
			flips: map[string]map[string]bool{}, pairs: map[string]int{},
		},
		opened: map[string]int{}, steps: map[string]map[time.Duration]int{}, last: map[string]time.Duration{},
		frames: map[string]int{}, breaks: map[string][]string{},
		rates: map[string]map[int]uint32{"keys": {1: keyEvery}, "second": {1: 2 * keyEvery}, "later": {1: 1, 2: keyEvery}},
	}
	for camera := range s.rates {
		s.flips[camera] = map[string]bool{}
	}
	c := &chronicle{}
	later := fmt.Sprintf("  - {name: later, url: %q, keyframes: ", server.URL("cam"))
	r := startWatch(t, fmt.Sprintf(`
defaults: {open_timeout: 20s, read_timeout: 20s, stall_after: 20s, queue_size: 100, cuts: "off"}
cameras:
  - {name: keys, url: %[1]q, keyframes: true}
  - {name: second, url: %[1]q, keyframes: true, stride: 2}
%sfalse}
`, server.URL("cam"), later), infertest.Script(s.script), withDecoder(t), c.listen, func(o *app.WatchOptions) {
		o.Listeners = append(o.Listeners, s)
	})
	more := func(frames int) {
		t.Helper()
		before := map[string]int{}
		for camera := range s.rates {
			before[camera] = r.tape.observations(camera)
		}
		r.eventually("more frames", func() bool {
			for camera, n := range before {
				if r.tape.observations(camera) < n+frames {
					return false
				}
			}
			return true
		})
	}
	more(15)
	pids := decoders(t)
	r.rewrite(later+"false", later+"true")
	more(15)
	if kept := keptOf(pids, decoders(t)); len(pids) != 3 || kept != 2 {
		t.Errorf("%d of %d processes were kept", kept, len(pids))
	}
	r.end()

	values, flips := r.gather(), r.stored()
	identities := map[string]bool{}
	for _, f := range flips["later"] {
		identities[f.Identity] = true
	}
	if len(identities) != 2 {
		t.Errorf("%d identities before and after the change", len(identities))
	}
	told := 0
	r.tape.get(func(p *tape) { told = p.flips["later"] })
	if len(flips["later"]) != told || told < 5 {
		t.Errorf("later: published %d flips, told %d", len(flips["later"]), told)
	}
	s.mu.Lock()
	for camera := range s.step {
		opened, lost := len(s.rates[camera]), sum(values, "flipmeter_source_reconnects_total camera="+camera)+sum(values, "flipmeter_pair_breaks_total camera="+camera)
		if s.opened[camera] != opened || lost > 0 || len(s.breaks[camera]) > 0 || s.pairs[camera] != s.frames[camera]-1 {
			t.Errorf("%s: opened %d times, %d reconnects and breaks, breaks %v, %d pairs of %d frames", camera, s.opened[camera], lost, s.breaks[camera], s.pairs[camera], s.frames[camera])
		}
		if apart := s.apart(camera); s.steps[camera][apart] != s.pairs[camera]-1 {
			t.Errorf("%s: neighbours are apart %v, want %v", camera, s.steps[camera], apart)
		}
		if got, want := c.of(camera), slices.Repeat([]string{"connecting", "up"}, opened); !slices.Equal(got, want) {
			t.Errorf("%s was %v, want %v", camera, got, want)
		}
	}
	if len(s.other) > 0 {
		t.Errorf("numbers between keyframes, or odd times: %v", s.other)
	}
	s.mu.Unlock()
	delete(s.flips, "later") // its metrics count anew
	s.account(r, flips)
}
