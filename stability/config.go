package stability

import (
	"errors"
	"fmt"
	"time"
)

// Config holds the thresholds of the measures. The zero value is not valid:
// start from DefaultConfig.
type Config struct {
	// MinScore is the score from which an observation counts as decided.
	MinScore float64

	// DwellMin is how long a label must be held, in at least three frames,
	// to count as held; GlitchMax how long an excursion of more than one
	// frame may last to be a glitch. DwellMin is larger than GlitchMax:
	// then no label inside a glitch is held, and excursions can't overlap.
	DwellMin, GlitchMax time.Duration
	// NearCut is the largest distance between a flip and a cut that are
	// near each other.
	NearCut time.Duration
	// MinSceneGap is the shortest scene that the cut counter knows. It
	// doesn't change what breaks a pair.
	MinSceneGap time.Duration

	// Windows are the widths that Snapshot will be asked for. The largest
	// decides how much of the past is kept.
	Windows []time.Duration
	// WindowExact is how many of the newest observations are kept one by
	// one (24 bytes each) if a window needs them. Windows that hold no more
	// are exact; see Tracker.Snapshot for larger ones.
	WindowExact int

	// Classes is the number of classes of the classifier; 0 if unknown. It
	// only tells whether a ranking of fewer than TopK classes is complete.
	Classes int

	// Block is the length of the blocks of video that the bootstrap draws.
	// Streams without times use BlockPairs pairs instead.
	Block      time.Duration
	BlockPairs int
	// Resamples is how often the bootstrap draws.
	Resamples int
	// Seed makes the bootstrap reproducible: equal streams with an equal
	// seed have equal intervals.
	Seed uint64
}

// DefaultConfig holds the thresholds of the definitions.
func DefaultConfig() Config {
	return Config{
		MinScore:    0.5,
		DwellMin:    400 * time.Millisecond,
		GlitchMax:   200 * time.Millisecond,
		NearCut:     120 * time.Millisecond,
		MinSceneGap: 600 * time.Millisecond,
		Windows:     []time.Duration{10 * time.Second},
		WindowExact: 1024,
		Block:       time.Second,
		BlockPairs:  30,
		Resamples:   1000,
		Seed:        1,
	}
}

// Validate says everything that is wrong with the configuration.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(c.MinScore >= 0 && c.MinScore <= 1, "min_score: must be between 0 and 1, got %v", c.MinScore)
	check(c.GlitchMax > 0, "glitch_max: must be above 0, got %v", c.GlitchMax)
	check(c.DwellMin > c.GlitchMax, "dwell_min: must be above glitch_max (%v), got %v", c.GlitchMax, c.DwellMin)
	check(c.NearCut >= 0, "near_cut: must not be negative, got %v", c.NearCut)
	check(c.MinSceneGap >= 0, "min_scene_gap: must not be negative, got %v", c.MinSceneGap)
	for i, w := range c.Windows {
		check(w > 0, "windows[%d]: must be above 0, got %v", i, w)
	}
	check(c.WindowExact >= 64 && c.WindowExact <= 1<<20, "window_exact: must be between 64 and %d observations, got %d", 1<<20, c.WindowExact)
	check(c.Classes >= 0, "classes: must not be negative, got %d", c.Classes)
	check(c.Block > 0, "block: must be above 0, got %v", c.Block)
	check(c.BlockPairs > 0, "block_pairs: must be above 0, got %d", c.BlockPairs)
	check(c.Resamples >= 100 && c.Resamples <= 100_000, "resamples: must be between 100 and 100000, got %d", c.Resamples)
	return errors.Join(errs...)
}

// maxWindow is the widest configured window, 0 if there is none.
func (c *Config) maxWindow() time.Duration {
	var w time.Duration
	for _, x := range c.Windows {
		w = max(w, x)
	}
	return w
}
