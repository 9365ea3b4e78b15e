package stability

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// correlatedRuns makes two runs whose flips both follow the footage: in busy
// stretches both flip more. extra is how much oftener the second flips.
func correlatedRuns(rng *rand.Rand, n int, extra float64) *PairedDelta {
	cfg := DefaultConfig()
	cfg.Resamples = 300
	p := NewPairedDelta("", cfg)
	busy := false
	for i := range n {
		if rng.IntN(10) == 0 {
			busy = rng.IntN(3) == 0
		}
		rate := 0.05
		if busy {
			rate = 0.5
		}
		shared := rng.Float64()
		a := PairFact{Pair: i > 0, Flip: shared < rate, Unexplained: False, Decided: true, Change: shared / 4}
		b := a
		b.Flip = b.Flip || rng.Float64() < extra/(1-0.2)
		b.Change += 0.01
		b.Unexplained = TriOf(b.Flip && !a.Flip)
		p.AddFrame(time.Duration(i)*time.Second/30, true, a, b, TriOf(a.Flip != b.Flip))
	}
	return p
}

// pairedProcess makes two runs whose flips both follow a chain of calm and
// active states, and which differ by a known fraction.
type pairedProcess struct {
	name string
	// Flip fractions in the calm and in the active state, of the baseline and
	// of the run, and the states' mean stays in pairs.
	base, run    [2]float64
	calm, active float64
	shared       float64 // how often both use the same random number
}

func (c *pairedProcess) truth() float64 {
	share := c.active / (c.active + c.calm)
	return (1-share)*(c.run[0]-c.base[0]) + share*(c.run[1]-c.base[1])
}

func (c *pairedProcess) simulate(rng *rand.Rand, n int, cfg Config) *PairedDelta {
	p := NewPairedDelta("", cfg)
	state := 0
	if rng.Float64() < c.active/(c.active+c.calm) {
		state = 1
	}
	for i := range n {
		if stay := [2]float64{c.calm, c.active}[state]; rng.Float64() < 1/stay {
			state = 1 - state
		}
		x := rng.Float64()
		y := x
		if rng.Float64() >= c.shared {
			y = rng.Float64()
		}
		a := PairFact{Pair: i > 0, Flip: x < c.base[state], Unexplained: Unknown, Change: nan()}
		b := PairFact{Pair: i > 0, Flip: y < c.run[state], Unexplained: Unknown, Change: nan()}
		p.AddFrame(time.Duration(i)*time.Second/30, true, a, b, TriOf(a.Flip != b.Flip))
	}
	return p
}

// The paired interval is honest: with 2,100 pairs and correlations of at most
// 0.2 s it covers the true difference in 92 to 98 % of the trials. Where both
// runs follow the footage it is narrower than that of two runs that do not
// know of each other.
func TestPairedIntervalsCoverTheTruth(t *testing.T) {
	processes := []pairedProcess{
		{"follows the footage, 0.1 s", [2]float64{.02, .4}, [2]float64{.06, .44}, 8, 5, 1},
		{"half shared, 0.2 s", [2]float64{.02, .5}, [2]float64{.04, .3}, 18, 9, .5},
		{"rare, 0.13 s", [2]float64{.005, .3}, [2]float64{.005, .4}, 20, 5, .8},
	}
	trials := 1000
	if raceEnabled {
		processes, trials = processes[:1], 100
	}
	cfg := DefaultConfig()
	cfg.Resamples = 200
	for i := range processes {
		c := &processes[i]
		rng := rand.New(rand.NewPCG(71, uint64(i)))
		covered, paired, apart := 0, 0.0, 0.0
		for trial := range trials {
			cfg.Seed = uint64(trial)
			p := c.simulate(rng, 2101, cfg)
			d := p.Delta().FlipFraction
			if d.Low <= c.truth() && c.truth() <= d.High {
				covered++
			}
			paired += d.High - d.Low
			apart += unpairedWidth(p)
		}
		t.Logf("%-34s truth %+.4f: covered %.1f %%, mean width %.4f, unpaired %.4f", c.name, c.truth(),
			100*float64(covered)/float64(trials), paired/float64(trials), apart/float64(trials))
		if covered < trials*92/100 || covered > trials*98/100 {
			t.Errorf("%s: the interval covers the truth in %d of %d trials, want 92 to 98 %%", c.name, covered, trials)
		}
		if c.shared == 1 && paired > 0.8*apart {
			t.Errorf("%s: pairing gains too little: %.4f against %.4f", c.name, paired/float64(trials), apart/float64(trials))
		}
	}
}

