package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/web/api"
)

// change is something that the waiting loop is asked to do with the cameras,
// which are its own.
type change struct {
	make func(context.Context) error
	done chan error // holds one
}

// controls lets the API change cameras. It implements api.Controls.
type controls struct{ w *watching }

var errEnding = fmt.Errorf("%w: flipmeter is ending", api.ErrUnavailable)

// ask has the waiting loop make a change, and waits for it.
func (c controls) ask(ctx context.Context, f func(context.Context) error) error {
	asked := change{make: f, done: make(chan error, 1)}
	select {
	case c.w.changes <- asked:
		select {
		case err := <-asked.done:
			return err
		case <-ctx.Done(): // it is made all the same
			return ctx.Err()
		}
	case <-c.w.ended:
		return errEnding
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Pause halts a camera: its source is closed, what it said stays to be seen,
// and its alerts are over. It stays so over changes of the configuration,
// until somebody resumes it or the program ends.
func (c controls) Pause(ctx context.Context, camera string) error {
	return c.ask(ctx, func(ctx context.Context) error {
		r, err := c.w.camera(camera)
		if err != nil {
			return err
		}
		if r.paused.Load() && r.over() {
			return fmt.Errorf("pause: %w", api.ErrConflict)
		}
		r.paused.Store(true)
		if late := c.w.halt(ctx, r); late != nil {
			return fmt.Errorf("pause: %w", c.w.lateEnd())
		}
		return nil
	})
}

// Resume follows a paused camera again. Nothing is compared over the pause.
func (c controls) Resume(ctx context.Context, camera string) error {
	return c.ask(ctx, func(ctx context.Context) error {
		r, err := c.w.camera(camera)
		if err != nil {
			return err
		}
		if !r.paused.Load() {
			return fmt.Errorf("resume: %w", api.ErrConflict)
		}
		ready, err := c.w.prepare(ctx, &r.cam)
		if err != nil {
			return fmt.Errorf("resume: %w", err)
		}
		r.paused.Store(false)
		c.w.begin(ctx, r.cam, ready, false)
		return nil
	})
}

// Add follows a camera with the settings that the configuration gives to
// all.
func (c controls) Add(ctx context.Context, name, source string) error {
	return c.ask(ctx, func(ctx context.Context) error {
		if c.w.cameras[name] != nil {
			return fmt.Errorf("add: %w", api.ErrConflict)
		}
		cam := configs.Camera{Name: name, URL: source, Settings: c.w.defaults}
		if err := cam.Validate(); err != nil {
			return fmt.Errorf("add: %w: %w", api.ErrInvalid, err)
		}
		ready, err := c.w.prepare(ctx, &cam)
		if err != nil {
			return fmt.Errorf("add: %w", err)
		}
		c.w.added = append(c.w.added, cam)
		c.w.begin(ctx, cam, ready, false)
		return nil
	})
}

// Remove takes a camera away that was added. Those of the configuration file
// would be back after a restart: they are taken out there.
func (c controls) Remove(ctx context.Context, camera string) error {
	return c.ask(ctx, func(ctx context.Context) error {
		r, err := c.w.camera(camera)
		if err != nil {
			return err
		}
		isIt := func(a configs.Camera) bool { return a.Name == camera }
		if !slices.ContainsFunc(c.w.added, isIt) {
			return fmt.Errorf("remove: %w: it is in the configuration file, take it out there", api.ErrInvalid)
		}
		c.w.added = slices.DeleteFunc(c.w.added, isIt)
		if late := c.w.halt(ctx, r); late != nil {
			c.w.forgetLater(r)
			return fmt.Errorf("remove: %w", c.w.lateEnd())
		}
		c.w.forget(camera)
		return nil
	})
}

func (w *watching) camera(name string) (*running, error) {
	r := w.cameras[name]
	switch {
	case r == nil:
		return nil, fmt.Errorf("%w: %s", api.ErrNoCamera, name)
	case r.leaving:
		return nil, fmt.Errorf("%w: %s is being taken out, and has not ended yet", api.ErrUnavailable, name)
	}
	return r, nil
}

// forget takes a camera that has ended off everything that shows it.
func (w *watching) forget(name string) {
	delete(w.cameras, name)
	w.metrics.Camera(name).Remove()
	w.board.remove(name)
	w.operate.forget(name)
}

// stillAdded are the cameras that were added and that the file does not have.
func (w *watching) stillAdded(file []configs.Camera) []configs.Camera {
	return slices.DeleteFunc(slices.Clone(w.added), func(a configs.Camera) bool {
		return slices.ContainsFunc(file, func(c configs.Camera) bool { return c.Name == a.Name })
	})
}

// defaultsOf are the settings of a camera that says nothing for itself.
func defaultsOf(cfg *configs.Config) configs.CameraSettings {
	s := cfg.Defaults
	shareSessions(&s, cfg)
	return s
}
