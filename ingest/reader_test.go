package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/internal/clocktest"
)

// camera is a made-up source: each opening plays the next of its sessions.
type camera struct {
	sessions []session
	opened   int
	open     int // now
}

// session is one opening: it fails, or gives frames and then an error. With
// hang it says nothing instead.
type session struct {
	fail  error
	pts   []time.Duration // of the frames, each after its interval in real time
	every time.Duration
	same  bool // all frames show one picture
	lost  uint64
	slow  bool // what is lost is for want of time
	held  bool // each comes with the one after it
	timed bool // each comes when its PTS says, and not after the interval
	last  error
	hang  bool
}

func (c *camera) Open(context.Context) (Source, error) {
	i := min(c.opened, len(c.sessions)-1)
	c.opened++
	if err := c.sessions[i].fail; err != nil {
		return nil, err
	}
	c.open++
	return &cameraSource{c: c, session: c.sessions[i]}, nil
}

type cameraSource struct {
	c       *camera
	session session
	n       int
	closed  bool
}

func (s *cameraSource) Info() Info { return Info{Name: "camera", Live: true} }
func (s *cameraSource) Read(ctx context.Context, into *frame.Frame) error {
	if s.n == len(s.session.pts) {
		if s.session.hang {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		return s.session.last
	}
	wait := s.session.every
	if s.session.timed && s.n > 0 {
		wait = s.session.pts[s.n] - s.session.pts[s.n-1]
		if s.session.held {
			wait = s.session.pts[min(s.n+1, len(s.session.pts)-1)] - s.session.pts[s.n]
		}
	}
	if err := new(waiter).wait(ctx, wait); err != nil {
		return err
	}
	into.Seq, into.PTS = uint64(s.n), s.session.pts[s.n]
	if s.n > 0 {
		into.Repeat = s.session.same
	}
	if s.n > 1 {
		into.Seq += s.session.lost
	}
	if s.n == 2 && s.session.lost > 0 {
		into.Break = frame.BreakGap
		into.Behind = s.session.slow
	}
	s.n++
	return nil
}
func (s *cameraSource) Close() error {
	if !s.closed {
		s.closed = true
		s.c.open--
	}
	return nil
}

func every(d time.Duration, n int) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = time.Duration(i) * d
	}
	return out
}

// watched reads until the context ends or the reader does, and writes down
// what it saw: frames, states, losses, in the order in which they came.
type watched struct {
	frames []frame.Frame
	states []string
	lost   []string
	drops  int
	why    []DropReason
	err    error
}

func watch(t *testing.T, cfg ReaderConfig, c *camera, for_ time.Duration) *watched {
	t.Helper()
	w := &watched{}
	began := time.Now()
	cfg.Open = c.Open
	cfg.Random = func() float64 { return 0.5 }
	cfg.OnStatus = func(s Status) {
		w.states = append(w.states, fmt.Sprintf("%v %s", time.Since(began).Round(time.Millisecond), s.State))
	}
	cfg.OnLost = func(cause Cause, _ error) { w.lost = append(w.lost, string(cause)) }
	cfg.OnDrop = func(r DropReason, n int) { w.drops += n; w.why = append(w.why, r) }
	ctx, cancel := context.WithTimeout(t.Context(), for_)
	defer cancel()
	r := NewReader(cfg)
	for {
		var f frame.Frame
		if w.err = r.Read(ctx, &f); w.err != nil {
			break
		}
		w.frames = append(w.frames, f)
	}
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Error(err)
	}
	if c.open != 0 {
		t.Errorf("%d sources were left open", c.open)
	}
	for i := 1; i < len(w.frames); i++ {
		a, b := w.frames[i-1], w.frames[i]
		if b.PTS <= a.PTS || b.Epoch < a.Epoch || b.Epoch == a.Epoch && b.Seq <= a.Seq || b.Epoch > a.Epoch && b.Break == frame.BreakNone {
			t.Errorf("frame %d: %+v after %+v", i, b, a)
		}
	}
	return w
}

func (w *watched) want(t *testing.T, states, lost string) {
	t.Helper()
	if got := strings.Join(w.states, ", "); got != states {
		t.Errorf("states\n%s\nwant\n%s", got, states)
	}
	if got := strings.Join(w.lost, " "); got != lost {
		t.Errorf("losses %q, want %q", got, lost)
	}
}

