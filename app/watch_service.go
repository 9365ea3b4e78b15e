package app

import (
	"context"
	"fmt"
	"time"

	"github.com/flipmeter/flipmeter/internal/sdnotify"
)

// tellManager tells the service manager, if there is one that asked.
func (w *watching) tellManager(ctx context.Context, message string) {
	if err := w.manager.Notify(ctx, message); err != nil {
		w.log.Warn("the service manager does not hear", "error", err)
	}
}

// tellReady tells it that the service is up.
func (w *watching) tellReady(ctx context.Context) {
	w.tellManager(ctx, fmt.Sprintf("%s\nSTATUS=following %s", sdnotify.Ready, many(len(w.cameras), "camera")))
}

// watchdog ticks twice as often as the manager wants to hear that the
// process lives; nil where it does not.
func (w *watching) watchdog() (tick <-chan time.Time, stop func()) {
	every := w.manager.Watchdog() / 2
	if every <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(every)
	return t.C, t.Stop
}
