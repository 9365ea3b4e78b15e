package report

import (
	"cmp"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/stability"
)

var nan32 = float32(math.NaN())

// A timeline loses resolution, not counts: its totals are those of the
// observations, and its bins are 2^level of them.
func TestTimelineKeepsCounts(t *testing.T) {
	for _, n := range []int{0, 1, 7, 64, 65, 1000, 4097} {
		rng := rand.New(rand.NewPCG(uint64(n), 1))
		line := newTimeline(64, 2)
		var want struct {
			score, traced float64
			change        int64
			still         int32
			labels        map[int32]int32
		}
		want.labels = map[int32]int32{}
		for i := range n {
			o := &stability.Observation{Seq: uint64(i), PTS: time.Duration(i), HasPTS: true, Label: int32(rng.IntN(3)),
				Score: rng.Float32(), Change: int32(rng.IntN(4))}
			at := line.add(o, true, []float32{1, float32(i % 2)})
			line.bin(at).flips[stability.KindChurn]++
			want.score += float64(o.Score)
			want.change += int64(o.Change)
			want.labels[o.Label]++
			want.traced += float64(i % 2)
			if o.Change == 0 {
				want.still++
			}
		}
		if len(line.bins) > 64 || n > 64 && len(line.bins) < 32 {
			t.Errorf("%d observations in %d bins", n, len(line.bins))
		}
		var total, still, flips int32
		var score, traced, one float64
		var change int64
		labels := map[int32]int32{}
		for i := range line.bins {
			b := &line.bins[i]
			if b.n != 1<<line.level && i != len(line.bins)-1 {
				t.Errorf("bin %d has %d observations at level %d", i, b.n, line.level)
			}
			if b.start != time.Duration(i<<line.level) || b.last != b.start+time.Duration(b.n-1) {
				t.Errorf("bin %d reaches from %d to %d", i, b.start, b.last)
			}
			total, still, flips, change, score = total+b.n, still+b.still, flips+b.flipCount(), change+b.change, score+b.score
			one += line.traced[2*i]
			traced += line.traced[2*i+1]
			for _, l := range b.labels {
				labels[l.label] += l.n
			}
		}
		delete(labels, -1)
		for l := range labels {
			if labels[l] == 0 {
				delete(labels, l)
			}
		}
		if int(total) != n || int(flips) != n || still != want.still || change != want.change ||
			math.Abs(score-want.score) > 1e-6*float64(n+1) || traced != want.traced || int(one) != n || !reflect.DeepEqual(labels, want.labels) {
			t.Errorf("%d observations: total %d, flips %d, still %d, change %d, score %g, traced %g, labels %v; want %+v",
				n, total, flips, still, change, score, traced, labels, want)
		}
	}
}

// A gallery keeps the same flips whenever it is told of its limit, prefers
// those without a reason, and spreads over the run.
func TestGalleryRule(t *testing.T) {
	feed := func(n, limit, shrinkAt, shrinkTo int, glitch func(i int) bool) []int64 {
		g := newGallery(limit)
		for i := range n {
			if i == shrinkAt {
				g.shrink(shrinkTo)
			}
			f := stability.Flip{Epoch: 1, Seq: uint64(i), Kind: stability.KindPending}
			g.add(&shownFlip{flip: f, number: int64(i)})
			f.Kind, f.Final = stability.KindChurn, true
			if glitch(i) {
				f.Kind, f.Unexplained = stability.KindGlitch, true
			}
			g.late(&f)
		}
		g.close()
		flips, _, _ := g.chosen(min(limit, shrinkTo))
		var numbers []int64
		for _, f := range flips {
			numbers = append(numbers, f.number)
		}
		return numbers
	}
	some := func(i int) bool { return i%50 == 3 }
	want := feed(5000, 40, -1, 40, some)
	for _, at := range []int{0, 1, 77, 4999} {
		if got := feed(5000, 120, at, 40, some); !slices.Equal(got, want) {
			t.Errorf("shrunk at %d: %v, want %v", at, got, want)
		}
	}
	rank := func(n int64) int64 { // glitches first
		if some(int(n)) {
			return n
		}
		return n + 5000
	}
	if !slices.IsSortedFunc(want, func(a, b int64) int { return cmp.Compare(rank(a), rank(b)) }) || len(want) > 40 || len(want) < 30 {
		t.Errorf("chosen: %v", want)
	}
	glitches := 0
	for _, n := range want {
		if some(int(n)) {
			glitches++
		}
	}
	if glitches < 16 {
		t.Errorf("%d of 100 glitches among %d", glitches, len(want))
	}
	// Every quarter of the run has its share.
	for q := range 4 {
		n := 0
		for _, f := range want {
			if f >= int64(1250*q) && f < int64(1250*(q+1)) {
				n++
			}
		}
		if n < len(want)/8 {
			t.Errorf("quarter %d has %d of %d", q, n, len(want))
		}
	}
	if got := feed(30, 40, -1, 40, some); len(got) != 30 {
		t.Errorf("few flips are all shown: %d of 30", len(got))
	}
	if got := feed(1000, 40, -1, 40, func(int) bool { return false }); len(got) < 30 {
		t.Errorf("without glitches the others get the room: %d of 40", len(got))
	}
}

