package scene

import (
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

// The rule's constants. A median absolute difference times 1.4826 is the
// standard deviation of Gaussian noise; σ is taken from the quietest tenth
// of the pairs, so that motion does not count as noise.
const (
	madToSigma   = 1.4826
	sigmas       = 5
	quietPart    = 10  // one in
	minThreshold = 1.0 // grey levels
	maxThreshold = 4.0 // grey levels
	// quietValues are the doubled medians told apart: from the last of them on
	// the threshold is maxThreshold, however large they are. One counter for
	// each possible one would be 100 kB a stream.
	quietValues = 54
)

// Change is what changed between two frames of a stream.
type Change struct {
	Cells  int     // number of changed cells; 0 is still
	Max    float32 // largest difference of a cell, grey levels
	Median float32 // of the differences over all cells, grey levels
	Tau    float32 // the threshold that was applied, grey levels
	// Changed are the changed cells (row·32+column), ascending. The slice is
	// used again by the next comparison.
	Changed []uint16
}

// Still says that no cell changed.
func (c *Change) Still() bool { return c.Cells == 0 }

// ChangeMap compares consecutive pictures of one stream cell by cell: a cell
// has changed where its mean luma differs by more than τ = clamp(5σ, 1, 4)
// grey levels. The noise scale σ is 1.4826 · the 10th percentile (nearest
// rank: the ⌈n/10⌉-th smallest of n) over the stream so far, the pair at
// hand included, of the per-pair median difference. All sums are whole
// numbers and the percentile is exact, so a stream continued with Observe
// gives the same results to the last bit.
//
// τ's limits say what the map can see: never more than 4, because an object
// of 12×12 pixels with contrast 30 that moves by 4 must show, and never less
// than 1, because compression dithers by that.
type ChangeMap struct {
	quiet     quantile
	prev, cur Grid
	delta     deltas
}

// NewChangeMap starts the map of one stream. The noise scale looks back over
// window of the stream's time (the pair at time t uses those in (t−window,
// t]); 0 means the whole stream. Live streams use a minute, so that night
// follows day.
func NewChangeMap(window time.Duration) *ChangeMap {
	return &ChangeMap{quiet: newQuantile(quietValues, quietPart, window)}
}

// Compare compares two 224×224 luma pictures. At is the time of the second,
// as the stream counts it; it must not decrease.
func (m *ChangeMap) Compare(prev, cur frame.Picture, at time.Duration, out *Change) {
	m.prev.Fill(prev)
	m.cur.Fill(cur)
	m.CompareGrids(&m.prev, &m.cur, at, out)
}

// CompareGrids is Compare for grids that the caller keeps: half the work,
// and 2 kB to hold instead of a picture.
func (m *ChangeMap) CompareGrids(prev, cur *Grid, at time.Duration, out *Change) {
	most := m.delta.set(cur, prev)
	twice := m.delta.medianTwice(most)
	m.quiet.add(at, twice)
	tau := m.threshold()

	// d/49 > τ for whole d is d > ⌊49τ⌋.
	limit := int(cellCount * tau)
	out.Changed = out.Changed[:0]
	if most > limit {
		out.Changed = m.delta.appendAbove(out.Changed, limit)
	}
	out.Cells = len(out.Changed)
	out.Max = float32(most) / cellCount
	out.Median = float32(twice) / (2 * cellCount)
	out.Tau = float32(tau)
}

// Observe takes in a pair that was compared in an earlier run by its
// Change.Median, in the order of the stream. After all pairs of the earlier
// run the map is in the state in which that run left it.
func (m *ChangeMap) Observe(median float32, at time.Duration) {
	m.quiet.add(at, int(median*2*cellCount+0.5))
}

// threshold is τ in grey levels.
func (m *ChangeMap) threshold() float64 {
	sigma := madToSigma * float64(m.quiet.value()) / (2 * cellCount)
	return min(max(sigmas*sigma, minThreshold), maxThreshold)
}
