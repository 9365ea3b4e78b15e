package board

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/stability"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// feed runs label sequences through a real tracker into a listener.
type feed struct {
	l       *Listener
	tracker *stability.Tracker
	update  stability.Update
	seq     uint64
	prev    *frame.Thumb
	at      func(pts time.Duration) time.Time // nil: from start on
}

func newFeed(l *Listener) *feed {
	cfg := stability.DefaultConfig()
	cfg.Windows = []time.Duration{10 * time.Second}
	return &feed{l: l, tracker: stability.NewTracker(cfg)}
}

const frameTime = 100 * time.Millisecond

func thumb(seq uint64) *frame.Thumb {
	pix := bytes.Repeat([]byte{byte(seq * 40), 80, 120}, 16*9)
	return newThumb(frame.Picture{Width: 16, Height: 9, Channels: 3, Pix: pix})
}

func (f *feed) frame(label int32, brk stability.Reason) {
	pts := time.Duration(f.seq) * frameTime
	o := stability.Observation{
		Epoch: 1, Seq: f.seq, PTS: pts, HasPTS: true, Break: brk, Label: label, Score: 0.75, N: 2,
		PrevLabelScore: float32(math.NaN()), Change: 0,
	}
	o.Top[0], o.Top[1] = stability.Ranked{Index: label, Score: 0.75}, stability.Ranked{Index: label + 1, Score: 0.2}
	f.tracker.Observe(&o, &f.update)
	ev := event.Event{At: start.Add(pts), Observation: &o, Update: f.update}
	if f.at != nil {
		ev.At = f.at(pts)
	}
	cur := thumb(f.seq)
	if f.update.Flip {
		ev.Prev, ev.Cur, ev.PrevTop, ev.ChangedCells = f.prev, cur, []stability.Ranked{{Index: f.update.FlipAt.From, Score: 0.75}}, []uint16{3, 40}
	}
	var w stability.Window
	if f.seq%10 == 9 {
		f.tracker.Snapshot(10*time.Second, &w)
		ev.Window = &w
	}
	f.l.Notify(&ev)
	f.prev.Release()
	f.prev = cur
	f.seq++
}

func (f *feed) frames(label int32, n int) {
	for range n {
		f.frame(label, stability.ReasonNone)
	}
}

func (f *feed) end() {
	f.tracker.Flush(&f.update)
	f.l.Notify(&event.Event{At: start, Update: f.update})
	f.prev.Release()
	f.prev = nil
}

// notes is a subscriber that remembers.
type notes struct {
	idle    func() bool // nil: never
	mu      sync.Mutex
	cameras map[string]int
	flips   []Flip
	removed []string
}

func (n *notes) Idle() bool { return n.idle != nil && n.idle() }

func (n *notes) CameraChanged(c *Camera) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cameras[c.Name]++
}
func (n *notes) FlipChanged(f *Flip) { n.mu.Lock(); defer n.mu.Unlock(); n.flips = append(n.flips, *f) }
func (n *notes) CameraRemoved(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.removed = append(n.removed, name)
}

func running(b *Board, s ...Subscriber) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = b.Run(ctx, s...) }()
	return func() { cancel(); <-done }
}

