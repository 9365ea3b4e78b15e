//go:build race

package stability

// raceEnabled makes the statistical tests, which run on one goroutine, do
// less under the race detector: it slows them tenfold and finds nothing there.
const raceEnabled = true
