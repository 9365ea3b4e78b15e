package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/internal/sdnotify"
	"github.com/flipmeter/flipmeter/web/api"
)

// await waits for something in the place of the waiting loop, which does
// nothing else meanwhile but tell the service manager that the process lives.
// What is late goes on: it is not waited for any longer.
func (w *watching) await(ctx context.Context, done <-chan struct{}, atMost time.Duration) error {
	t := time.NewTimer(atMost)
	defer t.Stop()
	for {
		select {
		case <-done:
			return nil
		case <-w.alive:
			w.tellManager(ctx, sdnotify.Alive)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.C:
			if closed(done) { // both were so
				return nil
			}
			return fmt.Errorf("it took longer than %v", atMost)
		}
	}
}

// wait waits for a while, or until ctx is done, whose cause it returns then.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// over says that nothing follows the camera any more.
func (r *running) over() bool { return closed(r.done) }

// halt ends cameras, all at once, and returns those that have not ended
// within watch.shutdown. They are left to themselves: each ends as soon as
// what it waits for lets go of it, and none of its name begins before.
func (w *watching) halt(ctx context.Context, list ...*running) (late []*running) {
	for _, r := range list {
		r.stop()
	}
	deadline := time.Now().Add(w.cfg.Watch.Shutdown)
	for _, r := range list {
		if err := w.await(ctx, r.done, time.Until(deadline)); err != nil {
			w.log.Error("the camera does not end, and is left to itself until it does", "camera", r.cam.Name, "waited", w.cfg.Watch.Shutdown)
			late = append(late, r)
		}
	}
	return late
}

// lateEnd is what is said of a camera that halt returned.
func (w *watching) lateEnd() error {
	return fmt.Errorf("%w: the camera has not ended within %v (watch.shutdown); it will as soon as its source lets go of it", api.ErrUnavailable, w.cfg.Watch.Shutdown)
}

// forgetLater has a camera forgotten when it has ended.
func (w *watching) forgetLater(r *running) {
	r.leaving = true
	w.wg.Go(func() {
		<-r.done
		forget := change{done: make(chan error, 1), make: func(context.Context) error {
			if w.cameras[r.cam.Name] == r { // and not one that came after it
				w.forget(r.cam.Name)
			}
			return nil
		}}
		select {
		case w.changes <- forget:
		case <-w.ended:
		}
	})
}

// part is something that runs as long as the cameras do.
type part struct {
	name   string
	cancel func()
	done   chan struct{}
}

// run waits for the end, and takes everything down in order: cameras, then
// what is still to be sent, then the web server. Cameras have watch.shutdown
// for it, and all the rest as long again and a little for closing.
func (w *watching) run(ctx context.Context) error {
	const most = 4 // parts
	failed := make(chan error, most)
	var parts []part
	spawn := func(name string, run func(context.Context) error) {
		running, cancel := context.WithCancel(context.WithoutCancel(ctx))
		p := part{name, cancel, make(chan struct{})}
		go func() {
			defer close(p.done)
			if err := run(running); err != nil {
				failed <- err
			}
		}()
		parts = append(parts, p)
	}
	if w.web != nil {
		spawn("the web server", w.web.Run)
	}
	if w.publisher != nil {
		spawn("the publisher", w.publisher.Run)
		spawn("the count of unknown cameras", w.countUnknown)
	}
	spawn("alerts and history", w.operate.run)
	w.board.setReason("")
	w.tellReady(ctx)
	err := w.wait(ctx, failed)
	w.board.setReason("stopping")
	w.tellManager(context.WithoutCancel(ctx), sdnotify.Stopping)
	err = errors.Join(err, w.endCameras(), w.endParts(parts))
	select {
	case late := <-failed:
		err = errors.Join(err, late)
	default:
	}
	return err
}

// endParts ends the parts, the last one first. What they have to send they
// bound by watch.shutdown themselves; to close takes a little longer.
func (w *watching) endParts(parts []part) error {
	atMost := w.cfg.Watch.Shutdown + closeTimeout
	late := time.NewTimer(atMost)
	defer late.Stop()
	for _, p := range slices.Backward(parts) {
		if p.name == "the web server" {
			w.operate.hub.Close() // pages that listen would keep it from ending
		}
		p.cancel()
		select {
		case <-p.done:
		case <-late.C:
			return fmt.Errorf("%s did not end within %v", p.name, atMost)
		}
	}
	return nil
}

// endCameras ends all cameras, at most as long as an orderly end may take.
func (w *watching) endCameras() error {
	for _, r := range w.cameras {
		r.stop()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.wg.Wait()
	}()
	t := time.NewTimer(w.cfg.Watch.Shutdown)
	defer t.Stop()
	select {
	case <-done:
		return nil
	case <-t.C:
	}
	var names []string
	for name, r := range w.cameras {
		if !r.over() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return fmt.Errorf("cameras did not end within %v (watch.shutdown): %s", w.cfg.Watch.Shutdown, strings.Join(names, ", "))
}