// unpairedWidth is that of the interval of two runs that do not know of each
// other, from the same blocks: their two variances add up.
func unpairedWidth(p *PairedDelta) float64 {
	b := p.blocks()
	f := p.total[deltaFlips]
	variance := 0.0
	for _, i := range b.slots {
		x := b.sums[i][deltaFlips]
		base, run := sides{base: f.base}, sides{run: f.run}
		u, v := base.influence(&x), run.influence(&x)
		variance += (u*u + v*v) / blockPieces
	}
	return 2 * z975 * math.Sqrt(variance)
}

func TestPairedDeltaOfKnownRuns(t *testing.T) {
	p := correlatedRuns(rand.New(rand.NewPCG(3, 4)), 2400, 0.05)
	d := p.Delta()
	if math.Abs(d.MAC.Value-0.01) > 1e-6 || math.Abs(d.UnexplainedFraction.Value-d.FlipFraction.Value) > 1e-12 || d.DecidedFlipFraction != d.FlipFraction {
		t.Errorf("%+v", d)
	}
}

// Sides that change places change the sign of everything, and the interval
// turns around.
func TestPairedDeltaChangesSignWithSides(t *testing.T) {
	c := pairedProcess{"", [2]float64{.02, .4}, [2]float64{.1, .3}, 8, 5, .5}
	there, back := NewPairedDelta("", DefaultConfig()), NewPairedDelta("", DefaultConfig())
	rng := rand.New(rand.NewPCG(9, 10))
	for i := range 1500 {
		a := PairFact{Pair: i%97 != 0, Flip: rng.Float64() < c.base[0], Decided: rng.IntN(3) > 0, Unexplained: TriOf(rng.IntN(50) == 0), Change: rng.Float64()}
		b := PairFact{Pair: i%89 != 0, Flip: rng.Float64() < c.run[0], Decided: rng.IntN(3) > 0, Unexplained: TriOf(rng.IntN(30) == 0), Change: rng.Float64()}
		at, differ := time.Duration(i)*40*ms, TriOf(rng.IntN(4) == 0)
		there.AddFrame(at, true, a, b, differ)
		back.AddFrame(at, true, b, a, differ)
	}
	x, y := there.Delta(), back.Delta()
	for name, pair := range map[string][2]Interval{
		"flip fraction": {x.FlipFraction, y.FlipFraction}, "unexplained": {x.UnexplainedFraction, y.UnexplainedFraction},
		"decided": {x.DecidedFlipFraction, y.DecidedFlipFraction}, "mac": {x.MAC, y.MAC},
	} {
		u, v := pair[0], pair[1]
		// Quantiles are of the same draws, so the ends agree to rounding.
		if math.Abs(u.Value+v.Value) > 1e-12 || math.Abs(u.Low+v.High) > 1e-9 || math.Abs(u.High+v.Low) > 1e-9 || u.Value == 0 {
			t.Errorf("%s: %+v, and the other way %+v", name, u, v)
		}
	}
	if x.LabelsDiffer != y.LabelsDiffer || math.Abs(x.LabelsDiffer.Value-0.25) > 0.05 || x.Frames != 1500 {
		t.Errorf("labels differ %+v, %+v on %d frames", x.LabelsDiffer, y.LabelsDiffer, x.Frames)
	}
}

func TestPairedDeltaOfEqualRuns(t *testing.T) {
	p := NewPairedDelta("", DefaultConfig())
	for i := range 1000 {
		f := PairFact{Pair: i > 0, Flip: i%7 == 0, Change: nan()}
		p.Add(time.Duration(i)*40*ms, true, f, f)
	}
	d := p.Delta()
	w := Wilson(0, 999).High
	if d.FlipFraction != (Interval{0, -w, w}) {
		t.Errorf("equal runs differ by %+v", d.FlipFraction)
	}
	if !math.IsNaN(d.MAC.Value) || !math.IsNaN(d.UnexplainedFraction.Value) || !math.IsNaN(d.DecidedFlipFraction.Value) {
		t.Errorf("what is not known is not compared: %+v", d)
	}
	if d.Pairs != 999 || d.Frames != 0 || !math.IsNaN(d.LabelsDiffer.Value) {
		t.Errorf("%+v", d)
	}
}

// Few pairs that are alike one by one say more than two fractions that happen
// to be equal.
func TestPairedDeltaOfFewPairs(t *testing.T) {
	f := func(shift int) Interval {
		p := NewPairedDelta("", DefaultConfig())
		for i := range 101 {
			p.Add(time.Duration(i)*40*ms, true, PairFact{Pair: i > 0, Flip: i%5 == 0, Change: nan()}, PairFact{Pair: i > 0, Flip: (i+shift)%5 == 0, Change: nan()})
		}
		return p.Delta().FlipFraction
	}
	alike, apart := f(0), f(1)
	if w := Wilson(0, 100).High; alike != (Interval{0, -w, w}) {
		t.Errorf("equal pairs differ by %+v", alike)
	}
	if apart.Value != 0 || apart.High < 2*alike.High {
		t.Errorf("pairs that flip elsewhere differ by %+v", apart)
	}
}

