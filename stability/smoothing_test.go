package stability

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// smoothStream runs a tracker and its what-ifs over a whole stream.
func smoothStream(cfg SmoothingConfig, obs []Observation, probs [][]float32) *Smoothing {
	track := cfg.Measures
	track.Windows = nil
	tr, s := NewTracker(track), NewSmoothing(cfg)
	var u Update
	for i := range obs {
		tr.Observe(&obs[i], &u)
		var p []float32
		if probs != nil {
			p = probs[i]
		}
		s.Observe(&obs[i], p, &u)
	}
	tr.Flush(&u)
	s.Flush(&u)
	return s
}

// TestWhatIfsAreWhatASmoothedStreamWouldBe smooths recorded runs one by one,
// tracks the result, and looks for the lags with the whole stream at hand.
func TestWhatIfsAreWhatASmoothedStreamWouldBe(t *testing.T) {
	rng := rand.New(rand.NewPCG(71, 72))
	cfg := SmoothingConfig{Measures: DefaultConfig(), Smoothers: []Smoother{
		{}, EMA(0.3), Mean(4), Majority(5), Consecutive(3), Hysteresis(0.2), Lock(3, 0.4, 1, 2), Lock(10, 0, 3, 10),
	}}
	cfg.Measures.Windows = nil
	cfg.Measures.Resamples = 100
	transitions, missed := int64(0), int64(0)
	for i := range fewer(100) {
		obs := randomStream(rng, 2+rng.IntN(300))
		probs := make([][]float32, len(obs))
		for j := range obs {
			o := &obs[j]
			p := make([]float32, 5)
			left := 512
			for k := range p {
				n := rng.IntN(left/5 + 1)
				p[k] = float32(n) / 1024
				left -= n
			}
			if o.Label != NoLabel {
				p[o.Label] += 0.5
				o.Score = p[o.Label]
			}
			probs[j] = p
		}
		got := smoothStream(cfg, obs, probs)

		// The runs, by the tracker, and the transitions of the labels.
		tr := NewTracker(cfg.Measures)
		var u Update
		type flip struct {
			index int
			kind  Kind
		}
		runs, flips := [][]int{}, map[uint64]*flip{}
		learn := func() {
			for _, f := range u.Late {
				flips[f.Seq].kind = f.Kind
			}
		}
		broken := make([]Reason, len(obs))
		for j := range obs {
			tr.Observe(&obs[j], &u)
			learn()
			broken[j] = u.Break
			if u.Flip {
				flips[obs[j].Seq] = &flip{index: j}
			}
			switch {
			case obs[j].Label == NoLabel || u.Repeat:
			case u.Pair:
				runs[len(runs)-1] = append(runs[len(runs)-1], j)
			default:
				runs = append(runs, []int{j})
			}
		}
		tr.Flush(&u)
		learn()
		var changes []int
		for _, f := range flips {
			if f.kind == KindTransition {
				changes = append(changes, f.index)
			}
		}
		slices.Sort(changes)

		for n, s := range cfg.Smoothers {
			smoothed := slices.Clone(obs)
			changed, pictures := int64(0), int64(0)
			lags := []int64{}
			shown := make(map[int]int32)
			for _, run := range runs {
				var l []int32
				var p [][]float32
				for _, j := range run {
					l, p = append(l, obs[j].Label), append(p, probs[j])
				}
				for k, label := range refSmooth(s, l, p) {
					shown[run[k]] = label
					smoothed[run[k]].Label = label
					pictures++
					if label != obs[run[k]].Label {
						changed++
					}
				}
				for c, at := range changes {
					k := slices.Index(run, at)
					if k < 0 {
						continue
					}
					// Long after the next is known to be a transition, this
					// one was not followed.
					end := len(run)
					if c+1 < len(changes) {
						if next := slices.Index(run, changes[c+1]); next >= 0 {
							end = next
						}
					}
					for m := k; m < end; m++ {
						if shown[run[m]] == obs[at].Label {
							lags = append(lags, int64(m-k))
							break
						}
					}
				}
			}
			for j := range smoothed {
				smoothed[j].Score, smoothed[j].PrevLabelScore, smoothed[j].N = nan32(), nan32(), 0
				if smoothed[j].Break == ReasonNone && broken[j] != ReasonCut {
					smoothed[j].Break = broken[j]
				}
				// A repeated picture shows what its twin shows.
				if j > 0 && smoothed[j].Label != NoLabel {
					if _, fresh := shown[j]; !fresh {
						smoothed[j].Label = smoothed[j-1].Label
					}
				}
			}
			want := summaryOf(cfg.Measures, smoothed)
			out := got.Smoothed("")[n]
			if !sameSummary(out.Result.Summary, want) {
				t.Fatalf("stream %d, %v:\n%+v\nwant\n%+v\n%s", i, s, out.Result.Summary, want, describe(obs))
			}
			if out.changed != changed || out.pictures != pictures || out.lag.transitions != int64(len(changes)) {
				t.Fatalf("stream %d, %v: %d of %d changed, %d transitions, want %d of %d, %d", i, s, out.changed, out.pictures, out.lag.transitions, changed, pictures, len(changes))
			}
			// One that is followed only while the next is under way may count.
			if out.lag.followed < int64(len(lags)) || out.lag.followed > out.lag.transitions {
				t.Fatalf("stream %d, %v: %d of %d transitions followed, at least %d were", i, s, out.lag.followed, out.lag.transitions, len(lags))
			}
			if out.lag.followed == int64(len(lags)) && len(lags) > 0 {
				sum := int64(0)
				for _, b := range out.lag.frames.buckets {
					sum += b.sum
				}
				for _, l := range lags {
					sum -= l
				}
				if sum != 0 {
					t.Fatalf("stream %d, %v: lags sum to %d more than %v", i, s, sum, lags)
				}
			}
			transitions += out.lag.transitions
			missed += out.lag.transitions - out.lag.followed
		}
	}
	if transitions < int64(fewer(200)) || !raceEnabled && missed < 3 {
		t.Errorf("%d transitions, %d missed: tests too little", transitions, missed)
	}
}

func TestCombineSmoothedIgnoresOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(73, 74))
	cfg := SmoothingConfig{Measures: DefaultConfig(), Smoothers: []Smoother{Consecutive(3), EMA(0.2), Majority(5)}}
	cfg.Measures.Resamples = 100
	var streams [][]Smoothed
	for i := range 6 {
		streams = append(streams, smoothStream(cfg, randomStream(rng, 300), nil).Smoothed(fmt.Sprint(i)))
	}
	text := func() string {
		macro, micro := CombineSmoothed(streams, 100, 1)
		s := ""
		for i := range macro {
			s += fmt.Sprintf("%v %q %v %+v ", micro[i].Smoother, micro[i].Refused, micro[i].Changed, micro[i].Lag)
			if micro[i].Summary != nil {
				s += fmt.Sprintf("%+v %+v", *macro[i].Summary, *micro[i].Summary)
			}
		}
		return s
	}
	want := text()
	slices.Reverse(streams)
	if got := text(); got != want {
		t.Errorf("in another order:\n%s\nwant\n%s", got, want)
	}
	_, micro := CombineSmoothed(streams, 100, 1)
	if micro[0].Refused != "" || micro[1].Refused == "" || micro[2].Summary.Frames != 1800 {
		t.Errorf("%+v", micro)
	}
}

// glitchy is a stream of held labels with one-frame glitches, at 25 fps.
func glitchy(rng *rand.Rand, n int) []Observation {
	var labels []int32
	label := int32(0)
	for len(labels) < n {
		label = (label + 1 + rng.Int32N(3)) % 5
		for range 40 + rng.IntN(60) {
			labels = append(labels, label)
			if rng.IntN(25) == 0 {
				labels = append(labels, 7)
			}
		}
	}
	return atRate(labels[:n], 40*ms)
}