// The worst stretches against the obvious search.
func TestWorstStretches(t *testing.T) {
	s := &simulation{seed: 8, frames: 1500, fps: 25, noise: .4, spread: 3}
	c := NewCollector(CollectorConfig{MaxPictures: 4, Label: simLabel})
	fs := s.run()
	s.feed(t, c, fs, 5)
	got := c.worstStretches(time.Second)
	if len(got) != maxStretches {
		t.Fatalf("%d stretches", len(got))
	}
	taken := make([]bool, len(fs))
	for _, g := range got {
		best, bestAt := -1, 0
		for i := range fs {
			if fs[i].flip == nil {
				continue
			}
			flips, unexplained, free := 0, 0, true
			for k := i; k < len(fs) && fs[k].obs.PTS-fs[i].obs.PTS < time.Second; k++ {
				if fs[k].flip != nil {
					flips++
					if fs[k].flip.Unexplained {
						unexplained++
					}
				}
				free = free && !taken[k]
			}
			if v := flips*1000 + unexplained; free && v > best {
				best, bestAt = v, i
			}
		}
		if bestAt != g.from || best != int(g.flips)*1000+int(g.unexplained) {
			t.Fatalf("got %+v, want from %d with %d", g, bestAt, best)
		}
		for k := g.from; k < g.to; k++ {
			taken[k] = true
		}
	}
}

// Eight times the frames must not take more memory.
func TestCollectorMemoryIsBounded(t *testing.T) {
	var pool frame.Pool
	heap := func(frames int) int64 {
		s := &simulation{seed: 2, frames: frames, fps: 25, noise: .6, spread: 2, thumb: plainThumbs(&pool)}
		fs := s.run()
		c := NewCollector(CollectorConfig{MaxPictures: 60, MaxBins: 1024, Label: simLabel})
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s.feed(t, c, fs, 12)
		runtime.GC()
		runtime.ReadMemStats(&after)
		if len(c.undecided) != 0 || len(c.gallery.pending) != 0 {
			t.Errorf("%d flips undecided, %d pending", len(c.undecided), len(c.gallery.pending))
		}
		runtime.KeepAlive(fs)
		return int64(after.HeapAlloc) - int64(before.HeapAlloc)
	}
	small, large := heap(1500), heap(12000)
	if large > small+1<<20 {
		t.Errorf("%d kB for 1,500 frames, %d kB for 12,000", small>>10, large>>10)
	}
	if pool.Outstanding() != 0 {
		t.Errorf("%d pictures were not given back", pool.Outstanding())
	}
}

func TestCropOf(t *testing.T) {
	near := func(a, b Rect) bool {
		return math.Abs(a.X-b.X)+math.Abs(a.Y-b.Y)+math.Abs(a.W-b.W)+math.Abs(a.H-b.H) < 1e-9
	}
	for _, c := range []struct {
		want frame.Want
		w, h int
		rect Rect
	}{
		// 224 of 256 rows is .875; of 455.1 columns .4921875.
		{frame.Want{Width: 224, Height: 224, ShortSide: 256, Fit: frame.FitCrop}, 1280, 720, Rect{.25390625, .0625, .4921875, .875}},
		{frame.Want{Width: 224, Height: 224, Fit: frame.FitCrop}, 720, 1280, Rect{0, .21875, 1, .5625}},
		{frame.Want{Width: 224, Height: 224, Fit: frame.FitSquash}, 1280, 720, Rect{0, 0, 1, 1}},
		{frame.Want{Width: 224, Height: 224, Fit: frame.FitLetterbox}, 1280, 720, Rect{0, -.38888888888888884, 1, 1.7777777777777777}},
		{frame.Want{}, 0, 0, Rect{0, 0, 1, 1}},
	} {
		if got := CropOf(c.want, c.w, c.h); !near(got, c.rect) {
			t.Errorf("%+v of %d×%d: %+v, want %+v", c.want, c.w, c.h, got, c.rect)
		}
	}
}

func TestCellPath(t *testing.T) {
	for want, cells := range map[string][]uint16{
		"":                           nil,
		"M0 0h1v1h-1z":               {0},
		"M30 0h2v1h-2zM0 1h1v1h-1z":  {32, 31, 30},
		"M1 2h3v1h-3zM31 31h1v1h-1z": {65, 66, 67, 1023, 1024, 65},
		"M0 0h1v1h-1zM2 0h1v1h-1z":   {0, 2},
	} {
		if got := cellPath(cells); got != want {
			t.Errorf("%v: %s, want %s", cells, got, want)
		}
	}
}

// Of a stream without times no kind is ever known: its flips wait for
// nothing, or a list of labels would fill the memory.
func TestFlipsWithoutTimesWaitForNothing(t *testing.T) {
	c := NewCollector(CollectorConfig{MaxPictures: 10})
	for i := range uint64(1000) {
		ev := &event.Event{Observation: &stability.Observation{Seq: i, Label: int32(i % 2)}}
		if ev.Pair = i > 0; ev.Pair {
			ev.Flip, ev.FlipAt = true, stability.Flip{Seq: i, To: int32(i % 2), Final: true}
		}
		if err := c.Record(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
		if len(c.gallery.pending) > 0 || len(c.undecided) > 0 {
			t.Fatalf("after %d frames %d flips wait for pictures, %d for the timeline", i+1, len(c.gallery.pending), len(c.undecided))
		}
	}
	if flips, _, _ := c.gallery.chosen(10); len(flips) == 0 {
		t.Error("none is shown")
	}
}
