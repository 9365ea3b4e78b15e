package desk

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/dispatch"
	"github.com/flipmeter/flipmeter/stability"
)

// ear is a receiver that remembers every message, and what a kill right then
// would leave of the desk's folder.
type ear struct {
	t   *testing.T
	dir string

	mu    sync.Mutex
	heard []alerts.Notice
	left  []string // a folder each
}

func (e *ear) Send(_ context.Context, list []alerts.Notice) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	left := killedAt(e.t, e.dir)
	for range list {
		e.left = append(e.left, left)
	}
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
	left = t.TempDir()
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if os.IsNotExist(err) {
		return left
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(left, stateFile), data, 0o600)
	}
	if err != nil {
		t.Error(err)
	}
	return left
}

// A kill at the moment at which a receiver hears of an alert, which is the
// worst: it may be told again, but as the same message, and it ends once,
// under its id.
func TestKilledWhileAnAlertIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &ear{t: t}
		run := func(dir string) (see func(time.Duration, float64), stop func()) {
			e.dir = dir
			d, err := New(Config{Rules: rules(), RemindEvery: time.Hour, Dir: dir, Lanes: []dispatch.Lane{{Name: "ear", Receiver: e}}})
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
			return see, func() { cancel(); <-done }
		}
		told := func(what string, from int, want ...string) {
			t.Helper()
			var got []string
			for _, n := range e.all()[from:] {
				got = append(got, fmt.Sprintf("%s %s #%d", n.ID, n.State, n.Revision))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: told %q, want %q", what, got, want)
			}
		}

		see, stop := run(t.TempDir())
		see(20*time.Second, 0.2)
		see(25*time.Second, 0)
		stop()
		if len(e.left) != 2 {
			t.Fatalf("told %+v", e.all())
		}
		id := e.all()[0].ID
		firing, resolved := id+" firing #0", id+" resolved #1"
		told("without a kill", 0, firing, resolved)

		see, stop = run(e.left[0])
		see(20*time.Second, 0.2)
		see(25*time.Second, 0)
		stop()
		told("killed when it was told to fire", 2, firing, resolved)

		see, stop = run(e.left[1])
		see(25*time.Second, 0)
		stop()
		told("killed when it was told to be over", 4, resolved)
	})
}

// What the API answered is kept: a kill right after loses no silence and ends
// none that was ended.
func TestKilledAfterASilence(t *testing.T) {
	dir := t.TempDir()
	d, err := New(Config{Rules: rules(), Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	made, err := d.Silence(alerts.Silence{Camera: "gate", Until: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	after := func() []alerts.Silence {
		next, err := New(Config{Rules: rules(), Dir: killedAt(t, dir)})
		if err != nil {
			t.Fatal(err)
		}
		return next.Silences()
	}
	if list := after(); len(list) != 1 || list[0].ID != made.ID {
		t.Errorf("after a kill: %+v", list)
	}
	d.EndSilence(made.ID)
	if list := after(); len(list) != 1 || list[0].Until.After(time.Now()) {
		t.Errorf("after its end and a kill: %+v", list)
	}
}

// A folder that can't be written keeps nobody from being told.
func TestToldWithoutADisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(dir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		e := &ear{t: t, dir: t.TempDir()}
		var logs bytes.Buffer
		d, err := New(Config{
			Rules: rules(), Dir: filepath.Join(dir, "alerts"), Log: slog.New(slog.NewTextHandler(&logs, nil)),
			Lanes: []dispatch.Lane{{Name: "ear", Receiver: e}},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = d.Run(ctx) }()
		time.Sleep(20 * time.Second)
		d.Health("gate", "connecting")
		time.Sleep(20 * time.Second)
		cancel()
		<-done
		if len(e.all()) == 0 || !strings.Contains(logs.String(), "could not be saved") {
			t.Errorf("told %+v, logged %s", e.all(), logs.String())
		}
	})
}
