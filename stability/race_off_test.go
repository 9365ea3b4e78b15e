//go:build !race

package stability

// raceEnabled: see its twin.
const raceEnabled = false
