package scene

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

// slowMap is the definition in words: floating means, sorted medians, all
// pairs kept.
type slowMap struct {
	window  time.Duration
	at      []time.Duration
	medians []float64
}

func (s *slowMap) compare(prev, cur frame.Picture, at time.Duration) Change {
	mean := func(p frame.Picture, cell int) float64 {
		var sum float64
		for y := range 7 {
			for x := range 7 {
				sum += float64(p.Pix[(cell/32*7+y)*224+cell%32*7+x])
			}
		}
		return sum / 49
	}
	delta := make([]float64, 1024)
	for c := range delta {
		delta[c] = math.Abs(mean(cur, c) - mean(prev, c))
	}
	sorted := slices.Sorted(slices.Values(delta))
	median := (sorted[511] + sorted[512]) / 2
	s.at, s.medians = append(s.at, at), append(s.medians, median)
	var seen []float64
	for i, m := range s.medians {
		if s.window == 0 || s.at[i] > at-s.window {
			seen = append(seen, m)
		}
	}
	slices.Sort(seen)
	p10 := seen[(len(seen)+9)/10-1]
	tau := min(max(5*1.4826*p10, 1), 4)
	out := Change{Max: float32(sorted[1023]), Median: float32(median), Tau: float32(tau)}
	for i, d := range delta {
		if d > tau+1e-9 {
			out.Changed = append(out.Changed, uint16(i))
		}
	}
	out.Cells = len(out.Changed)
	return out
}

func TestCompareIsTheDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, window := range []time.Duration{0, 2 * time.Second} {
		fast, slow := NewChangeMap(window), &slowMap{window: window}
		prev := noisePicture(Side, Side, 1, 9)
		var got Change
		for i := range 120 {
			cur := frame.Picture{Width: Side, Height: Side, Channels: 1, Pix: slices.Clone(prev.Pix)}
			switch rng.IntN(4) {
			case 0: // everything is new
				cur = noisePicture(Side, Side, 1, rng.Uint64())
			case 1: // nothing is
			default: // noise, and a patch
				newNoise(rng.Float64()*6, rng).add(cur.Pix)
				drawObject(cur.Pix, rng.IntN(200), rng.IntN(200), 20)
			}
			at := time.Duration(i) * 90 * time.Millisecond
			fast.Compare(prev, cur, at, &got)
			want := slow.compare(prev, cur, at)
			if got.Cells != want.Cells || !slices.Equal(got.Changed, want.Changed) ||
				math.Abs(float64(got.Max-want.Max)) > 1e-4 || math.Abs(float64(got.Median-want.Median)) > 1e-4 || math.Abs(float64(got.Tau-want.Tau)) > 1e-4 {
				t.Fatalf("window %v, pair %d:\ngot  %+v\nwant %+v", window, i, got, want)
			}
			prev = cur
		}
	}
}

// A stream that is taken up again from recorded medians must go on as if it
// had never stopped.
func TestObserveContinuesAStream(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, window := range []time.Duration{0, time.Second} {
		one := NewChangeMap(window)
		var medians []float32
		var c, d Change
		pictures := make([]frame.Picture, 60)
		for i := range pictures {
			pictures[i] = noisePicture(Side, Side, 1, 5)
			newNoise(rng.Float64()*5, rng).add(pictures[i].Pix)
		}
		at := func(i int) time.Duration { return time.Duration(i) * 40 * time.Millisecond }
		for i := 1; i < 40; i++ {
			one.Compare(pictures[i-1], pictures[i], at(i), &c)
			medians = append(medians, c.Median)
		}
		two := NewChangeMap(window)
		for i, m := range medians {
			two.Observe(m, at(i+1))
		}
		for i := 40; i < 60; i++ {
			one.Compare(pictures[i-1], pictures[i], at(i), &c)
			two.Compare(pictures[i-1], pictures[i], at(i), &d)
			if c.Cells != d.Cells || c.Tau != d.Tau || !slices.Equal(c.Changed, d.Changed) {
				t.Fatalf("window %v, pair %d: %+v in one go, %+v continued", window, i, c, d)
			}
		}
	}
}

// The first property of the rule: an object of 12×12 with contrast 30 that
// moves by 4 is never still, wherever it is and even at the highest
// threshold. Seven offsets cover every position within a cell.
func checkObjectShows(t *testing.T, name string, background frame.Picture) {
	t.Helper()
	m := NewChangeMap(0)
	for range 10_000 {
		m.Observe(100, 0) // noise beyond all bounds: τ is at its limit
	}
	rng := rand.New(rand.NewPCG(1, 1))
	var c Change
	least := math.Inf(1)
	for oy := range cellSide {
		for ox := range cellSide {
			for _, move := range [][2]int{{4, 0}, {-4, 0}, {0, 4}, {0, -4}, {4, 4}, {4, -4}} {
				x, y := 4+7*rng.IntN(27)+ox, 4+7*rng.IntN(27)+oy
				a, b := clone(background), clone(background)
				drawObject(a.Pix, x, y, 30)
				drawObject(b.Pix, x+move[0], y+move[1], 30)
				m.Compare(a, b, 0, &c)
				least = min(least, float64(c.Max))
				if c.Tau != maxThreshold || c.Still() {
					t.Fatalf("%s: still although the object went from %d,%d by %v (largest difference %v, τ %v)", name, x, y, move, c.Max, c.Tau)
				}
			}
		}
	}
	t.Logf("%s: at least %.1f grey levels", name, least)
}

