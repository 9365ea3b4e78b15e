package dispatch

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
)

// One receiver stays, one moves to an address that works, one goes, one
// comes; then the one that went comes back.
func TestReplacedReceivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := func(context.Context, time.Duration) error { return errors.New("refused") }
		stays, wrong, right, goes, comes, back := newFake(nil), newFake(down), newFake(nil), newFake(down), newFake(nil), newFake(nil)
		d, err := New(Config{MinBackoff: time.Minute, MaxBackoff: time.Hour},
			Lane{Name: "stays", Receiver: stays, RemindEvery: time.Hour}, Lane{Name: "moves", Receiver: wrong}, Lane{Name: "goes", Receiver: goes})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = d.Run(ctx) }()
		d.Notify([]alerts.Notice{notice("a", alerts.Firing, 0)})
		time.Sleep(time.Second)
		if err := d.Replace(Lane{Name: "x", Receiver: comes}, Lane{Name: "x", Receiver: comes}); err == nil {
			t.Error("two of one name")
		}
		if err := d.Replace(Lane{Name: "moves", Receiver: right}, Lane{Name: "comes", Receiver: comes}, Lane{Name: "stays", Receiver: stays, RemindEvery: time.Hour}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // no minute's pause
		d.Notify([]alerts.Notice{notice("a", alerts.Firing, 1)})
		time.Sleep(time.Second)
		for _, c := range []struct{ what, got, want string }{
			{"who stays", stays.arrived(), "a:firing:0"}, // reminded in an hour
			{"who moved", right.arrived(), "a:firing:0 a:firing:1"},
			{"who came", comes.arrived(), "a:firing:1"},
		} {
			if c.got != c.want {
				t.Errorf("%s heard %q, want %q", c.what, c.got, c.want)
			}
		}
		names := ""
		for _, s := range d.Stats() {
			names += s.Receiver + " "
		}
		if saved := d.Snapshot(); names != "moves comes stays " || len(saved) != 3 {
			t.Errorf("receivers %q, saved %v", names, saved)
		}
		if err := d.Replace(Lane{Name: "goes", Receiver: back}); err != nil {
			t.Fatal(err)
		}
		d.Notify([]alerts.Notice{notice("a", alerts.Resolved, 2)})
		time.Sleep(time.Hour)
		if got := back.arrived(); got != "a:resolved:2" {
			t.Errorf("who came back heard %q", got)
		}
		tries := len(goes.tries) + len(wrong.tries)
		cancel()
		<-done
		if tries != 2 || len(goes.tries)+len(wrong.tries) != 2 {
			t.Errorf("who is gone was tried %d and %d times", len(goes.tries), len(wrong.tries))
		}
		if err := d.Replace(Lane{Name: "late", Receiver: newFake(nil)}); err != nil {
			t.Error(err) // nobody runs it
		}
	})
}

// A receiver that is removed while it is being told ends with that.
func TestRemovedWhileItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := newFake(func(context.Context, time.Duration) error { time.Sleep(3 * time.Second); return nil })
		d, err := New(Config{Batch: 1}, Lane{Name: "slow", Receiver: slow})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = d.Run(ctx) }()
		d.Notify([]alerts.Notice{notice("a", alerts.Firing, 0), notice("b", alerts.Firing, 0)})
		time.Sleep(time.Second)
		if err := d.Replace(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := slow.arrived(); got != "a:firing:0" {
			t.Errorf("heard %q", got)
		}
		cancel()
		<-done
	})
}
