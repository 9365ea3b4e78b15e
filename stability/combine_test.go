package stability

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

func randomResults(n int, cfg Config) []Result {
	rng := rand.New(rand.NewPCG(51, 52))
	var rs []Result
	for i := range n {
		tr := NewTracker(cfg)
		var u Update
		for _, o := range randomStream(rng, 50+rng.IntN(400)) {
			tr.Observe(&o, &u)
		}
		rs = append(rs, tr.Result(string(rune('a'+i))))
	}
	return rs
}

func TestCombineIgnoresOrderAndThreads(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Resamples = 200
	rs := randomResults(12, cfg)
	rs[3].Name = rs[4].Name // equal names are told apart by what they hold
	want := Combine(rs, cfg.Resamples, 9)
	rng := rand.New(rand.NewPCG(53, 54))
	var wg sync.WaitGroup
	for range 20 {
		mixed := append([]Result(nil), rs...)
		rng.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		wg.Go(func() {
			got := Combine(mixed, cfg.Resamples, 9)
			if !sameSummary(got.Macro, want.Macro) || !sameSummary(got.Micro, want.Micro) {
				t.Error("the order of the streams changes the total")
			}
		})
	}
	wg.Wait()
}

func TestCombineAddsUp(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Resamples = 200
	rs := randomResults(9, cfg)
	total := Combine(rs, cfg.Resamples, 1)
	var flips, pairs, frames int64
	mean := 0.0
	for _, r := range rs {
		flips += r.Summary.Flips
		pairs += r.Summary.Pairs
		frames += r.Summary.Frames
		mean += r.Summary.FlipFraction.Value / float64(len(rs))
	}
	m := total.Micro
	if m.Flips != flips || m.Pairs != pairs || m.Frames != frames || m.FlipFraction.Value != float64(flips)/float64(pairs) {
		t.Errorf("micro %d of %d, want %d of %d", m.Flips, m.Pairs, flips, pairs)
	}
	if math.Abs(total.Macro.FlipFraction.Value-mean) > 1e-12 {
		t.Errorf("macro %v, want %v", total.Macro.FlipFraction.Value, mean)
	}
	for _, iv := range []Interval{m.FlipFraction, total.Macro.FlipFraction, m.UnexplainedFraction, m.Decided.FlipFraction, m.Still.FlipFraction} {
		if !(iv.Low <= iv.Value && iv.Value <= iv.High && iv.Low < iv.High && iv.Low >= 0 && iv.High <= 1) {
			t.Errorf("interval %+v", iv)
		}
	}
	one := Combine(rs[:1], cfg.Resamples, cfg.Seed)
	if !sameSummary(one.Micro, rs[0].Summary) {
		t.Errorf("the total of one stream is not that stream:\n%+v\n%+v", one.Micro, rs[0].Summary)
	}
	if empty := Combine(nil, 100, 1); empty.Micro.Pairs != 0 || !math.IsNaN(empty.Macro.FlipFraction.Value) {
		t.Errorf("total of nothing: %+v", empty.Micro)
	}
}

// TestTotalCoversTheTruth: the truth differs from stream to stream, which
// only resampling the streams can see.
func TestTotalCoversTheTruth(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Windows = nil
	cfg.Resamples = 200
	rng := rand.New(rand.NewPCG(55, 56))
	covered, pooledOnly := 0, 0
	const trials, streams = 100, 20
	for range trials {
		var rs []Result
		for i := range streams {
			rate := 0.02 + 0.2*rng.Float64()
			tr := observeFlips(cfg, 300, func() bool { return rng.Float64() < rate })
			rs = append(rs, tr.Result(string(rune('a'+i))))
		}
		iv := Combine(rs, cfg.Resamples, 1).Macro.FlipFraction
		if iv.Low <= 0.12 && 0.12 <= iv.High {
			covered++
		}
		naive := Wilson(iv.Value, 300*streams)
		if naive.Low <= 0.12 && 0.12 <= naive.High {
			pooledOnly++
		}
	}
	t.Logf("covered %d of %d, pooled binomial %d", covered, trials, pooledOnly)
	if covered < 92 || covered > 99 {
		t.Errorf("the total's interval covers the truth in %d of %d trials", covered, trials)
	}
	if pooledOnly > 75 {
		t.Errorf("the binomial interval covers it in %d: this tests nothing", pooledOnly)
	}
}