func TestRecommend(t *testing.T) {
	rng := rand.New(rand.NewPCG(75, 76))
	cfg := SmoothingConfig{Measures: DefaultConfig(), Recommend: true, MaxLag: 500 * ms}
	streams := []*Smoothing{smoothStream(cfg, glitchy(rng, 6000), nil), smoothStream(cfg, glitchy(rng, 2000), nil)}
	r, ok := Recommend(streams)
	// Without probabilities ema, mean and the rest are out. Two frames in a
	// row are enough against one-frame glitches, and nothing is faster.
	if !ok || r.Best != Consecutive(2) && r.Best.Lag() != 1 || r.ChosenOn.Unexplained > r.ChosenOnRaw.Unexplained/20 {
		t.Fatalf("%+v", r)
	}
	if r.Searched >= len(Candidates()) || r.Searched < 20 || r.InTime >= r.Searched {
		t.Errorf("%d candidates searched, %d in time", r.Searched, r.InTime)
	}
	if a, b := r.ChosenOnRaw, r.ReportedOnRaw; a.Pairs+b.Pairs != 8000-2 || a.Pairs < b.Pairs*9/10 || b.Pairs < a.Pairs*9/10 || b.Unexplained < 50 {
		t.Errorf("halves: %+v, %+v", a, b)
	}
	if r.ReportedOn.Unexplained > r.ReportedOnRaw.Unexplained/20 || r.ReportedOn.Transitions == 0 || r.ReportedOn.Late > 0 {
		t.Errorf("reported: %+v of %+v", r.ReportedOn, r.ReportedOnRaw)
	}
	// No lag allowed: nothing but what changes at once.
	cfg.MaxLag = 0
	if r, ok := Recommend([]*Smoothing{smoothStream(cfg, glitchy(rng, 3000), nil)}); !ok || r.Best.Lag() != 0 || r.Best != (Smoother{}) {
		t.Errorf("with no lag allowed: %v, %+v", r.Best, r)
	}
	var none []Observation
	for range 50 {
		none = append(none, untimed(1), untimed(2))
	}
	if r, ok := Recommend([]*Smoothing{smoothStream(cfg, none, nil)}); ok {
		t.Errorf("without times nothing can be recommended, got %+v", r)
	}
}

// TestHalvesSumToTheWhole: what the two halves hold is what the same smoother
// says of the whole.
func TestHalvesSumToTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(77, 78))
	cfg := SmoothingConfig{Measures: DefaultConfig(), Recommend: true, MaxLag: 300 * ms, Smoothers: Candidates()}
	cfg.Measures.Resamples = 100
	for range fewer(60) {
		s := smoothStream(cfg, randomStream(rng, 2+rng.IntN(700)), nil)
		for i, whole := range s.Smoothed("") {
			r := s.runs[len(cfg.Smoothers)+i]
			if r.refused != whole.Refused || r.smoother != whole.Smoother {
				t.Fatalf("%v: refused %q, want %q", r.smoother, r.refused, whole.Refused)
			}
			if r.refused != "" {
				continue
			}
			a, sum := r.ended.first, whole.Summary()
			a.add(&r.ended.second)
			if a.Pairs != sum.Summary.Pairs || a.Flips != sum.Summary.Flips || a.Unexplained != sum.Summary.Unexplained || a.Transitions != sum.Lag.Transitions {
				t.Fatalf("%v: halves %+v, whole %+v, %+v", r.smoother, a, sum.Summary, sum.Lag)
			}
		}
		for _, r := range s.runs[:len(cfg.Smoothers)] {
			if len(r.lag.watched) > 0 {
				t.Fatalf("%v: %d transitions are left over", r.smoother, len(r.lag.watched))
			}
		}
	}
}

func TestSmoothingDoesNotAllocate(t *testing.T) {
	cfg := SmoothingConfig{Measures: DefaultConfig(), Recommend: !raceEnabled, MaxLag: time.Second, Smoothers: []Smoother{EMA(0.2), Mean(5), Majority(9), Lock(10, 0.5, 3, 10)}}
	r := repeatStream{obs: rankedStream(20_000), tr: NewTracker(cfg.Measures)}
	s := NewSmoothing(cfg)
	probs := make([]float32, 200)
	var at Observation
	step := func() {
		for range 100 {
			r.step()
			o := &r.obs[r.i-1]
			// The tracker saw a later time than the stream's own.
			at = *o
			at.PTS += r.offset
			clear(probs)
			for _, x := range o.Top[:o.N] {
				probs[x.Index] = x.Score
			}
			s.Observe(&at, probs, &r.u)
		}
	}
	for range fewer(250) {
		step()
	}
	// Histograms of lags get a new bucket now and then.
	if n := testing.AllocsPerRun(fewer(100), step); n > 1 {
		t.Errorf("%v allocations in 100 observations, want none but for rare new buckets", n)
	}
}