func TestPairedDeltaCountsCommonPairsOnly(t *testing.T) {
	p := NewPairedDelta("", DefaultConfig())
	facts := []struct{ a, b PairFact }{
		{PairFact{}, PairFact{}},
		{PairFact{Pair: true, Flip: true}, PairFact{Pair: true}},
		{PairFact{Pair: true, Flip: true}, PairFact{}}, // a break of one
		{PairFact{Pair: true}, PairFact{Pair: true, Flip: true}},
		{PairFact{Pair: true}, PairFact{Pair: true, Flip: true}},
	}
	for i, f := range facts {
		p.Add(time.Duration(i)*40*ms, true, f.a, f.b)
	}
	d := p.Delta()
	if d.Pairs != 3 || math.Abs(d.FlipFraction.Value-1.0/3) > 1e-12 {
		t.Errorf("%+v, want +1/3 over 3 pairs", d)
	}
	if b := p.blocks(); len(b.sums) != 2 || b.draws != 2 {
		t.Errorf("%d blocks, %d drawn, want 2: none crosses the break", len(b.sums), b.draws)
	}
	if !(d.FlipFraction.Low < -0.3 && d.FlipFraction.High > 0.7) {
		t.Errorf("an interval from 3 pairs is wide, got %+v", d.FlipFraction)
	}
}

func TestPairedDeltaBlocks(t *testing.T) {
	for _, timed := range []bool{true, false} {
		p := NewPairedDelta("", DefaultConfig())
		for i := range 3001 {
			f := PairFact{Pair: i > 0}
			p.Add(time.Duration(i)*time.Second/30, timed, f, f)
		}
		if b := p.blocks(); b.draws < 97 || b.draws > 110 {
			t.Errorf("timed %v: %d blocks in 100 s, want about 100", timed, b.draws)
		}
	}
}

// However long the stream and however often it breaks: memory is bounded, no
// pair is lost, and every pair is drawn equally often.
func TestPairedDeltaIsBounded(t *testing.T) {
	for name, breakAt := range map[string]int{"one run": 1 << 30, "some runs": 1000, "short runs": 3, "single frames": 1} {
		p := NewPairedDelta("", DefaultConfig())
		pairs := int64(0)
		for i := range 20_001 {
			f := PairFact{Pair: i%breakAt != 0, Flip: i%3 == 0}
			if f.Pair {
				pairs++
			}
			p.AddFrame(time.Duration(i)*time.Second, true, f, f, False)
		}
		if len(p.pieces) > maxDeltaPieces || p.total[deltaFlips].base.den != pairs {
			t.Errorf("%s: %d pieces, %d pairs", name, len(p.pieces), p.total[deltaFlips].base.den)
		}
		b := p.blocks()
		var sum, drawn deltaSums
		for i := range p.pieces {
			sum.add(&p.pieces[i].deltaSums)
		}
		for _, i := range b.slots {
			drawn.add(&b.sums[i])
		}
		if sum != p.total {
			t.Errorf("%s: joined pieces lose pairs", name)
		}
		for m := range drawn {
			if drawn[m].base.den != blockPieces*sum[m].base.den || drawn[m].run.num != blockPieces*sum[m].run.num {
				t.Errorf("%s: measure %d: the blocks weigh %+v, want %d times %+v", name, m, drawn[m], blockPieces, sum[m])
			}
		}
	}
}

func TestCombineDeltasIgnoresOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(73, 74))
	var ps []*PairedDelta
	for i := range 6 {
		p := correlatedRuns(rng, 300+100*i, 0.1)
		p.name = string(rune('a' + i))
		ps = append(ps, p)
	}
	micro, macro := CombineDeltas(ps, 200, 1)
	ps[0], ps[5], ps[2] = ps[5], ps[2], ps[0]
	micro2, macro2 := CombineDeltas(ps, 200, 1)
	if micro != micro2 || macro != macro2 {
		t.Errorf("the order of the streams matters")
	}
	for _, d := range []Delta{micro, macro} {
		if !(d.FlipFraction.Low > 0 && d.FlipFraction.Low < d.FlipFraction.Value && d.FlipFraction.Value < d.FlipFraction.High) {
			t.Errorf("%+v", d.FlipFraction)
		}
	}
	if micro.FlipFraction.Value == macro.FlipFraction.Value {
		t.Error("streams of different lengths have different means")
	}
}
