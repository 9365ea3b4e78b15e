package board

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/flipmeter/flipmeter/event"
)

// While nobody listens nothing is told, and of those who come then nobody
// misses what the board did not show them when they came.
func TestWhoComesLaterMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Config{PicturesOff: true})
		f := newFeed(b.Camera(Info{Name: "gate"}))
		b.Camera(Info{Name: "old"})
		idle, atQuestion := true, make(chan func(), 1)
		n := &notes{cameras: map[string]int{}}
		n.idle = func() bool { // in Run's goroutine, as what it calls
			was := idle
			select {
			case f := <-atQuestion:
				f()
			default:
			}
			return was
		}
		stop := running(b, n)
		f.frames(1, 5)
		f.frames(2, 5)
		b.Remove("old")
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(n.cameras)+len(n.flips)+len(n.removed) != 0 {
			t.Errorf("told while idle: %+v", n)
		}
		// Somebody comes just after the answer was that there is nobody, and
		// has read the board when the next flip is seen.
		read := -1
		atQuestion <- func() {
			d, _ := b.Get("gate")
			read = len(d.Flips)
			idle = false
			f.frames(3, 5)
		}
		time.Sleep(time.Minute)
		stop()
		if read != 1 {
			t.Errorf("%d flips on the board for who comes, want 1", read)
		}
		told := map[string]bool{}
		for _, f := range n.flips {
			told[f.From.Name+">"+f.To.Name] = true
		}
		if !told["2>3"] {
			t.Errorf("who came was told of the flips %v, and not of the one since then", told)
		}
		if n.cameras["gate"] != 1 || len(n.removed) != 0 {
			t.Errorf("told %+v", n)
		}
		f.end()
	})
}

// A turn for nobody costs no garbage, however many cameras changed and
// flipped, nor does noting it.
func TestIdleTurnsMakeNoGarbage(t *testing.T) {
	b := New(Config{PicturesOff: true})
	f := newFeed(b.Camera(Info{Name: "gate"}))
	f.frames(1, 3)
	f.frames(2, 3)
	f.end()
	k := f.l.flips.newest(0)
	for _, name := range []string{"a", "b", "c"} {
		b.Camera(Info{Name: name})
	}
	nobody := []Subscriber{&notes{idle: func() bool { return true }}}
	if n := testing.AllocsPerRun(100, func() {
		f.l.Notify(&event.Event{At: start})
		for range 50 {
			b.flipChanged(f.l, k)
		}
		b.tell(nobody)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