const frame25 = 40 * time.Millisecond

func live() ReaderConfig {
	return ReaderConfig{Live: true, OpenTimeout: 10 * time.Second, StallAfter: 3 * time.Second,
		ReadTimeout: 10 * time.Second, FrozenAfter: 10 * time.Second}
}

func TestReaderReconnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &camera{sessions: []session{
			{pts: every(frame25, 25), every: frame25, last: errors.New("reset by peer")},
			{fail: errors.New("refused")},
			{pts: every(frame25, 25), every: frame25, hang: true},
		}}
		w := watch(t, live(), c, 10*time.Second)
		w.want(t, "0s connecting, 40ms up, 1s backoff, 2s connecting, 2s backoff, 3s connecting, 3.04s up, 7s stalled", "lost open")
		if len(w.frames) != 50 || w.frames[25].Epoch != 1 || w.frames[25].Break != frame.BreakReconnect || w.frames[25].Seq != 0 {
			t.Errorf("%d frames, the first of the second opening %+v", len(w.frames), w.frames[25])
		}
		// The gap is as long as it was in the world.
		if gap := w.frames[25].PTS - w.frames[24].PTS; gap != 2040*time.Millisecond {
			t.Errorf("the gap is %v long", gap)
		}
	})
}

func TestReaderGivesASilentSourceUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &camera{sessions: []session{{pts: every(frame25, 2), every: frame25, hang: true}}}
		w := watch(t, live(), c, 25*time.Second)
		w.want(t, "0s connecting, 40ms up, 3.08s stalled, 10.08s backoff, 11.08s connecting, 11.12s up, 14.16s stalled, "+
			"21.16s backoff, 22.16s connecting, 22.2s up", "timeout timeout")
	})
}

// A camera that is away for five minutes is asked ever more seldom, and is
// back at the latest a minute after it is.
func TestReaderWaitsLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sessions []session
		for range 24 {
			sessions = append(sessions, session{fail: errors.New("no route to host")})
		}
		c := &camera{sessions: append(sessions, session{pts: every(frame25, 100), every: frame25, hang: true})}
		w := watch(t, live(), c, 10*time.Minute)
		// 5×1 s + 5×5 s + 10×10 s + 4×60 s.
		up := slices.IndexFunc(w.states, func(s string) bool { return strings.HasSuffix(s, "up") })
		if up < 1 || w.states[up] != "6m10.04s up" {
			t.Errorf("states %q", w.states)
		}
		if len(w.frames) < 100 || w.frames[0].PTS != 0 || w.frames[0].Break != frame.BreakNone {
			t.Errorf("%d frames, the first %+v", len(w.frames), w.frames[0])
		}
	})
}

// A thousand attempts fail, over some sixteen hours; then the camera is back
// within a minute.
func TestReaderNeverTires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const refusals = 1000
		c := &camera{sessions: make([]session, refusals+1)}
		for i := range refusals {
			c.sessions[i].fail = errors.New("away")
		}
		c.sessions[refusals] = session{pts: every(40*time.Millisecond, 5), every: 40 * time.Millisecond, hang: true}
		start := time.Now()
		lost := 0
		cfg := live()
		cfg.Random = func() float64 { return 0.5 }
		cfg.Open = c.Open
		cfg.OnLost = func(Cause, error) { lost++ }
		r := NewReader(cfg)
		var f frame.Frame
		if err := r.Read(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
		want := 5*time.Second + 25*time.Second + 100*time.Second + (refusals-20)*time.Minute
		if took := time.Since(start).Round(time.Second); took != want || lost != refusals {
			t.Errorf("after %v, want %v; %d losses", took, want, lost)
		}
		f.Release()
		if err := r.Close(); err != nil || c.open != 0 {
			t.Errorf("%d left open: %v", c.open, err)
		}
	})
}

func TestReaderCountsAnewAfterAMinuteOfFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := errors.New("lost")
		short := session{pts: every(frame25, 10), every: frame25, last: lost}
		long := session{pts: every(frame25, 1600), every: frame25, last: lost} // 64 s
		c := &camera{sessions: []session{short, short, short, short, short, short, long, short}}
		w := watch(t, live(), c, 100*time.Second)
		var waits []string
		for i, s := range w.states {
			if strings.HasSuffix(s, "backoff") && i+1 < len(w.states) {
				from, _ := time.ParseDuration(strings.Fields(s)[0])
				to, _ := time.ParseDuration(strings.Fields(w.states[i+1])[0])
				waits = append(waits, (to - from).String())
			}
		}
		// The sixth loss waits 5 s; the one after a minute of frames 1 s.
		if got := strings.Join(waits, " "); !strings.HasPrefix(got, "1s 1s 1s 1s 1s 5s 1s 1s") {
			t.Errorf("waits %s", got)
		}
	})
}

func TestReaderSeesAFrozenPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &camera{sessions: []session{
			{pts: every(frame25, 500), every: frame25, same: true, last: errors.New("lost")},
			{pts: every(frame25, 50), every: frame25, hang: true},
		}}
		w := watch(t, live(), c, 23*time.Second)
		w.want(t, "0s connecting, 40ms up, 10.04s frozen, 20s backoff, 21s connecting, 21.04s up", "lost")
	})
}

// What a source leaves out because it is too slow is for want of time, and what
// it loses otherwise is its own loss.
func TestReaderTellsWhyFramesAreMissing(t *testing.T) {
	for slow, want := range map[bool]DropReason{false: DropDecode, true: DropOverload} {
		synctest.Test(t, func(t *testing.T) {
			c := &camera{sessions: []session{{pts: every(frame25, 50), every: frame25, lost: 3, slow: slow, hang: true}}}
			w := watch(t, live(), c, time.Second)
			if w.drops != 3 || len(w.why) != 1 || w.why[0] != want {
				t.Errorf("slow %v: %d drops, %v", slow, w.drops, w.why)
			}
		})
	}
}

func TestReaderTimeOfTheSourceJumps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pts := append(every(frame25, 50), every(frame25, 50)...)
		c := &camera{sessions: []session{{pts: pts, every: frame25, lost: 3, hang: true}}}
		w := watch(t, live(), c, 6*time.Second)
		var breaks []string
		for i, f := range w.frames {
			if f.Break != frame.BreakNone {
				breaks = append(breaks, fmt.Sprintf("%d %s", i, f.Break))
			}
			if i > 0 && f.PTS-w.frames[i-1].PTS != frame25 {
				t.Errorf("frame %d is %v after the one before", i, f.PTS-w.frames[i-1].PTS)
			}
		}
		if got := strings.Join(breaks, ", "); got != "2 gap, 50 time" || w.drops != 3 || w.frames[2].Seq != 5 {
			t.Errorf("breaks %s, %d drops, seq %d", got, w.drops, w.frames[2].Seq)
		}
	})
}

// The wall clock is put back by an hour, in the middle of a stream and while it
// is away: what people read says so, and no interval does.
func TestReaderIsNotMovedByTheWallClock(t *testing.T) {
	const each, n = 5 * time.Millisecond, 12
	c := &camera{sessions: []session{
		{pts: every(each, n), every: each, last: fmt.Errorf("gone: %w", ErrNotConnected)},
		{pts: every(each, n), every: each, last: fmt.Errorf("gone: %w", ErrPermanent)},
	}}
	var clock clocktest.Clock
	cfg, reads := live(), 0
	cfg.Now = func() time.Time {
		if reads++; reads == n/2 {
			clock.Step(-time.Hour)
		}
		return clock.Now()
	}
	cfg.Wait = func(ctx context.Context, d time.Duration) error {
		clock.Step(-time.Hour)
		return clock.Wait(ctx, d)
	}
	began := time.Now()
	w := watch(t, cfg, c, 20*time.Second)
	took := time.Since(began)
	if len(w.frames) != 2*n || w.frames[n].Break != frame.BreakReconnect {
		t.Fatalf("%d frames, %+v", len(w.frames), w.frames)
	}
	for i, f := range w.frames[1:] {
		gone := f.PTS - w.frames[i].PTS
		switch {
		case i+1 == n: // the wait, and what went by besides
			if gone < time.Second || gone > time.Second+took {
				t.Errorf("the reconnect took %v", gone)
			}
		case gone != each || f.Break != frame.BreakNone:
			t.Errorf("frame %d is %v after the one before, with break %s", i+1, gone, f.Break)
		}
	}
	wall := func(i int) time.Time { return w.frames[i].CapturedAt.Round(0) }
	for _, back := range []time.Duration{wall(0).Sub(wall(n - 1)), wall(n - 1).Sub(wall(n))} {
		if back > time.Hour || back < time.Hour-time.Second-took {
			t.Errorf("people are told of %v back", back)
		}
	}
}