func TestObjectIsNeverStill(t *testing.T) {
	for _, level := range []byte{0, 100, 225} {
		p := frame.Picture{Width: Side, Height: Side, Channels: 1, Pix: slices.Repeat([]byte{level}, Side*Side)}
		checkObjectShows(t, "flat", p)
	}
	for _, clip := range clips {
		p := lumaFrames(t, clip, 1)[0]
		for i, v := range p.Pix {
			p.Pix[i] = min(v, 225) // the contrast needs room above
		}
		checkObjectShows(t, clip, p)
	}
}

// The second property: a static scene under Gaussian sensor noise is still
// in at least 99 % of pairs.
func checkNoiseIsStill(t *testing.T, name string, scene frame.Picture, sigma float64, pairs int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(11, uint64(sigma*1000)))
	noise := newNoise(sigma, rng)
	m := NewChangeMap(0)
	var prev, cur Grid
	var c Change
	still := 0
	for i := range pairs + 1 {
		p := clone(scene)
		noise.add(p.Pix)
		cur.Fill(p)
		if i > 0 {
			m.CompareGrids(&prev, &cur, time.Duration(i)*40*time.Millisecond, &c)
			if c.Still() {
				still++
			}
		}
		prev = cur
	}
	if share := float64(still) / float64(pairs); share < 0.99 {
		t.Errorf("%s under noise of σ = %v: still in %.2f %% of %d pairs", name, sigma, 100*share, pairs)
	}
}

func TestNoiseIsStill(t *testing.T) {
	grey := frame.Picture{Width: Side, Height: Side, Channels: 1, Pix: slices.Repeat([]byte{128}, Side*Side)}
	for _, sigma := range []float64{0.1, 0.3, 0.5, 1, 1.5, 2, 3, 4} {
		checkNoiseIsStill(t, "grey", grey, sigma, 300)
	}
	for _, clip := range clips {
		p := lumaFrames(t, clip, 1)[0]
		checkNoiseIsStill(t, clip, p, 1, 100)
		checkNoiseIsStill(t, clip, p, 4, 400)
	}
}

func TestCompareAllocatesNothing(t *testing.T) {
	p, q := noisePicture(Side, Side, 1, 1), noisePicture(Side, Side, 1, 2)
	m := NewChangeMap(time.Minute)
	var c Change
	at := time.Duration(0)
	step := func() { m.Compare(p, q, at, &c); at += 100 * time.Millisecond }
	for range 2000 {
		m.Observe(1, at)
		at += 100 * time.Millisecond
	}
	step()
	if n := testing.AllocsPerRun(1000, step); n != 0 {
		t.Errorf("%v allocations a pair", n)
	}
}

// Few values are told apart, which changes no threshold, and a map is small.
func TestThresholdOfEveryMedian(t *testing.T) {
	for twice := range 2*cellCount*255 + 1 {
		m := NewChangeMap(0)
		m.quiet.add(0, twice)
		if want := min(max(sigmas*madToSigma*float64(twice)/(2*cellCount), minThreshold), maxThreshold); math.Abs(m.threshold()-want) > 1e-12 {
			t.Fatalf("twice the median %d: threshold %v, want %v", twice, m.threshold(), want)
		}
	}
	if n := len(NewChangeMap(0).quiet.count); n > 64 {
		t.Errorf("a map counts %d values: it is to take a few kB", n)
	}
}

func TestQuantileIsTheSortedOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for _, window := range []time.Duration{0, 1, 50, 700} {
		q := newQuantile(1000, 10, window)
		var at time.Duration
		type entry struct {
			at time.Duration
			v  int
		}
		var all []entry
		for i := range 900 {
			at += time.Duration(rng.IntN(3))
			v := rng.IntN(1 + i%500)
			q.add(at, v)
			all = append(all, entry{at, v})
			var seen []int
			for _, e := range all {
				if window == 0 || e.at > at-window {
					seen = append(seen, e.v)
				}
			}
			slices.Sort(seen)
			if want := seen[(len(seen)+9)/10-1]; q.value() != want {
				t.Fatalf("window %d, after %d values: %d, want %d", window, i+1, q.value(), want)
			}
		}
	}
}

// A window's memory is bounded even where time stands still.
func TestQuantileForgetsTheOldestWhenFull(t *testing.T) {
	q := newQuantile(10, 10, time.Minute)
	for range maxHeld {
		q.add(0, 1)
	}
	for range maxHeld {
		q.add(0, 7)
	}
	if q.n != maxHeld || q.value() != 7 || len(q.held) > 2*maxHeld {
		t.Errorf("holds %d values in room for %d, quantile %d", q.n, len(q.held), q.value())
	}
}

func clone(p frame.Picture) frame.Picture {
	p.Pix = slices.Clone(p.Pix)
	return p
}

// drawObject brightens 12×12 pixels by the contrast.
func drawObject(pix []byte, x, y int, contrast byte) {
	for dy := range 12 {
		for dx := range 12 {
			i := (y+dy)*Side + x + dx
			pix[i] = byte(min(255, int(pix[i])+int(contrast)))
		}
	}
}
