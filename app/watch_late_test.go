package app_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/infertest"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/synth"
)

// deaf is a source that stops heeding its context after a few frames, until
// it is let go of.
type deaf struct {
	ingest.Source
	left int
	free <-chan struct{}
}

func (d *deaf) Read(ctx context.Context, into *frame.Frame) error {
	if d.left--; d.left < 0 {
		<-d.free
	}
	return d.Source.Read(ctx, into)
}

// deafness makes the source of every camera whose address begins with deaf
// such a one.
type deafness struct {
	mu     sync.Mutex
	free   map[string]chan struct{} // by address
	opened atomic.Int64
}

// let lets go of those that there are of an address.
func (d *deafness) let(address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.free[address])
	delete(d.free, address)
}

func (d *deafness) open(ctx context.Context, cam configs.Camera, wants []frame.Want, pool *frame.Pool) (ingest.Source, error) {
	src, err := synth.Open(ctx, synth.Config{Address: "synth:number?frames=100000&fps=50&size=96x96", Wants: wants, Pool: pool})
	if err != nil || !strings.HasPrefix(cam.URL, "deaf") {
		return src, err
	}
	d.opened.Add(1)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.free[cam.URL] == nil {
		d.free[cam.URL] = make(chan struct{})
	}
	return &deaf{Source: src, left: 5, free: d.free[cam.URL]}, nil
}

// A camera whose source doesn't let go of it delays nobody for longer than
// watch.shutdown: not those who pause it or take it out, not a reload of
// others, not the end. What follows it begins when it has ended.
func TestWatchWaitsForNoCamera(t *testing.T) {
	d := &deafness{free: map[string]chan struct{}{}}
	r := startWatch(t, `
defaults: {cuts: "off", queue: block}
cameras:
  - {name: stuck, url: "deaf:1", queue_size: 3}
  - {name: gone, url: "deaf:2"}
  - {name: other, url: "shop:3", queue_size: 7}
`, byNumber, func(o *app.WatchOptions) {
		o.OpenSource = d.open
		o.Environ = append(o.Environ, "FLIPMETER_WATCH_SHUTDOWN=1s")
	})
	r.eventually("frames", func() bool {
		return r.tape.observations("stuck") == 5 && r.tape.observations("gone") == 5 && r.tape.observations("other") > 5
	})
	const said = "the camera does not end"
	r.mustAnswer(http.StatusServiceUnavailable, "POST", "/stuck/pause", "")
	if text := r.log.String(); !strings.Contains(text, said) || !strings.Contains(text, "camera=stuck") {
		t.Errorf("no line says which camera does not end:\n%s", text)
	}
	r.mustAnswer(http.StatusServiceUnavailable, "POST", "/stuck/pause", "")
	d.let("deaf:1")
	r.eventually("it is paused", func() bool { return r.states("stuck", "paused") == 1 })
	r.mustAnswer(http.StatusConflict, "POST", "/stuck/pause", "")
	r.mustAnswer(http.StatusNoContent, "POST", "/stuck/resume", "")
	r.eventually("frames after the pause", func() bool { return r.tape.observations("stuck") >= 10 })

	// One is changed and one taken out: the reload is not held up, and the
	// third one is not touched.
	before := r.tape.observations("other")
	r.rewrite(`queue_size: 3`, `queue_size: 4`)
	r.rewrite(`  - {name: gone, url: "deaf:2"}`, ``)
	r.eventually("the other camera goes on", func() bool { return r.tape.observations("other") > before+10 })
	if n := r.states("other", "connecting"); n != 1 {
		t.Errorf("the other camera was opened %d times", n)
	}
	opened := d.opened.Load()
	r.mustAnswer(http.StatusServiceUnavailable, "POST", "/gone/pause", "") // it is leaving
	d.let("deaf:1")
	d.let("deaf:2")
	r.eventually("the changed camera begins", func() bool { return d.opened.Load() == opened+1 })
	r.eventually("the other is forgotten", func() bool { return r.status("POST", "/gone/pause", "") == http.StatusNotFound })

	r.eventually("it is stuck again", func() bool { return r.tape.observations("stuck") >= 15 })
	defer d.let("deaf:1")
	r.stop()
	r.ended = true
	select {
	case err := <-r.done:
		if err == nil || !strings.Contains(err.Error(), "cameras did not end within 1s (watch.shutdown): stuck") {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(watchPatience):
		t.Fatalf("it did not end\n%s", r.log)
	}
}

// models opens scripted classifiers; those called slow only when let go of.
type slowModels struct {
	free   chan struct{}
	closed atomic.Int64
}

type countingClose struct {
	infer.Classifier
	closed *atomic.Int64
}

func (c countingClose) Close() error {
	c.closed.Add(1)
	return c.Classifier.Close()
}

func (s *slowModels) open(_ context.Context, m configs.Model) (infer.Classifier, error) {
	switch m.Name {
	case "slow":
		<-s.free
	case "broken":
		return nil, errors.New("no such model")
	}
	return countingClose{infertest.New(infertest.Config{Sessions: 2, Width: 96, Height: 96, Script: byNumber}), &s.closed}, nil
}

const slowModel = "cameras:\n  - {name: made, url: \"synth:number?frames=100000&fps=50&size=96x96\", queue_size: 3}\n"

// While a model loads, the service manager hears that the process lives, the
// metrics are there, and the camera goes on with the model that it has.
func TestWatchLivesWhileAModelLoads(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var alive atomic.Int64
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		buf := make([]byte, 1000)
		for {
			n, err := l.Read(buf)
			if err != nil {
				return
			}
			if string(buf[:n]) == "WATCHDOG=1" {
				alive.Add(1)
			}
		}
	}()
	defer func() { l.Close(); <-heard }()
	s := &slowModels{free: make(chan struct{})}
	r := startWatch(t, slowModel, nil, func(o *app.WatchOptions) {
		o.OpenModel = s.open
		o.Environ = append(o.Environ, "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=100000")
	})
	changed := make(chan struct{})
	go func() {
		defer close(changed)
		r.rewrite("queue_size: 3", "model: {name: slow}")
	}()
	seen, told := r.tape.observations("made"), alive.Load()
	r.eventually("it lives meanwhile", func() bool {
		return alive.Load() > told+20 && r.tape.observations("made") > seen+50
	})
	if m := r.scrape(); m["flipmeter_frames_total camera=made outcome=observed"] == 0 {
		t.Error("no metrics while a model loads")
	}
	if n := r.states("made", "connecting"); n != 1 {
		t.Errorf("the camera was opened %d times", n)
	}
	close(s.free)
	<-changed
	r.eventually("it is opened with the new model", func() bool { return r.states("made", "connecting") == 2 })
	r.end()
	if n := s.closed.Load(); n != 2 {
		t.Errorf("%d models were closed, want 2", n)
	}
}

