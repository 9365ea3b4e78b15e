package app

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// cleanups is a stack of named steps that take a program down in the reverse
// order of its setting up. A step is pushed right after the thing it undoes
// exists, so that a start that fails half-way is undone by the same steps.
type cleanups struct {
	steps []cleanup
}

type cleanup struct {
	name string
	undo func() error
}

// shutdownTimeout bounds all steps together: a step that hangs must not keep
// the program from ending.
const shutdownTimeout = 20 * time.Second

func (c *cleanups) push(name string, undo func() error) {
	c.steps = append(c.steps, cleanup{name, undo})
}

// run runs the steps, last in first out, once. A step that does not return
// in time is abandoned and reported.
func (c *cleanups) run() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	var errs []error
	for i := len(c.steps) - 1; i >= 0; i-- {
		step := c.steps[i]
		done := make(chan error, 1)
		go func() { done <- step.undo() }()
		select {
		case err := <-done:
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", step.name, err))
			}
		case <-ctx.Done():
			errs = append(errs, fmt.Errorf("%s: did not end within %v", step.name, shutdownTimeout))
		}
	}
	c.steps = nil
	return errors.Join(errs...)
}
