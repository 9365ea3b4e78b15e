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
		p.Add(time.Duration(i)*time.Second/30, true, a, b)
	}
	return p
}

func TestPairedDeltaCoversAndIsNarrow(t *testing.T) {
	rng := rand.New(rand.NewPCG(71, 72))
	// b flips where a does, and else with probability 0.05: the difference
	// is 0.05 times the share of pairs without a flip of a, which is 0.8.
	const trials, truth = 150, 0.05
	covered := 0
	paired, apart := 0.0, 0.0
	for range trials {
		p := correlatedRuns(rng, 2400, truth)
		d := p.Delta()
		if d.FlipFraction.Low <= truth && truth <= d.FlipFraction.High {
			covered++
		}
		paired += d.FlipFraction.High - d.FlipFraction.Low
		f := p.total[deltaFlips]
		a, b := Wilson(ratio(f.base.num, f.base.den), 2399), Wilson(ratio(f.run.num, f.run.den), 2399)
		n := newcombe(0, a, b)
		apart += n.High - n.Low
		if math.Abs(d.MAC.Value-0.01) > 1e-6 || math.Abs(d.UnexplainedFraction.Value-d.FlipFraction.Value) > 1e-12 || d.DecidedFlipFraction != d.FlipFraction {
			t.Fatalf("%+v", d)
		}
	}
	t.Logf("covered %d of %d; mean width %.4f, unpaired %.4f", covered, trials, paired/trials, apart/trials)
	if covered < 135 {
		t.Errorf("covers the truth in %d of %d trials", covered, trials)
	}
	if paired > apart*0.6 {
		t.Errorf("pairing gains too little: %.4f against %.4f", paired/trials, apart/trials)
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
	if d.Pairs != 999 {
		t.Errorf("%d pairs", d.Pairs)
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
	if len(p.blocks) != 2 {
		t.Errorf("%d blocks, want 2: none crosses the break", len(p.blocks))
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
		if len(p.blocks) != 100 {
			t.Errorf("timed %v: %d blocks in 100 s, want 100", timed, len(p.blocks))
		}
	}
	p := NewPairedDelta("", DefaultConfig())
	for i := range 20_001 {
		f := PairFact{Pair: i > 0, Flip: i%3 == 0}
		p.Add(time.Duration(i)*time.Second, true, f, f)
	}
	if len(p.blocks) > maxDeltaBlocks || p.total[deltaFlips].base.den != 20_000 {
		t.Errorf("%d blocks, %d pairs", len(p.blocks), p.total[deltaFlips].base.den)
	}
	var sum deltaBlock
	for i := range p.blocks {
		sum.add(&p.blocks[i])
	}
	if sum != p.total {
		t.Error("joined blocks lose pairs")
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
