package alerts

import (
	"slices"

	"github.com/flipmeter/flipmeter/stability"
)

// The metrics of a camera's health are judged by Tick, not from windows.
const (
	// Up is 1 while the camera delivers, else 0.
	Up = "up"
	// Frozen is 1 while it delivers the same picture over and over, 0 while
	// the pictures differ, and unknown while it is down.
	Frozen = "frozen"
)

func ofHealth(name string) bool { return name == Up || name == Frozen }

// coverage is known without observations, too: nothing is covered then.
const coverage = "coverage"

// metric reads one measure of a window, with the number of pairs that it
// rests on; the value is NaN where it is not known.
type metric func(w *stability.Window) (value float64, pairs int64)

func ofPairs(value func(w *stability.Window) float64) metric {
	return func(w *stability.Window) (float64, int64) { return value(w), w.Pairs }
}

func ratio(part, whole int64) float64 {
	return float64(part) / float64(whole) // 0/0 is NaN
}

func metricOf(name string) (metric, bool) {
	m, ok := windowMetrics()[name]
	return m, ok
}

// windowMetrics are the measures that rules may watch, by the names of the
// summary's fields.
func windowMetrics() map[string]metric {
	m := map[string]metric{
		"flip_fraction":        ofPairs(func(w *stability.Window) float64 { return w.FlipFraction.Value }),
		"flip_fraction.low":    ofPairs(func(w *stability.Window) float64 { return w.FlipFraction.Low }),
		"flip_fraction.high":   ofPairs(func(w *stability.Window) float64 { return w.FlipFraction.High }),
		"unexplained_fraction": ofPairs(func(w *stability.Window) float64 { return w.UnexplainedFraction }),
		"flip_rate_hz":         ofPairs(func(w *stability.Window) float64 { return w.FlipRateHz }),
		"mac":                  ofPairs(func(w *stability.Window) float64 { return w.MAC }),
		"t5d":                  ofPairs(func(w *stability.Window) float64 { return w.T5D }),
		"entropy_bits":         ofPairs(func(w *stability.Window) float64 { return w.EntropyBits }),
		"flapping_percent":     ofPairs(func(w *stability.Window) float64 { return w.FlappingPercent }),
		"mean_score":           ofPairs(func(w *stability.Window) float64 { return w.MeanScore }),
		"flips":                ofPairs(func(w *stability.Window) float64 { return float64(w.Flips) }),
		"glitches":             ofPairs(func(w *stability.Window) float64 { return float64(w.Glitches) }),
		"unexplained":          ofPairs(func(w *stability.Window) float64 { return float64(w.Unexplained) }),
		"cut_changes":          ofPairs(func(w *stability.Window) float64 { return float64(w.CutChanges) }),
		"decided.share":        ofPairs(func(w *stability.Window) float64 { return ratio(w.DecidedPairs, w.Pairs) }),
		coverage:               ofPairs(func(w *stability.Window) float64 { return w.Coverage }),
		"decided.flip_fraction": func(w *stability.Window) (float64, int64) {
			return w.DecidedFlipFraction, w.DecidedPairs
		},
		"decided.flips": func(w *stability.Window) (float64, int64) {
			return float64(w.DecidedFlips), w.DecidedPairs
		},
		"still.flip_fraction": func(w *stability.Window) (float64, int64) {
			return ratio(w.StillFlips, w.StillPairs), w.StillPairs
		},
		"moving.flip_fraction": func(w *stability.Window) (float64, int64) {
			return ratio(w.MovingFlips, w.MovingPairs), w.MovingPairs
		},
	}
	for _, k := range []stability.Kind{stability.KindGlitch, stability.KindTransition, stability.KindChurn, stability.KindCensored} {
		m["kinds."+k.String()] = ofPairs(func(w *stability.Window) float64 { return float64(w.Kinds[k]) })
	}
	return m
}

// Metrics lists the names that Rule.Metric may have, in order.
func Metrics() []string {
	names := []string{Up, Frozen}
	for name := range windowMetrics() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