// A camera that was stalled has a gap before what comes next, unless it is slow
// as a rule, or what stands for a camera is a file.
func TestReaderAfterASilence(t *testing.T) {
	const long = 5 * time.Second
	for _, c := range []struct {
		name       string
		pts        []time.Duration
		file, held bool
		want       string
	}{
		{"silent once", append(every(frame25, 10), 10*frame25+long, 11*frame25+long), false, false, "10 gap"},
		{"held back", append(every(frame25, 10), 10*frame25+long, 11*frame25+long), false, true, "10 gap"},
		{"shorter than stall_after", append(every(frame25, 10), 10*frame25+long/2, 11*frame25+long/2), false, false, ""},
		{"slow", every(long, 6), false, false, ""},
		{"a file", append(every(frame25, 10), 10*frame25+long, 11*frame25+long), true, false, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			cfg := live()
			cfg.Live = !c.file
			w := watch(t, cfg, &camera{sessions: []session{{pts: c.pts, timed: true, held: c.held, last: ErrEndOfStream, hang: !c.file}}}, time.Minute/2)
			var breaks []string
			for i, f := range w.frames[:len(c.pts)] {
				if f.Break != frame.BreakNone && f.Epoch == 0 {
					breaks = append(breaks, fmt.Sprintf("%d %s", i, f.Break))
				}
			}
			if got := strings.Join(breaks, ", "); got != c.want {
				t.Errorf("%s: breaks %q, want %q", c.name, got, c.want)
			}
		})
	}
}

func TestReaderEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &camera{sessions: []session{{pts: every(frame25, 5), last: ErrEndOfStream}}}
		w := watch(t, ReaderConfig{}, c, time.Minute)
		w.want(t, "0s connecting, 0s up, 0s ended", "")
		if !errors.Is(w.err, ErrEndOfStream) || len(w.frames) != 5 {
			t.Errorf("%d frames, %v", len(w.frames), w.err)
		}
		c = &camera{sessions: []session{{fail: fmt.Errorf("open: no such filter: %w", ErrPermanent)}}}
		w = watch(t, live(), c, time.Minute)
		w.want(t, "0s connecting, 0s failed", "")
		if !errors.Is(w.err, ErrPermanent) {
			t.Error(w.err)
		}
	})
}

func TestReaderLoopsAtTheFilesPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &camera{sessions: []session{{pts: every(frame25, 25), last: ErrEndOfStream}}}
		w := watch(t, ReaderConfig{Loop: true, Pace: true}, c, 3500*time.Millisecond)
		w.want(t, "0s connecting, 0s up", "loop loop loop")
		// Frames at 0, 40, … 3480 ms.
		if len(w.frames) != 88 || w.frames[50].PTS != 2*time.Second || w.frames[50].Epoch != 2 {
			t.Errorf("%d frames, the 50th %+v", len(w.frames), w.frames[50])
		}
		// An empty file is not opened as fast as it can be.
		c = &camera{sessions: []session{{last: ErrEndOfStream}}}
		watch(t, ReaderConfig{Loop: true}, c, time.Minute)
		if c.opened > 20 {
			t.Errorf("an empty file was opened %d times in a minute", c.opened)
		}
	})
}

func TestReaderSamples(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &camera{sessions: []session{{pts: every(frame25, 100), every: frame25, lost: 2, same: true, hang: true}}}
		cfg := live()
		cfg.FPS = 5
		w := watch(t, cfg, c, 5*time.Second)
		if len(w.frames) != 20 {
			t.Fatalf("%d frames, want 20", len(w.frames))
		}
		for i, f := range w.frames {
			want := frame.Frame{Seq: uint64(i), Repeat: i > 0}
			if i > 0 {
				want.Seq++ // at least one that was lost would have been chosen
			}
			if i == 1 {
				want.Break = frame.BreakGap
			}
			if f.Seq != want.Seq || f.Break != want.Break || f.Repeat != want.Repeat {
				t.Errorf("frame %d: seq %d break %q repeat %v, want %d %q %v", i, f.Seq, f.Break, f.Repeat, want.Seq, want.Break, want.Repeat)
			}
		}
	})
}