// A model that does not open in time, or not at all, leaves things as they
// are, and is closed if it opens later.
func TestWatchGivesUpOnAModel(t *testing.T) {
	s := &slowModels{free: make(chan struct{})}
	r := startWatch(t, slowModel, nil, func(o *app.WatchOptions) {
		o.OpenModel, o.ModelTimeout = s.open, 500*time.Millisecond
	})
	refused := func(old, new, why string) {
		t.Helper()
		before := r.scrape()["flipmeter_config_reloads_total result=refused"]
		r.change(old, new)
		r.eventually("it is refused", func() bool { return r.scrape()["flipmeter_config_reloads_total result=refused"] == before+1 })
		if text := r.log.String(); !strings.Contains(text, why) {
			t.Errorf("nothing says %q:\n%s", why, text)
		}
	}
	refused("queue_size: 3", "model: {name: slow}", "camera made: open its model: it took longer than 500ms")
	refused("slow", "broken", "camera made: no such model")
	seen := r.tape.observations("made")
	r.eventually("it goes on", func() bool { return r.tape.observations("made") > seen+20 })
	if n := s.closed.Load(); n != 0 {
		t.Errorf("%d models were closed", n)
	}
	close(s.free)
	r.eventually("the late one is closed", func() bool { return s.closed.Load() == 1 })
	r.end()
	if n := s.closed.Load(); n != 2 {
		t.Errorf("%d models were closed, want 2", n)
	}
}
