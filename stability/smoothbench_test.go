package stability

import (
	"runtime"
	"testing"
	"time"
)

// benchmarkSmoothing is what smoothers cost a frame beside the tracker, whose
// own cost is in it; with so many classes' probabilities, or none.
func benchmarkSmoothing(b *testing.B, classes int, recommend bool, smoothers ...Smoother) {
	cfg := SmoothingConfig{Measures: DefaultConfig(), Smoothers: smoothers, Recommend: recommend, MaxLag: time.Second}
	r := repeatStream{obs: rankedStream(20_000), tr: NewTracker(cfg.Measures)}
	s := NewSmoothing(cfg)
	var probs []float32
	if classes > 0 {
		probs = make([]float32, classes)
	}
	var at Observation
	step := func() {
		r.step()
		at = r.obs[r.i-1]
		at.PTS += r.offset
		if classes > 0 {
			clear(probs)
			for _, x := range at.Top[:at.N] {
				probs[x.Index] = x.Score
			}
		}
		s.Observe(&at, probs, &r.u)
	}
	for range 20_000 {
		step()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		step()
	}
}

func BenchmarkSmoothingLabels(b *testing.B) {
	benchmarkSmoothing(b, 0, false, Consecutive(3), Majority(9), Lock(10, 0, 3, 10))
}

func BenchmarkSmoothingProbabilities(b *testing.B) {
	benchmarkSmoothing(b, 1000, false, EMA(0.2), Mean(5), Hysteresis(0.2))
}

func BenchmarkSmoothingCandidates(b *testing.B) { benchmarkSmoothing(b, 1000, true) }

func BenchmarkTruth(b *testing.B) {
	r := repeatStream{obs: rankedStream(20_000), tr: NewTracker(DefaultConfig())}
	s := NewTruthScorer(DefaultTruthConfig())
	i := 0
	step := func() {
		r.step()
		o := &r.obs[r.i-1]
		s.Observe(o, &r.u, o.Label/2+int32(i/70%2))
		i++
	}
	for range 100_000 {
		step()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		step()
	}
}

// TestSmoothingIsBounded holds what the what-ifs of a stream take, on noisy
// input and a thousand classes: a search takes megabytes while the stream
// runs, and next to nothing after it.
func TestSmoothingIsBounded(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	obs := rankedStream(fewer(8000))
	probs := make([]float32, 1000)
	run := func(cfg SmoothingConfig) (running, ended int64) {
		tr := NewTracker(cfg.Measures)
		before := heap()
		s := NewSmoothing(cfg)
		var u Update
		for i := range obs {
			o := &obs[i]
			clear(probs)
			for _, x := range o.Top[:o.N] {
				probs[x.Index] = x.Score
			}
			tr.Observe(o, &u)
			s.Observe(o, probs, &u)
		}
		running = heap() - before
		tr.Flush(&u)
		s.Flush(&u)
		ended = heap() - before
		for _, x := range []any{s, tr, obs, probs} {
			runtime.KeepAlive(x)
		}
		return running, ended
	}
	base, _ := run(SmoothingConfig{Measures: DefaultConfig()})
	three, _ := run(SmoothingConfig{Measures: DefaultConfig(), Smoothers: []Smoother{Consecutive(3)}})
	search, left := run(SmoothingConfig{Measures: DefaultConfig(), Recommend: true})
	three, search, left = three-base, search-base, left-base
	t.Logf("consecutive(3) takes %d KB a stream; a search over %d candidates %d KB while it runs and %d KB after it", three>>10, len(Candidates()), search>>10, left>>10)
	if three > 64<<10 || search > 6<<20 || left > 32<<10 {
		t.Errorf("too much: %d, %d and %d bytes", three, search, left)
	}
}
