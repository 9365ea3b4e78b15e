package app_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
	"github.com/flipmeter/flipmeter/web/board"
	"github.com/flipmeter/flipmeter/web/metrics"
)

// memoryCamera is what watch keeps of a camera beside its pictures: the
// tracker, and who is told of its events and keeps something of them.
type memoryCamera struct {
	name      string
	rng       *rand.Rand
	tracker   *stability.Tracker
	update    stability.Update
	listeners []event.Listener
	label     int32
	seq       uint64
	pts       time.Duration
}

// frame is a frame of a camera that flickers, and loses one now and then.
func (c *memoryCamera) frame(start time.Time, engine *alerts.Engine) {
	c.pts += 1900*time.Millisecond + time.Duration(c.rng.IntN(200))*time.Millisecond
	if c.rng.IntN(4) == 0 {
		c.label = int32(c.rng.IntN(60))
	}
	o := stability.Observation{
		Seq: c.seq, PTS: c.pts, HasPTS: true, Label: c.label, Score: c.rng.Float32(), N: stability.TopK,
		PrevLabelScore: float32(math.NaN()), Change: int32(c.rng.IntN(1025)),
	}
	if c.rng.IntN(500) == 0 {
		o.Break = stability.ReasonGap
	}
	for i := range o.Top {
		o.Top[i] = stability.Ranked{Index: (c.label + int32(i)) % 60, Score: o.Score / float32(i+1)}
	}
	cells := make([]uint16, c.rng.IntN(300))
	for i := range cells {
		cells[i] = uint16(3 * i)
	}
	c.tracker.Observe(&o, &c.update)
	ev := event.Event{Camera: c.name, At: start.Add(c.pts), Observation: &o, Update: c.update, ChangedCells: cells, PrevTop: o.Top[:]}
	c.tell(&ev)
	if c.seq%3 == 0 {
		for _, width := range []time.Duration{time.Minute, 5 * time.Minute} {
			var w stability.Window
			c.tracker.Snapshot(width, &w)
			c.tell(&event.Event{Camera: c.name, At: ev.At, Window: &w})
			engine.Observe(c.pts, c.name, &w)
		}
		engine.Tick(c.pts, map[string]alerts.Health{})
	}
	c.seq++
}

func (c *memoryCamera) tell(ev *event.Event) {
	for _, l := range c.listeners {
		l.Notify(ev)
	}
}

// What is kept of a camera ends: after a day of flicker it is what it was
// after some hours, but for the few sums of the tracker that a new kind of
// value adds to. How much it is, is held where it is kept.
func TestADayTakesNoMoreThanSomeHours(t *testing.T) {
	const cameras, more = 1, 64 << 10 // bytes of each
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	now := start
	clock := func() time.Time { return now }
	engine, err := alerts.NewEngine(alerts.Config{Rules: alerts.Builtin()})
	if err != nil {
		t.Fatal(err)
	}
	meters := metrics.New(prometheus.NewRegistry(), metrics.Build{Now: clock})
	shown := board.New(board.Config{PicturesOff: true, Now: clock})
	cfg := stability.DefaultConfig()
	cfg.Windows = []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute}
	label := func(i int32) string { return fmt.Sprint("class ", i) }
	empty := liveHeap()
	var list []*memoryCamera
	for i := range cameras {
		name := fmt.Sprint("camera ", i)
		list = append(list, &memoryCamera{
			name: name, rng: rand.New(rand.NewPCG(uint64(i), 1)), tracker: stability.NewTracker(cfg),
			listeners: []event.Listener{meters.Camera(name), shown.Camera(board.Info{Name: name, Label: label})},
		})
	}
	run := func(until time.Duration) int {
		for _, c := range list {
			for c.pts < until {
				now = start.Add(c.pts)
				c.frame(start, engine)
			}
		}
		return liveHeap() - empty
	}
	first := run(8 * time.Hour)
	grown := (run(24*time.Hour) - first) / cameras
	t.Logf("%d bytes of each camera after 8 hours, %d more after a day", first/cameras, grown)
	if grown > more {
		t.Errorf("%d bytes more of each camera after a day than after 8 hours", grown)
	}
	runtime.KeepAlive(list)
}

// liveHeap is what is in use after a collection, in bytes.
func liveHeap() int {
	for range 3 { // pools let go of what they have with the second
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
