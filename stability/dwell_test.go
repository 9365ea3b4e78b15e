package stability

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestDwellByExample(t *testing.T) {
	at := func(label int32, pts int, cut bool) Observation {
		o := labelled(label, time.Duration(pts)*ms)
		o.Cut = cut
		return o
	}
	for _, tt := range []struct {
		name string
		obs  []Observation
		want Dwell
	}{
		{"one label to the end", []Observation{at(1, 0, false), at(1, 40, false), at(1, 80, false)},
			Dwell{Count: 1, Held: 1, Min: 120 * ms, Median: 120 * ms, P95: 120 * ms, MinFrames: 3, MedianFrames: 3, P95Frames: 3}},
		{"the last frame is another", []Observation{at(1, 0, false), at(1, 40, false), at(2, 100, false)},
			Dwell{Count: 2, Held: 2, Min: 60 * ms, Median: 80 * ms, P95: 98 * ms, MinFrames: 1, MedianFrames: 1.5, P95Frames: 1.95}},
		{"a scene of one frame has no length", []Observation{at(1, 0, false), at(1, 40, false), at(2, 80, true), at(3, 120, true), at(3, 160, false)},
			Dwell{Count: 3, Held: 2, Min: 80 * ms, Median: 80 * ms, P95: 80 * ms, MinFrames: 1, MedianFrames: 2, P95Frames: 2}},
		{"a single frame", []Observation{at(1, 0, false)}, Dwell{Count: 1, MinFrames: 1, MedianFrames: 1, P95Frames: 1}},
	} {
		if got := summaryOf(DefaultConfig(), tt.obs).Dwell; got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// TestDwellAgreesWithRecomputation, on streams with every kind of break.
func TestDwellAgreesWithRecomputation(t *testing.T) {
	rng := rand.New(rand.NewPCG(81, 82))
	cfg := DefaultConfig()
	cfg.Windows, cfg.Resamples = nil, 100
	for i := range 500 {
		obs := randomStream(rng, 1+rng.IntN(60))
		type seen struct {
			at    time.Duration
			label int32
			fresh bool // no repeat
		}
		var runs [][]seen
		tr := NewTracker(cfg)
		var u Update
		for j := range obs {
			tr.Observe(&obs[j], &u)
			if obs[j].Label == NoLabel {
				continue
			}
			s := seen{tr.clock.now, obs[j].Label, !u.Repeat}
			if !u.Pair && !u.Repeat {
				runs = append(runs, nil)
			}
			runs[len(runs)-1] = append(runs[len(runs)-1], s)
		}
		var lengths, frames []int64
		for _, run := range runs {
			for a := 0; a < len(run); {
				b, n := a, int64(0)
				for b < len(run) && (!run[b].fresh || run[b].label == run[a].label) {
					if run[b].fresh {
						n++
					}
					b++
				}
				frames = append(frames, n)
				switch {
				case b < len(run):
					lengths = append(lengths, int64(run[b].at-run[a].at))
				case len(run) > 1:
					lengths = append(lengths, int64(run[b-1].at-run[a].at+run[b-1].at-run[b-2].at))
				}
				a = b
			}
		}
		got := tr.Summary().Dwell
		if got.Count != int64(len(frames)) || got.Held != int64(len(lengths)) {
			t.Fatalf("stream %d: %d and %d with a length, want %d and %d\n%s", i, got.Count, got.Held, len(frames), len(lengths), describe(obs))
		}
		if len(lengths) > 0 && (int64(got.Min) != slices.Min(lengths) || got.Min <= 0) || len(frames) > 0 && got.MinFrames != slices.Min(frames) {
			t.Fatalf("stream %d: shortest %v and %d frames, want %v and %v\n%s", i, got.Min, got.MinFrames, lengths, frames, describe(obs))
		}
	}
}