func TestWilson(t *testing.T) {
	// Newcombe 1998, Table I, method 3.
	for _, tt := range []struct{ hits, n, low, high float64 }{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0, 0.1611},
		{1, 29, 0.0061, 0.1718},
	} {
		iv := Wilson(tt.hits/tt.n, tt.n)
		if math.Abs(iv.Low-tt.low) > 5e-5 || math.Abs(iv.High-tt.high) > 5e-5 {
			t.Errorf("%v of %v: %.4f to %.4f, want %v to %v", tt.hits, tt.n, iv.Low, iv.High, tt.low, tt.high)
		}
	}
	if iv := Wilson(nan(), 0); !math.IsNaN(iv.Low) {
		t.Errorf("interval of nothing: %+v", iv)
	}
}

func TestWhichInterval(t *testing.T) {
	cfg := DefaultConfig()
	never := func() bool { return false }
	if got, want := observeFlips(cfg, 5000, never).Summary().FlipFraction, Wilson(0, 5000); got != want {
		t.Errorf("no flips: %+v, want Wilson's %+v", got, want)
	}
	i := 0
	rarely := func() bool { i++; return i%20 == 0 }
	if got, want := observeFlips(cfg, 199, rarely).Summary().FlipFraction, Wilson(9.0/199, 199); got != want {
		t.Errorf("few pairs: %+v, want Wilson's %+v", got, want)
	}
	i = 0
	if got, wilson := observeFlips(cfg, 5990, rarely).Summary().FlipFraction, Wilson(299.0/5990, 5990); !(got.High-got.Low < (wilson.High-wilson.Low)/2) {
		t.Errorf("flips at equal distances vary less than chance: %+v, Wilson %+v", got, wilson)
	}
}

func TestBatchMeansTakeOverForLongStreams(t *testing.T) {
	if testing.Short() {
		t.Skip("a million pairs")
	}
	cfg := DefaultConfig()
	cfg.Windows = nil
	p := twoState("", 0.4, 0.02, 5, 8)
	rng := rand.New(rand.NewPCG(57, 58))
	next := p.start(rng)
	half := observeFlips(cfg, 900_000, next).Summary().FlipFraction
	tr := observeFlips(cfg, 1_000_001, next)
	if !tr.blocks.frozen() || len(tr.blocks.batches.sums) < maxBatches/2 {
		t.Fatalf("%d batches", len(tr.blocks.batches.sums))
	}
	whole := tr.Summary().FlipFraction
	if r := (whole.High - whole.Low) / (half.High - half.Low); r < 0.6 || r > 1.4 {
		t.Errorf("batch means %+v, bootstrap just below %+v", whole, half)
	}
	if whole.Low > p.rate || p.rate > whole.High {
		t.Errorf("%+v misses %v", whole, p.rate)
	}
	var sum fraction
	for _, b := range tr.blocks.batches.of(measureFlips, &tr.blocks.total) {
		sum.add(b)
	}
	if sum != tr.blocks.total[measureFlips] {
		t.Errorf("batches hold %v, want %v", sum, tr.blocks.total[measureFlips])
	}
}

// TestBlocksKeepEveryPair: with runs of any length, the blocks' weights stand
// for all pairs, and every run's share is right.
func TestBlocksKeepEveryPair(t *testing.T) {
	rng := rand.New(rand.NewPCG(59, 60))
	for range 100 {
		tr := NewTracker(DefaultConfig())
		var u Update
		n := 200 + rng.IntN(2000)
		for i := range n {
			o := labelled(rng.Int32N(3), time.Duration(i)*time.Second/30)
			if rng.IntN(40) == 0 {
				o.Break = ReasonGap
			}
			tr.Observe(&o, &u)
		}
		tr.Flush(&u)
		var den, num float64
		for _, c := range tr.blocks.closed[measureFlips].cells {
			den += float64(c.den) / weightOne
			num += float64(c.num) / weightOne
		}
		want := tr.blocks.total[measureFlips]
		if math.Abs(den-float64(want.den)) > 1e-3*float64(want.den) {
			t.Fatalf("blocks stand for %v pairs, want %d", den, want.den)
		}
		// At a constant frame rate every pair lies in equally many blocks.
		if math.Abs(num/den-ratio(want.num, want.den)) > 0.01 {
			t.Fatalf("blocks' flip fraction %v, want %v", num/den, ratio(want.num, want.den))
		}
	}
}

