package app

import (
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/web"
)

// board remembers the state of every camera, and whether the process is
// ready.
type board struct {
	mu      sync.Mutex
	reason  string // why it is not ready, "" where it is
	cameras map[string]event.Health
}

func newBoard() *board {
	return &board{reason: "starting", cameras: map[string]event.Health{}}
}

func (b *board) setReason(reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reason = reason
}

// Notify notes a camera's state.
func (b *board) Notify(ev *event.Event) {
	if ev.State == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cameras[ev.Camera] = *ev.State
}

func (b *board) remove(camera string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.cameras, camera)
}

// health is what /readyz tells.
func (b *board) health() web.Health {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := web.Health{Ready: b.reason == "", Reason: b.reason, Cameras: map[string]web.Camera{}}
	for name, c := range b.cameras {
		h.Cameras[name] = web.Camera{State: c.State, Since: c.Since.UTC(), Error: c.Error}
	}
	return h
}

// dropsEvery is how often drops are told over NATS; the metrics count each.
const dropsEvery = 5 * time.Second

// drops sums the frames that a camera lost, so that an overload is told of
// every few seconds and not at every frame.
type drops struct {
	tell func(event.Drop)

	mu   sync.Mutex
	sums map[string]int
	told time.Time
}

func newDrops(tell func(event.Drop)) *drops { return &drops{tell: tell, sums: map[string]int{}} }

// add counts frames.
func (d *drops) add(reason string, frames int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sums[reason] += frames
	if time.Since(d.told) >= dropsEvery {
		d.flushLocked()
	}
}

// flush tells what was not told yet.
func (d *drops) flush() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flushLocked()
}

func (d *drops) flushLocked() {
	d.told = time.Now()
	for reason, n := range d.sums {
		d.tell(event.Drop{Reason: reason, Frames: n})
		delete(d.sums, reason)
	}
}
