package stability

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// flipProcess makes correlated flips of known rate.
type flipProcess struct {
	name string
	rate float64 // the true flip fraction
	// next returns whether the next pair flips.
	start func(rng *rand.Rand) func() bool
}

// twoState is a chain that flips with probability high in its active state
// and low in its calm one; both are left at random, with the given mean
// stays in pairs. Its correlation time is 1/(1/active + 1/calm) pairs.
func twoState(name string, high, low, active, calm float64) flipProcess {
	share := active / (active + calm)
	return flipProcess{name, share*high + (1-share)*low, func(rng *rand.Rand) func() bool {
		on := rng.Float64() < share
		return func() bool {
			if on {
				on = rng.Float64() >= 1/active
			} else {
				on = rng.Float64() < 1/calm
			}
			if on {
				return rng.Float64() < high
			}
			return rng.Float64() < low
		}
	}}
}

// bursts are trains of flips: with probability p a pair begins one of the
// given length, in which every pair flips.
func bursts(name string, p float64, length int) flipProcess {
	// A pair is calm if the last train has ended; trains of fixed length
	// alternate with geometric gaps of mean 1/p.
	gap := (1 - p) / p
	return flipProcess{name, float64(length) / (float64(length) + gap), func(rng *rand.Rand) func() bool {
		left := 0
		return func() bool {
			if left == 0 && rng.Float64() < p {
				left = length
			}
			if left > 0 {
				left--
				return true
			}
			return false
		}
	}}
}

// observeFlips tracks a stream with the given flips at 30 fps.
func observeFlips(cfg Config, n int, next func() bool) *Tracker {
	tr := NewTracker(cfg)
	var u Update
	label := int32(0)
	for i := range n + 1 {
		if i > 0 && next() {
			label++
			label %= 50
		}
		tr.Observe(&Observation{
			Seq: uint64(i), PTS: time.Duration(i) * time.Second / 30, HasPTS: true, Label: label,
			Score: nan32(), PrevLabelScore: nan32(), Change: -1,
		}, &u)
	}
	tr.Flush(&u)
	return tr
}

func TestIntervalsCoverTheTruth(t *testing.T) {
	const trials = 1000
	const n = 2100 // pairs
	processes := []flipProcess{
		twoState("two states, 0.1 s", 0.4, 0.02, 5, 8),
		twoState("two states, 0.2 s", 0.5, 0.02, 9, 18),
		twoState("rare, 0.13 s", 0.3, 0.005, 5, 20),
		bursts("bursts of 6", 0.02, 6),
	}
	if raceEnabled {
		processes = processes[:1]
	}
	cfg := DefaultConfig()
	cfg.Windows = nil
	cfg.Resamples = 300
	for i, p := range processes {
		rng := rand.New(rand.NewPCG(11, uint64(i)))
		covered, naive := 0, 0
		width := 0.0
		for trial := range trials {
			cfg.Seed = uint64(trial)
			tr := observeFlips(cfg, n, p.start(rng))
			f := tr.blocks.total[measureFlips]
			iv := tr.blocks.interval(measureFlips, cfg.Resamples, cfg.Seed)
			width += (iv.High - iv.Low) / trials
			if iv.Low <= p.rate && p.rate <= iv.High {
				covered++
			}
			est := ratio(f.num, f.den)
			if math.Abs(est-p.rate) <= z975*math.Sqrt(est*(1-est)/float64(n)) {
				naive++
			}
		}
		t.Logf("%-20s rate %.4f: covered %.1f %%, naive %.1f %%, mean width %.4f", p.name, p.rate, 100*float64(covered)/trials, 100*float64(naive)/trials, width)
		if covered < 920 || covered > 980 {
			t.Errorf("%s: the interval covers the truth in %d of %d trials, want 920 to 980", p.name, covered, trials)
		}
		if naive >= 920 {
			t.Errorf("%s: the binomial interval covers the truth in %d of %d trials: these flips are not correlated", p.name, naive, trials)
		}
	}
}

// TestIntervalsBeyondTheirPromise says how often the interval covers the truth
// where flips come in longer bouts than blocks of a second can tell; the
// documentation quotes it (run with -v).
func TestIntervalsBeyondTheirPromise(t *testing.T) {
	if raceEnabled {
		return // the same arithmetic, ten times as slow
	}
	const trials, n = 400, 2100
	cfg := DefaultConfig()
	cfg.Windows, cfg.Resamples = nil, 300
	last := 1.0
	for i, p := range []flipProcess{
		twoState("0.5 s", 0.5, 0.02, 22, 45), twoState("1 s", 0.5, 0.02, 45, 90), twoState("2 s", 0.5, 0.02, 90, 180),
	} {
		rng := rand.New(rand.NewPCG(13, uint64(i)))
		covered := 0
		for trial := range trials {
			cfg.Seed = uint64(trial)
			iv := observeFlips(cfg, n, p.start(rng)).blocks.interval(measureFlips, cfg.Resamples, cfg.Seed)
			if iv.Low <= p.rate && p.rate <= iv.High {
				covered++
			}
		}
		share := float64(covered) / trials
		t.Logf("correlated over %s: covered %.0f %%", p.name, 100*share)
		if share > last+0.02 || share < 0.6 {
			t.Errorf("correlated over %s: covered %.2f after %.2f", p.name, share, last)
		}
		last = share
	}
}
