package stability

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
	"unsafe"
)

// labelStream is top-1 only: labels held for about a second, now and then a
// glitch or churn.
func labelStream(n int) []Observation {
	rng := rand.New(rand.NewPCG(5, 6))
	obs := make([]Observation, n)
	label, left := int32(0), 30
	for i := range obs {
		if left == 0 {
			label = rng.Int32N(20)
			left = 1 + rng.IntN(60)
			if rng.IntN(4) == 0 {
				left = 1 + rng.IntN(3)
			}
		}
		left--
		obs[i] = Observation{
			Seq: uint64(i), PTS: time.Duration(i) * time.Second / 30, HasPTS: true,
			Label: label, Score: nan32(), PrevLabelScore: nan32(), Change: -1,
		}
	}
	return obs
}

// rankedStream adds five probabilities and pictures.
func rankedStream(n int) []Observation {
	rng := rand.New(rand.NewPCG(7, 8))
	obs := labelStream(n)
	for i := range obs {
		o := &obs[i]
		o.Score = 0.3 + 0.5*rng.Float32()
		o.PrevLabelScore = rng.Float32() * o.Score
		o.Change = rng.Int32N(200)
		o.N = TopK
		o.Top[0] = Ranked{o.Label, o.Score}
		for k := 1; k < TopK; k++ {
			o.Top[k] = Ranked{100 + int32(5*k) + rng.Int32N(2), o.Score / float32(k+1)}
		}
	}
	return obs
}

// repeatStream observes obs again and again, in ever later time.
type repeatStream struct {
	obs    []Observation
	tr     *Tracker
	u      Update
	i      int
	offset time.Duration
}

func (r *repeatStream) step() {
	if r.i == len(r.obs) {
		r.i = 0
		r.offset += r.obs[len(r.obs)-1].PTS + time.Second/30
	}
	o := &r.obs[r.i]
	pts := o.PTS
	o.PTS += r.offset
	r.tr.Observe(o, &r.u)
	o.PTS = pts
	r.i++
}

// benchStream is how long a benchmarked stream is: eight hours at 30 fps.
const benchStream = 864_000

func benchmarkObserve(b *testing.B, obs []Observation, windows ...time.Duration) {
	cfg := DefaultConfig()
	cfg.Windows = windows
	r := repeatStream{obs: obs, tr: NewTracker(cfg)}
	for range 200_000 {
		r.step()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if i%benchStream == 0 {
			// Beyond a million pairs there is less to do.
			r.tr, r.i, r.offset = NewTracker(cfg), 0, 0
		}
		r.step()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mobs/s")
}

func BenchmarkObserveLabels(b *testing.B) {
	benchmarkObserve(b, labelStream(20_000), 10*time.Second)
}

func BenchmarkObserveRanked(b *testing.B) {
	benchmarkObserve(b, rankedStream(20_000), 10*time.Second, time.Minute, 5*time.Minute)
}

func BenchmarkSnapshot(b *testing.B) {
	cfg := DefaultConfig()
	cfg.Windows = []time.Duration{5 * time.Minute}
	r := repeatStream{obs: rankedStream(20_000), tr: NewTracker(cfg)}
	for range 20_000 {
		r.step()
	}
	var w Window
	for _, width := range []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute} {
		b.Run(width.String(), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				r.tr.Snapshot(width, &w)
			}
		})
	}
}

// BenchmarkIntervals is all five intervals of an hour at 30 fps: 3,600
// blocks, 1,000 resamples.
func BenchmarkIntervals(b *testing.B) {
	cfg := DefaultConfig()
	r := repeatStream{obs: rankedStream(20_000), tr: NewTracker(cfg)}
	for range 3600 * 30 {
		r.step()
	}
	c := r.tr.ended()
	b.ReportAllocs()
	for range b.N {
		for m := range numMeasures {
			c.blocks.interval(m, cfg.Resamples, 1)
		}
	}
}

// BenchmarkResample is one draw of the blocks of a minute, most of which differ.
func BenchmarkResample(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var d drawer
	for range 40 {
		d.entries = append(d.entries, entry{float64(r.IntN(5)), 10, int64(r.IntN(3)+1) * weightOne / 2})
	}
	d.prepare()
	rng := rand.NewPCG(3, 4)
	for b.Loop() {
		d.resample(rng)
	}
}

func TestObserveDoesNotAllocate(t *testing.T) {
	for name, obs := range map[string][]Observation{"labels": labelStream(20_000), "ranked": rankedStream(20_000)} {
		cfg := DefaultConfig()
		cfg.Windows = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute}
		r := repeatStream{obs: obs, tr: NewTracker(cfg)}
		var w Window
		step := func() {
			for range 100 {
				r.step()
			}
			r.tr.Snapshot(time.Minute, &w)
		}
		for range 2000 {
			step()
		}
		if n := testing.AllocsPerRun(500, step); n != 0 {
			t.Errorf("%s: %v allocations in 100 observations and a snapshot, want 0", name, n)
		}
	}
}

// TestStateIsBounded holds what a stream takes after half an hour of noisy input:
// 64 KB with the default window, and 64 KB for windows of up to five minutes
// and the intervals alone.
func TestStateIsBounded(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	obs := rankedStream(20_000)
	perStream := func(windows ...time.Duration) (int64, *Tracker) {
		const streams = 5
		trackers := make([]*Tracker, streams)
		before := heap()
		for i := range trackers {
			cfg := DefaultConfig()
			cfg.Windows = windows
			r := repeatStream{obs: obs, tr: NewTracker(cfg)}
			for range 60_000 {
				r.step()
			}
			trackers[i] = r.tr
		}
		per := (heap() - before) / streams
		runtime.KeepAlive(trackers)
		runtime.KeepAlive(obs)
		return per, trackers[0]
	}
	small, _ := perStream(10 * time.Second)
	large, tr := perStream(10*time.Second, time.Minute, 5*time.Minute)
	kept := cap(tr.recent.buf)*int(unsafe.Sizeof(record{})) + cap(tr.groups.list)*int(unsafe.Sizeof(group{})) +
		cap(tr.blocks.batches.sums)*int(unsafe.Sizeof(batch{})) + int(unsafe.Sizeof(*tr))
	for m := range numMeasures {
		kept += (cap(tr.blocks.open[m].cells) + cap(tr.blocks.closed[m].cells)) * int(unsafe.Sizeof(cell{}))
	}
	t.Logf("%d bytes a stream with one window of 10 s; %d with three of up to 5 min, %d of which for windows and intervals", small, large, kept)
	if small > 64<<10 {
		t.Errorf("with the default window a stream takes %d bytes, want at most 64 KB", small)
	}
	if kept > 64<<10 {
		t.Errorf("windows and intervals take %d bytes, want at most 64 KB", kept)
	}
	if large > 96<<10 {
		t.Errorf("with three windows a stream takes %d bytes, want at most 96 KB", large)
	}
}
