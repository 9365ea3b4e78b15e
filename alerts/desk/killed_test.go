package desk

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/dispatch"
	"github.com/flipmeter/flipmeter/stability"
)

// ear is a receiver that remembers every message.
type ear struct {
	mu    sync.Mutex
	heard []alerts.Notice
}

func (e *ear) Send(_ context.Context, list []alerts.Notice) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, list...)
	return nil
}

func (e *ear) all() []alerts.Notice {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard)
}

// killedAt is what a kill at this moment leaves: the files as they are.
func killedAt(t *testing.T, dir string) (left string) {
	t.Helper()
	left = t.TempDir()
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if os.IsNotExist(err) {
		return left
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(left, stateFile), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return left
}

// What docs/alerts.md says of a kill: from a second and a half after a message
// on nothing is told twice; within it, an alert that began is told again under
// another id, and one that ended under the same id.
func TestKilledWhileAnAlertFires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &ear{}
		run := func(dir string) (d *Desk, see func(time.Duration, float64), stop func()) {
			d, err := New(Config{Rules: rules(), Dir: dir, Lanes: []dispatch.Lane{{Name: "ear", Receiver: e, RemindEvery: time.Hour}}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); _ = d.Run(ctx) }()
			d.Health("gate", "up")
			see = func(span time.Duration, v float64) {
				for end := time.Now().Add(span); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
					d.Window("gate", &stability.Window{Width: time.Minute, Pairs: 300, UnexplainedFraction: v})
				}
			}
			return d, see, func() { cancel(); <-done }
		}
		// until lets windows come until so many messages were heard.
		until := func(see func(time.Duration, float64), n int, v float64) {
			for range 1200 {
				if len(e.all()) == n {
					return
				}
				see(100*time.Millisecond, v)
				synctest.Wait()
			}
			t.Fatalf("%d messages, want %d", len(e.all()), n)
		}
		told := func(what string, from int, want ...string) {
			t.Helper()
			var got []string
			for _, n := range e.all()[from:] {
				got = append(got, fmt.Sprintf("%s #%d", n.State, n.Revision))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: told %q, want %q", what, got, want)
			}
		}

		dir := t.TempDir()
		_, see, stop := run(dir)
		see(3*time.Second, 0)
		until(see, 1, 0.2)
		early := killedAt(t, dir) // at once after the message
		see(1500*time.Millisecond, 0.2)
		late := killedAt(t, dir)
		until(see, 2, 0)
		ending := killedAt(t, dir) // at once after the resolution
		stop()
		told("without a kill", 0, "firing #0", "resolved #1")
		first := e.all()[0].ID

		// A second and a half later: nothing is told again, and it ends under its id.
		_, see, stop = run(late)
		see(time.Minute, 0.2)
		told("killed late", 2)
		until(see, 3, 0)
		stop()
		if n := e.all()[2]; n.ID != first || n.State != alerts.Resolved {
			t.Errorf("killed late: %s %s, want the end of %s", n.ID, n.State, first)
		}

		// At once: it is told again, as an alert of its own.
		_, see, stop = run(early)
		until(see, 4, 0.2)
		stop()
		if n := e.all()[3]; n.ID == first || n.State != alerts.Firing {
			t.Errorf("killed early: %s %s, want another alert than %s", n.ID, n.State, first)
		}

		// At once after its end: the end is told again, under the same id.
		_, see, stop = run(ending)
		until(see, 5, 0)
		stop()
		if n := e.all()[4]; n.ID != first || n.State != alerts.Resolved {
			t.Errorf("killed at the end: %s %s #%d, want the end of %s again", n.ID, n.State, n.Revision, first)
		}
	})
}