func TestDrawsHaveTheRightMoments(t *testing.T) {
	d := drawer{entries: []entry{{0, 30, 40 * weightOne}, {3, 30, 10 * weightOne}, {12, 25, 5 * weightOne}}}
	d.prepare()
	if d.draws != 55 {
		t.Fatalf("%d draws, want 55", d.draws)
	}
	wantMean := 10*3 + 5*12.0
	wantVar := 55 * ((10*9+5*144)/55.0 - (wantMean/55)*(wantMean/55))
	for name, draw := range map[string]func(*rand.PCG) (float64, float64){
		"alias": d.resample, "binomial": d.resampleCounts,
	} {
		rng := rand.NewPCG(1, 2)
		const n = 40_000
		sum, squares := 0.0, 0.0
		for range n {
			num, den := draw(rng)
			if den < 55*25 || den > 55*30 {
				t.Fatalf("%s: %v pairs", name, den)
			}
			sum += num
			squares += num * num
		}
		mean := sum / n
		variance := squares/n - mean*mean
		if math.Abs(mean-wantMean) > 0.5 || math.Abs(variance/wantVar-1) > 0.03 {
			t.Errorf("%s: mean %v, variance %v; want %v, %v", name, mean, variance, wantMean, wantVar)
		}
	}
	rng := rand.NewPCG(3, 4)
	for _, c := range []struct {
		n int64
		p float64
	}{{10, 0.3}, {1000, 0.002}, {1000, 0.4}, {100_000, 0.97}} {
		sum, squares := 0.0, 0.0
		const trials = 20_000
		for range trials {
			k := float64(binomial(rng, c.n, c.p))
			sum += k
			squares += k * k
		}
		mean := sum / trials
		variance := squares/trials - mean*mean
		m, v := float64(c.n)*c.p, float64(c.n)*c.p*(1-c.p)
		if math.Abs(mean-m) > 4*math.Sqrt(v/trials) || math.Abs(variance/v-1) > 0.05 {
			t.Errorf("binomial(%d, %v): mean %v, variance %v; want %v, %v", c.n, c.p, mean, variance, m, v)
		}
	}
}

// What is drawn depends on the seed only, and is what the slots say.
func TestResampleGoesByTheSlots(t *testing.T) {
	rng := rand.New(rand.NewPCG(71, 72))
	for n := 1; n < 60; n++ {
		var d drawer
		for range n {
			d.entries = append(d.entries, entry{rng.Float64(), 1 + rng.Float64(), int64(rng.IntN(4)+1) * weightOne})
		}
		d.prepare()
		a, b := rand.NewPCG(1, uint64(n)), rand.NewPCG(1, uint64(n))
		for range 20 {
			var num, den float64
			for range d.draws {
				u := b.Uint64()
				k := int(u >> 32 * uint64(n) >> 32)
				if uint32(u) >= d.alias[k].cut {
					k = int(d.alias[k].other)
				}
				num += d.entries[k].num
				den += d.entries[k].den
			}
			if x, y := d.resample(a); x != num || y != den {
				t.Fatalf("%d entries: %v of %v, want %v of %v", n, x, y, num, den)
			}
		}
	}
}

func TestHistogramQuantiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(61, 62))
	var h, a, b histogram
	var values []float64
	for i := range 1001 {
		v := int64(math.Exp(rng.Float64()*20)) + 1
		h.add(v)
		if i%2 == 0 {
			a.add(v)
		} else {
			b.add(v)
		}
		values = append(values, float64(v))
	}
	b.merge(&a)
	for _, q := range []float64{0, 0.5, 0.95, 1} {
		got := h.quantile(q)
		sorted := append([]float64(nil), values...)
		lowHigh := exactQuantile(sorted, q)
		if math.Abs(got/lowHigh-1) > 0.004 {
			t.Errorf("quantile %v is %v, want %v", q, got, lowHigh)
		}
		if b.quantile(q) != got {
			t.Errorf("merged histograms differ at %v", q)
		}
	}
	var same histogram
	for range 10 {
		same.add(123_456_789)
	}
	if same.quantile(0.95) != 123_456_789 {
		t.Error("equal values come back exactly")
	}
}

func exactQuantile(values []float64, q float64) float64 {
	slices.Sort(values)
	return sortedQuantile(values, q)
}
