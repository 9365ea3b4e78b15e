package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/internal/sdnotify"
)

// wait lets the cameras run, and applies changes of the configuration, until
// ctx is done or something that all need has failed.
func (w *watching) wait(ctx context.Context, failed <-chan error) error {
	var tick <-chan time.Time
	if every := w.cfg.Watch.Reload; every > 0 {
		t := time.NewTicker(every)
		defer t.Stop()
		tick = t.C
	}
	var stop func()
	w.alive, stop = w.watchdog()
	defer stop()
	defer close(w.ended)
	known := w.fileSum()
	for {
		select {
		case c := <-w.changes:
			c.done <- c.make(ctx)
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case <-w.alive:
			w.tellManager(ctx, sdnotify.Alive)
		case <-tick:
			if sum := w.fileSum(); !bytes.Equal(sum, known) {
				known = sum
				w.reload(ctx)
			}
		case <-w.o.Reload:
			known = w.fileSum()
			w.reload(ctx)
		}
	}
}

// fileSum is the content of the configuration file, in short.
func (w *watching) fileSum() []byte {
	text, err := os.ReadFile(w.o.Config)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// reload applies the file as it is now. A file that is wrong is refused, and
// everything stays as it was.
func (w *watching) reload(ctx context.Context) {
	cfg, err := loadWatchConfig(w.o)
	if err == nil {
		err = w.change(ctx, cfg)
	}
	w.metrics.Reloaded(err == nil)
	if err != nil {
		w.log.Error("the changed configuration is refused, the old one stays in force", "error", oneLine{ofConfig(err)})
		return
	}
	if !reflect.DeepEqual(cfg.Watch, *w.operate.cfg) {
		w.log.Warn("changes of the section watch need a restart, but for alerts and who gets in")
	}
	w.log.Info("the changed configuration is in force", "cameras", len(w.cameras))
}

// change takes a configuration into force, or nothing of it.
func (w *watching) change(ctx context.Context, cfg *configs.Config) error {
	inForce := *cfg
	inForce.Watch = withTerms(w.operate.cfg, &cfg.Watch)
	renewed, err := w.operate.renewal(&inForce.Watch, w.log)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	added := w.stillAdded(cfg.Cameras)
	if err := w.apply(ctx, append(slices.Clone(cfg.Cameras), added...), renewed.widths, func() {
		w.operate.renew(&inForce.Watch, renewed, w.log)
	}); err != nil {
		return err
	}
	w.added, w.defaults = added, defaultsOf(cfg)
	w.tellConfiguration(&inForce)
	return nil
}

// apply makes the cameras that are followed those of the list, with windows
// of all widths. Cameras that did not change, and have them, are not touched.
// settled is called when nothing can fail any more, before anything has
// changed; nothing is changed after an error.
func (w *watching) apply(ctx context.Context, cameras []configs.Camera, widths []time.Duration, settled func()) error {
	changed := map[string]*means{}
	for _, cam := range cameras {
		if r := w.cameras[cam.Name]; r != nil && !r.leaving && reflect.DeepEqual(r.cam, cam) && r.has(widths) {
			continue
		}
		ready, err := w.prepare(ctx, &cam)
		if err != nil {
			err = fmt.Errorf("camera %s: %w", cam.Name, err)
			for _, p := range changed {
				err = errors.Join(err, w.discard(p))
			}
			return err
		}
		changed[cam.Name] = ready
	}
	settled()
	w.takeOut(ctx, func(name string) (out, gone bool) {
		listed := slices.ContainsFunc(cameras, func(c configs.Camera) bool { return c.Name == name })
		return !listed || changed[name] != nil, !listed
	})
	w.hear(cameras)
	for _, cam := range cameras {
		if ready := changed[cam.Name]; ready != nil {
			before := w.cameras[cam.Name]
			w.begin(ctx, cam, ready, before != nil && before.paused.Load())
		}
	}
	return nil
}

// takeOut ends the cameras that are to be out. Those that are gone for good
// are forgotten; the counters of the others go on.
func (w *watching) takeOut(ctx context.Context, which func(name string) (out, gone bool)) {
	var list []*running
	for name, r := range w.cameras {
		if out, _ := which(name); out {
			list = append(list, r)
		}
	}
	late := w.halt(ctx, list...)
	for _, r := range list {
		switch _, gone := which(r.cam.Name); {
		case !gone:
		case slices.Contains(late, r):
			w.forgetLater(r)
		default:
			w.forget(r.cam.Name)
		}
	}
}

// begin follows a camera. Its model is released when that ends. A paused one
// ends before it begins.
func (w *watching) begin(ctx context.Context, cam configs.Camera, ready *means, paused bool) {
	// Cameras end one by one, before what they report to: not with ctx.
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &running{cam: cam, widths: w.operate.widths(), stop: stop, done: make(chan struct{})}
	if paused {
		stop()
		r.paused.Store(true)
	}
	if ready.model != nil {
		r.attend = w.newFollower(cam, ready)
	} else {
		r.attend = w.newHeard(cam, ready)
	}
	before := w.cameras[cam.Name]
	w.cameras[cam.Name] = r
	w.wg.Go(func() {
		defer close(r.done)
		if before != nil { // two of one name would mix what they tell
			<-before.done
		}
		r.attend.follow(following)
		if r.paused.Load() {
			r.attend.pause(w.o.Now())
		}
	})
}

// has says whether the camera has windows of all widths.
func (r *running) has(widths []time.Duration) bool {
	return !slices.ContainsFunc(widths, func(w time.Duration) bool {
		return !slices.Contains(r.widths, w) && !slices.Contains(r.cam.Settings.Measures.Windows, w)
	})
}

// tellConfiguration has the API show a configuration as the one in force.
func (w *watching) tellConfiguration(cfg *configs.Config) {
	text := configurationText(cfg)
	w.inForce.Store(&text)
}
