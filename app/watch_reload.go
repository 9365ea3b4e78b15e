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
	alive, stop := w.watchdog()
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
		case <-alive:
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
		w.log.Error("the changed configuration is refused, the old one stays in force", "error", oneLine{err})
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
	fresh := map[string]*sharedModel{}
	changed := map[string]bool{}
	for _, cam := range cameras {
		if r := w.cameras[cam.Name]; r != nil && reflect.DeepEqual(r.cam, cam) && r.has(widths) {
			continue
		}
		changed[cam.Name] = true
		model, err := w.modelFor(ctx, &cam)
		if err != nil {
			err = fmt.Errorf("camera %s: %w", cam.Name, err)
			for _, m := range fresh {
				err = errors.Join(err, w.models.release(m))
			}
			return err
		}
		if model != nil {
			fresh[cam.Name] = model
		}
	}
	settled()
	paused := map[string]bool{}
	for name, r := range w.cameras {
		listed := slices.ContainsFunc(cameras, func(c configs.Camera) bool { return c.Name == name })
		if listed && !changed[name] {
			continue
		}
		r.stop()
		<-r.done
		paused[name] = r.paused
		if !listed { // else its counters go on
			w.forget(name)
		}
	}
	subjects := subjectsOf(w.cfg.Watch.NATS.Site, cameras)
	w.subjects.Store(&subjects)
	for _, cam := range cameras {
		if !changed[cam.Name] {
			continue
		}
		w.begin(ctx, cam, fresh[cam.Name], paused[cam.Name])
		if paused[cam.Name] {
			w.hold(w.cameras[cam.Name])
		}
	}
	return nil
}

// modelFor opens a camera's model, or shares it; nil is none, where somebody
// else classifies.
func (w *watching) modelFor(ctx context.Context, cam *configs.Camera) (*sharedModel, error) {
	if _, _, elsewhere := cam.InMessages(); elsewhere {
		return nil, nil //nolint:nilnil // none is needed
	}
	return w.models.acquire(ctx, cam.Settings.Model)
}

// begin follows a camera. The model is released when that ends; nil is none,
// where the labels come from elsewhere. A paused one ends before it begins.
func (w *watching) begin(ctx context.Context, cam configs.Camera, model *sharedModel, paused bool) {
	// Cameras end one by one, before what they report to: not with ctx.
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	if paused {
		stop()
	}
	r := &running{cam: cam, widths: w.operate.widths(), stop: stop, done: make(chan struct{})}
	if model != nil {
		r.attend = w.newFollower(cam, model)
	} else {
		r.attend = w.newHeard(cam)
	}
	w.cameras[cam.Name] = r
	w.wg.Go(func() {
		defer close(r.done)
		r.attend.follow(following)
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