func TestACameraAndItsFlips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Config{Now: func() time.Time { return start.Add(10 * time.Second) }})
		n := &notes{cameras: map[string]int{}}
		stop := running(b, n)
		l := b.Camera(Info{Name: "gate", Site: "north", Source: "rtsp://cam/1", Model: "lite0", Label: func(i int32) string { return fmt.Sprint("class", i) }, Crop: [4]float64{0.1, 0, 0.8, 1}})
		l.Notify(&event.Event{State: &event.Health{State: "up", Since: start}})
		f := newFeed(l)
		f.frames(1, 20)
		f.frames(2, 1) // a glitch
		f.frames(1, 20)
		f.frame(1, stability.ReasonGap)
		f.frames(3, 10)
		f.end()
		l.Notify(&event.Event{Drop: &event.Drop{Reason: "queue", Frames: 4}})
		time.Sleep(2 * time.Second)
		d, ok := b.Get("gate")
		if !ok {
			t.Fatal("no such camera")
		}
		if d.State != "up" || d.Label.Name != "class3" || *d.Label.Score != 0.75 || d.Counts.Frames != 52 || d.Counts.Pairs != 50 || d.Counts.Flips != 3 ||
			d.Counts.Unexplained != 3 || d.Counts.Kinds["glitch"] != 2 || d.Counts.Breaks["gap"] != 1 || d.Counts.Dropped["queue"] != 4 {
			t.Errorf("camera %+v", d.Camera)
		}
		var ribbon []string
		for _, s := range d.Ribbon {
			ribbon = append(ribbon, fmt.Sprintf("%s %d-%d%s", s.Label, s.FromMs-start.UnixMilli(), s.ToMs-start.UnixMilli(), s.Gap))
		}
		if got, want := strings.Join(ribbon, ", "), "class1 0-2000, class2 2000-2100, class1 2100-4000, class1 4100-4200gap, class3 4200-5100"; got != want {
			t.Errorf("ribbon %s, want %s", got, want)
		}
		var kinds []string
		for _, f := range d.Flips {
			kinds = append(kinds, f.From.Name+">"+f.To.Name+" "+f.Kind)
		}
		if got, want := strings.Join(kinds, ", "), "class1>class3 censored, class2>class1 glitch, class1>class2 glitch"; got != want {
			t.Errorf("flips %s, want %s", got, want)
		}
		g := d.Flips[2]
		if !g.Pictures || !g.Unexplained || g.Still == nil || !*g.Still || len(g.Cells) != 2 || g.Crop[2] != 0.8 || len(g.TopAfter) != 2 || g.TopBefore[0].Name != "class1" || *g.HeldAfterMs != 100 {
			t.Errorf("flip %+v", g)
		}
		if len(d.Windows) != 1 || d.Windows[0].Pairs == 0 {
			t.Errorf("windows %+v", d.Windows)
		}
		before, after := b.FlipPictures("gate", g.ID)
		if !bytes.HasPrefix(before, []byte{0xff, 0xd8}) || bytes.Equal(before, after) {
			t.Error("pictures of a flip")
		}
		if jpeg, number := b.Picture("gate"); jpeg == nil || number == 0 || number != d.Picture {
			t.Errorf("picture %d, %d", number, d.Picture)
		}
		if sum := d.Spark.Flips[58] + d.Spark.Flips[59]; sum != 3 || d.Spark.Unexplained[58]+d.Spark.Unexplained[59] != 3 {
			t.Errorf("spark %v", d.Spark)
		}
		n.mu.Lock()
		last := map[string]Flip{}
		for _, f := range n.flips {
			last[f.ID] = f
		}
		if n.cameras["gate"] == 0 || n.cameras["gate"] > 4 || len(last) != 3 || !last[g.ID].Pictures || last[g.ID].Kind != "glitch" {
			t.Errorf("subscribers were told %+v", n)
		}
		n.mu.Unlock()
		for name, c := range map[string]struct {
			f    Filter
			want int
		}{
			"all": {Filter{}, 3}, "kind": {Filter{Kind: "glitch"}, 2}, "other camera": {Filter{Camera: "x"}, 0}, "limit": {Filter{Limit: 1}, 1},
			"since": {Filter{Since: start.Add(4 * time.Second)}, 1}, "unexplained": {Filter{Unexplained: true}, 3},
		} {
			if got := b.Flips(c.f); len(got) != c.want {
				t.Errorf("%s: %d flips, want %d", name, len(got), c.want)
			}
		}
		if !b.Remove("gate") || b.Remove("gate") {
			t.Error("removing")
		}
		time.Sleep(time.Second)
		n.mu.Lock()
		if _, ok := b.Get("gate"); ok || !slices.Equal(n.removed, []string{"gate"}) {
			t.Errorf("after removal: %v", n.removed)
		}
		n.mu.Unlock()
		if x, _ := b.FlipPictures("gate", g.ID); x != nil {
			t.Error("pictures outlive their camera")
		}
		stop()
	})
}

// Whatever nobody encodes is let go of: every thumbnail comes back.
func TestPicturesAreReleasedAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var later atomic.Int64
		b := New(Config{Now: func() time.Time { return start.Add(time.Duration(later.Load())) }, PictureBytes: 20_000, PictureAge: time.Minute, Flips: 1000})
		l := b.Camera(Info{Name: "gate"})
		f := newFeed(l)
		for i := range 400 {
			f.frames(int32(i%2), 1) // nobody runs: the queue overflows
		}
		f.end()
		if b.PicturesDropped() == 0 {
			t.Error("nothing was dropped")
		}
		stop := running(b)
		time.Sleep(time.Second)
		b.mu.Lock()
		if b.pictures.bytes > 20_000 || b.pictures.bytes == 0 || len(b.pictures.order) != len(b.pictures.pairs) {
			t.Errorf("%d bytes of %d pictures", b.pictures.bytes, len(b.pictures.pairs))
		}
		b.mu.Unlock()
		shown := 0
		for _, f := range b.Flips(Filter{Limit: 1000}) {
			if f.Pictures {
				shown++
			}
		}
		b.mu.Lock()
		if shown != len(b.pictures.pairs) {
			t.Errorf("%d flips have pictures, there are %d", shown, len(b.pictures.pairs))
		}
		b.mu.Unlock()
		later.Store(int64(2 * time.Minute))
		time.Sleep(time.Second)
		b.mu.Lock()
		if b.pictures.bytes != 0 || len(b.pictures.pairs) != 0 {
			t.Errorf("%d bytes are older than a minute", b.pictures.bytes)
		}
		b.mu.Unlock()
		stop()
	})
}

func TestPicturesOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Config{PicturesOff: true})
		stop := running(b)
		f := newFeed(b.Camera(Info{Name: "gate"}))
		f.frames(1, 5)
		f.frames(2, 5)
		f.end()
		time.Sleep(time.Second)
		d, _ := b.Get("gate")
		if d.Picture != 0 || len(d.Flips) != 1 || d.Flips[0].Pictures {
			t.Errorf("%+v", d)
		}
		stop()
	})
}

// The spark agrees with counting by hand, wherever the times lie.
func TestSpark(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var s spark
		type seen struct {
			at   time.Time
			flip bool
		}
		var all []seen
		at := start
		for range 300 {
			at = at.Add(time.Duration(rng.IntN(9000)-500) * time.Millisecond)
			if rng.IntN(50) == 0 {
				at = at.Add(time.Duration(rng.IntN(1200)) * time.Second)
			}
			x := seen{at, rng.IntN(3) == 0}
			s.add(x.at, true, x.flip)
			all = append(all, x)
		}
		got := s.copy(at)
		for i := range got.Flips {
			to := got.EndMs - int64(sparkSteps-1-i)*got.StepMs
			var pairs, flips int64
			for _, x := range all {
				if ms := x.at.UnixMilli(); ms < to && ms >= to-got.StepMs {
					pairs++
					if x.flip {
						flips++
					}
				}
			}
			if got.Pairs[i] != pairs || got.Flips[i] != flips {
				t.Fatalf("seed %d: step %d has %d pairs and %d flips, want %d and %d", seed, i, got.Pairs[i], got.Flips[i], pairs, flips)
			}
		}
	}
}

func TestRibbonIsBounded(t *testing.T) {
	b := New(Config{Ribbon: time.Minute})
	l := b.Camera(Info{Name: "gate"})
	f := newFeed(l)
	for i := range 3000 {
		f.frames(int32(i%3), 1+i%2)
	}
	f.end()
	d, _ := b.Get("gate")
	if n := len(d.Ribbon); n > maxSegments || n < 100 {
		t.Errorf("%d stretches", n)
	}
	for i, s := range d.Ribbon {
		if s.ToMs < s.FromMs || i > 0 && s.FromMs < d.Ribbon[i-1].ToMs {
			t.Fatalf("stretch %d: %+v after %+v", i, s, d.Ribbon[max(0, i-1)])
		}
	}
	if first := d.Ribbon[1].FromMs; d.At.UnixMilli()-first > time.Minute.Milliseconds()+1000 {
		t.Errorf("the ribbon goes back %d ms", d.At.UnixMilli()-first)
	}
	if _, err := json.Marshal(d); err != nil {
		t.Error(err)
	}
}

// Two runs of a camera count their frames alike; their flips are others, and
// the pictures of the first are not those of the second.
func TestRunsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Config{})
		stop := running(b)
		var ids []string
		for run := range 2 {
			f := newFeed(b.Camera(Info{Name: "gate", Epoch: uint64(1000 * run)}))
			if old := len(ids); old > 0 {
				if before, _ := b.FlipPictures("gate", ids[0]); before != nil {
					t.Error("pictures outlive their run")
				}
			}
			f.l.SetCrop([4]float64{0.25, 0, 0.5, 1})
			f.frames(1, 5)
			f.frames(2, 5)
			f.end()
			time.Sleep(time.Second)
			d, _ := b.Get("gate")
			if len(d.Flips) != 1 || !d.Flips[0].Pictures || len(d.Flips[0].Crop) != 4 || d.Flips[0].Crop[2] != 0.5 {
				t.Fatalf("run %d: %+v", run, d.Flips)
			}
			ids = append(ids, d.Flips[0].ID)
		}
		if ids[0] == ids[1] {
			t.Errorf("both runs have the flip %s", ids[0])
		}
		stop()
	})
}
