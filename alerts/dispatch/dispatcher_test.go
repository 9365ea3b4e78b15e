package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
)

// fake is a receiver that fails as told and remembers what arrived.
type fake struct {
	mu    sync.Mutex
	fail  func(ctx context.Context, began time.Duration) error // nil: it works
	began time.Time
	tries []time.Duration
	got   []alerts.Notice
}

func newFake(fail func(ctx context.Context, began time.Duration) error) *fake {
	return &fake{fail: fail, began: time.Now()}
}

func (f *fake) Send(ctx context.Context, ns []alerts.Notice) error {
	at := time.Since(f.began)
	f.mu.Lock()
	f.tries = append(f.tries, at)
	f.mu.Unlock()
	if f.fail != nil {
		if err := f.fail(ctx, at); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, ns...)
	return nil
}

func (f *fake) arrived() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, n := range f.got {
		out = append(out, fmt.Sprintf("%s:%s:%d", n.ID, n.State, n.Revision))
	}
	return strings.Join(out, " ")
}

func notice(id string, state alerts.State, revision int) alerts.Notice {
	return alerts.Notice{ID: id, State: state, Revision: revision, At: time.Now()}
}

// running makes a dispatcher that runs until stop, which waits for it.
func running(t *testing.T, cfg Config, lanes ...Lane) (d *Dispatcher, stop func()) {
	t.Helper()
	d, err := New(cfg, lanes...)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range d.lanes {
		l.jitter = func() float64 { return 1 }
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = d.Run(ctx)
	}()
	return d, func() { cancel(); <-done }
}

// One receiver hangs, one answers with an error for a minute, one is gone,
// and the fourth hears of everything at once.
func TestReceiversDontDelayEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := newFake(func(ctx context.Context, at time.Duration) error {
			if at < 5*time.Minute {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		down := newFake(func(_ context.Context, at time.Duration) error {
			if at < time.Minute {
				return errors.New("answered 500")
			}
			return nil
		})
		gone := newFake(func(context.Context, time.Duration) error { return errors.New("connection refused") })
		works := newFake(nil)
		d, stop := running(t, Config{}, Lane{Name: "hangs", Receiver: hangs}, Lane{Name: "down", Receiver: down}, Lane{Name: "gone", Receiver: gone}, Lane{Name: "works", Receiver: works})
		d.Notify([]alerts.Notice{notice("a", alerts.Firing, 0)})
		synctest.Wait()
		if works.arrived() != "a:firing:0" {
			t.Errorf("the receiver that works got %q at once", works.arrived())
		}
		time.Sleep(10 * time.Second)
		d.Notify([]alerts.Notice{notice("a", alerts.Resolved, 1)})
		time.Sleep(10 * time.Minute)
		stop()
		for name, f := range map[string]*fake{"hangs": hangs, "down": down, "works": works} {
			if got, want := f.arrived(), "a:firing:0 a:resolved:1"; got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		if gone.arrived() != "" {
			t.Errorf("who is gone got %q", gone.arrived())
		}
		// 1, 2, 4, … 32 s, then a minute.
		if got := fmt.Sprint(down.tries[:7]); got != "[0s 1s 3s 7s 15s 31s 1m3s]" {
			t.Errorf("tries at %s", got)
		}
		if n := len(gone.tries); n < 14 || n > 18 {
			t.Errorf("%d tries in 10 minutes", n)
		}
		stats := d.Stats()
		if stats[1].Sent != 2 || stats[1].Failures != 6 || stats[1].LastError != "" || stats[2].Queued != 2 || stats[2].LastError != "connection refused" {
			t.Errorf("stats %+v", stats)
		}
		if saved := d.Snapshot(); len(saved["gone"].Waiting) != 2 || len(saved["down"].Waiting) != 0 {
			t.Errorf("saved %+v", saved)
		}
	})
}

func TestRefusedIsNotTriedAgainAndLaterIsHeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refuses := newFake(func(context.Context, time.Duration) error { return &Refused{errors.New("answered 404")} })
		busy := newFake(func(_ context.Context, at time.Duration) error {
			if at == 0 {
				return &Later{errors.New("answered 429"), 20 * time.Second}
			}
			return nil
		})
		d, stop := running(t, Config{}, Lane{Name: "refuses", Receiver: refuses}, Lane{Name: "busy", Receiver: busy})
		d.Notify([]alerts.Notice{notice("a", alerts.Firing, 0)})
		time.Sleep(time.Minute)
		stop()
		if s := d.Stats()[0]; len(refuses.tries) != 1 || s.Refused != 1 || s.Queued != 0 {
			t.Errorf("%d tries, %+v", len(refuses.tries), s)
		}
		if got := fmt.Sprint(busy.tries); got != "[0s 20s]" {
			t.Errorf("tries at %s", got)
		}
	})
}

func TestRemindersAreMergedAndSpacedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := newFake(func(_ context.Context, at time.Duration) error {
			if at < 10*time.Minute {
				return errors.New("gone")
			}
			return nil
		})
		calm := newFake(nil)
		d, stop := running(t, Config{}, Lane{Name: "slow", Receiver: slow}, Lane{Name: "calm", Receiver: calm, RemindEvery: 4 * time.Minute})
		for i := range 10 {
			d.Notify([]alerts.Notice{notice("a", alerts.Firing, i)})
			time.Sleep(time.Minute)
		}
		d.Notify([]alerts.Notice{notice("a", alerts.Resolved, 10)})
		d.Notify([]alerts.Notice{notice("b", alerts.Firing, 0)})
		time.Sleep(5 * time.Minute)
		stop()
		if got, want := slow.arrived(), "a:firing:9 a:resolved:10 b:firing:0"; got != want {
			t.Errorf("after an outage: %q, want %q", got, want)
		}
		if got, want := calm.arrived(), "a:firing:0 a:firing:4 a:firing:8 a:resolved:10 b:firing:0"; got != want {
			t.Errorf("every four minutes: %q, want %q", got, want)
		}
	})
}

// What arrives and what is counted as lost is everything, and of each alert
// it is in order, whatever the queue, the failures and the restarts.
func TestNothingVanishes(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 5))
			fails := rand.New(rand.NewPCG(seed, 6)) // the receiver's own goroutine's
			flaky := newFake(func(context.Context, time.Duration) error {
				if fails.IntN(3) > 0 {
					return errors.New("answered 503")
				}
				return nil
			})
			cfg := Config{Queue: 3 + rng.IntN(20), Batch: 1 + rng.IntN(5)}
			lane := Lane{Name: "flaky", Receiver: flaky}
			d, stop := running(t, cfg, lane)
			sent, lost := 0, int64(0)
			open := map[int]string{}
			for range 120 {
				id := rng.IntN(6)
				name, firing := open[id]
				n := notice(fmt.Sprintf("%d-%d", id, sent), alerts.Firing, 0)
				if firing {
					n.ID, n.State, n.Revision = name, alerts.Resolved, 1
					delete(open, id)
				} else {
					open[id] = n.ID
				}
				d.Notify([]alerts.Notice{n})
				sent++
				time.Sleep(time.Duration(rng.IntN(3000)) * time.Millisecond)
				if rng.IntN(30) == 0 {
					stop()
					lost += d.Stats()[0].Lost
					b, err := json.Marshal(d.Snapshot())
					if err != nil {
						t.Fatal(err)
					}
					var saved Saved
					if err := json.Unmarshal(b, &saved); err != nil {
						t.Fatal(err)
					}
					next, err := New(cfg, lane)
					if err != nil {
						t.Fatal(err)
					}
					next.Restore(saved)
					ctx, cancel := context.WithCancel(context.Background())
					done := make(chan struct{})
					go func() { defer close(done); _ = next.Run(ctx) }()
					d, stop = next, func() { cancel(); <-done }
				}
			}
			time.Sleep(time.Hour)
			stop()
			lost += d.Stats()[0].Lost
			if len(flaky.got)+int(lost) != sent {
				t.Errorf("seed %d: %d arrived, %d lost, %d were sent", seed, len(flaky.got), lost, sent)
			}
			seen := map[string]bool{}
			for _, n := range flaky.got {
				key := fmt.Sprint(n.ID, n.State, n.Revision)
				if seen[key] {
					t.Errorf("seed %d: %s arrived twice", seed, key)
				}
				seen[key] = true
			}
		})
	}
}

func TestStopTriesOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := newFake(func(ctx context.Context, _ time.Duration) error { <-ctx.Done(); return ctx.Err() })
		late := newFake(func(_ context.Context, at time.Duration) error {
			if at < time.Second/2 {
				return errors.New("gone")
			}
			return nil
		})
		d, stop := running(t, Config{Timeout: time.Hour}, Lane{Name: "hangs", Receiver: hangs}, Lane{Name: "late", Receiver: late})
		d.Notify([]alerts.Notice{notice("a", alerts.Firing, 0)})
		time.Sleep(700 * time.Millisecond)
		began := time.Now()
		stop()
		if took := time.Since(began); took > 11*time.Second {
			t.Errorf("stopping took %s", took)
		}
		if late.arrived() != "a:firing:0" {
			t.Errorf("got %q", late.arrived())
		}
		if len(d.Snapshot()["hangs"].Waiting) != 1 {
			t.Error("what hung is not kept")
		}
	})
}

func TestTwoReceiversOfOneName(t *testing.T) {
	if _, err := New(Config{}, Lane{Name: "a"}, Lane{Name: "a"}); err == nil {
		t.Error("no error")
	}
}
