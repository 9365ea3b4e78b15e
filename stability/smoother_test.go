package stability

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// fewer is n, or a tenth of it where the race detector makes everything slow;
// there is nothing for it to find in this package.
func fewer(n int) int {
	if raceEnabled {
		return max(1, n/10)
	}
	return n
}

func TestSmoothersAreReadAndWritten(t *testing.T) {
	for text, want := range map[string]Smoother{
		"ema(0.2)": EMA(0.2), "ema(alpha=.2)": EMA(0.2), " mean( 5 ) ": Mean(5), "majority(n=7)": Majority(7),
		"consecutive(3)": Consecutive(3), "hysteresis(0)": Hysteresis(0), "none": {},
		"three-in-a-row": Consecutive(3), "vote-of-ten": Lock(10, 0, 3, 10), "moving-average-of-five": Mean(5),
		"lock": Lock(10, 0, 3, 10), "lock(4)": Lock(4, 0, 3, 4), "lock(votes=5,confidence=0.5,switch_after=2)": Lock(5, 0.5, 3, 2),
		"lock(5,0.5,1,7)": Lock(5, 0.5, 1, 7),
	} {
		got, err := ParseSmoother(text)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
		if again, err := ParseSmoother(got.String()); err != nil || again != got {
			t.Errorf("%s is written as %s, which reads as %v, %v", text, got, again, err)
		}
	}
	for _, s := range Candidates() {
		if again, err := ParseSmoother(s.String()); err != nil || again != s {
			t.Errorf("%v reads as %v, %v", s, again, err)
		}
	}
	for text, want := range map[string]string{
		"": "not known", "median(3)": "not known", "ema": "say ema(ALPHA)", "ema()": "say ema(ALPHA)", "ema(2)": "between 0 and 1",
		"ema(0)": "between 0 and 1", "ema(NaN)": "between 0 and 1", "mean(0)": "between 1 and 1000", "mean(x)": "no number",
		"mean(3": "bracket", "mean(3,4)": "at most 1", "lock(votes=3,votes=4)": "twice", "lock(lag=3)": "no parameter lag, but votes",
		"lock(1,1,-1)": "lead", "consecutive(1001)": "between 1 and 1000",
	} {
		if _, err := ParseSmoother(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error about %q", text, err, want)
		}
	}
}

func FuzzParseSmoother(f *testing.F) {
	for _, s := range Candidates() {
		f.Add(s.String())
	}
	f.Add("lock(votes=1e9)")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSmoother(text)
		if err != nil {
			return
		}
		if again, err := ParseSmoother(s.String()); err != nil || again != s {
			t.Errorf("%q reads as %v, which reads as %v, %v", text, s, again, err)
		}
	})
}

// refSmooth is a smoother on a whole recorded run, by its definition.
func refSmooth(s Smoother, labels []int32, probs [][]float32) []int32 {
	out := make([]int32, len(labels))
	current := labels[0]
	locked := false
	best := func(p []float64) int32 {
		at := 0
		for i := range p {
			if p[i] > p[at] {
				at = i
			}
		}
		return int32(at)
	}
	count := func(of []int32) (top int32, n, second int) {
		all := map[int32]int{}
		for _, l := range of {
			all[l]++
		}
		for l, c := range all {
			if c > n || c == n && l < top {
				top, n = l, c
			}
		}
		for l, c := range all {
			if l != top {
				second = max(second, c)
			}
		}
		return top, n, second
	}
	var voted []int32 // of lock
	ema := make([]float64, 0)
	for j := range labels {
		switch s.kind {
		case smoothNone:
			current = labels[j]
		case smoothEMA:
			if j == 0 {
				for _, p := range probs[0] {
					ema = append(ema, float64(p))
				}
			} else {
				for i, p := range probs[j] {
					ema[i] = (1-s.x)*ema[i] + s.x*float64(p)
				}
			}
			current = best(ema)
		case smoothMean:
			sum := make([]float64, len(probs[j]))
			for k := max(0, j-s.n+1); k <= j; k++ {
				for i, p := range probs[k] {
					sum[i] += float64(p)
				}
			}
			current = best(sum)
		case smoothMajority:
			if top, n, second := count(labels[max(0, j-s.n+1) : j+1]); n > second {
				current = top
			}
		case smoothConsecutive:
			if j >= s.n-1 && !slices.ContainsFunc(labels[j-s.n+1:j+1], func(l int32) bool { return l != labels[j] }) {
				current = labels[j]
			}
		case smoothHysteresis:
			if float64(probs[j][labels[j]])-float64(probs[j][current]) >= s.x {
				current = labels[j]
			}
		case smoothLock:
			if float64(probs[j][labels[j]]) < s.x {
				break
			}
			voted = append(voted, labels[j])
			if !locked {
				top, n, second := count(voted)
				if n > second {
					current = top
				}
				locked = n >= s.n && n-second >= s.lead
				if locked {
					voted = nil
				}
				break
			}
			if n := len(voted); n >= s.hold && !slices.ContainsFunc(voted[n-s.hold:], func(l int32) bool { return l != labels[j] || l == current }) {
				current = labels[j]
			}
		}
		out[j] = current
	}
	return out
}

// probabilityRun makes a run of answers over a few classes, with steps of
// 1/1024 so that nothing is rounded.
func probabilityRun(rng *rand.Rand, n, classes int) (labels []int32, probs [][]float32) {
	truth := rng.IntN(classes)
	for range n {
		if rng.IntN(12) == 0 {
			truth = rng.IntN(classes)
		}
		p := make([]float32, classes)
		left := 1024
		for i := range p {
			k := rng.IntN(left/classes + 1)
			p[i] = float32(k) / 1024
			left -= k
		}
		p[truth] += float32(left) / 1024
		if rng.IntN(5) == 0 {
			i := rng.IntN(classes)
			p[i], p[truth] = p[truth], p[i]
		}
		at := 0
		for i := range p {
			if p[i] > p[at] {
				at = i
			}
		}
		labels, probs = append(labels, int32(at)), append(probs, p)
	}
	return labels, probs
}

func someSmoothers() []Smoother {
	out := Candidates()
	return append(out, Lock(3, 0.4, 1, 2), Lock(2, 0, 0, 1), Hysteresis(0), EMA(1), Mean(1), Majority(1), Majority(2), Majority(4), Consecutive(1), Mean(4))
}

func TestSmoothersAgreeWithReference(t *testing.T) {
	rng := rand.New(rand.NewPCG(61, 62))
	for i := range fewer(400) {
		labels, probs := probabilityRun(rng, 1+rng.IntN(150), 2+rng.IntN(6))
		for _, s := range someSmoothers() {
			want := refSmooth(s, labels, probs)
			state := s.begin()
			for again := range 2 { // a new run forgets the one before
				for j := range labels {
					o := labelled(labels[j], time.Duration(j)*40*ms)
					o.Score = probs[j][labels[j]]
					step := state.next
					if j == 0 {
						step = state.first
					}
					if got, ok := step(&o, probs[j]); !ok || got != want[j] {
						t.Fatalf("run %d, %v, pass %d: frame %d is %d (%v), want %d\nlabels %v\nwant %v", i, s, again, j, got, ok, want[j], labels, want)
					}
				}
			}
		}
	}
}

// TestCleanStepLag measures the lag that Lag promises.
func TestCleanStepLag(t *testing.T) {
	if EMA(0.2).Lag() != 3 || EMA(0.1).Lag() != 6 || Consecutive(3).Lag() != 2 {
		t.Errorf("lags by the definition: %d, %d, %d, want 3, 6, 2", EMA(0.2).Lag(), EMA(0.1).Lag(), Consecutive(3).Lag())
	}
	for _, s := range someSmoothers() {
		var labels []int32
		var probs [][]float32
		for j := range 200 {
			p := make([]float32, 2)
			p[j/100] = 1
			labels, probs = append(labels, int32(j/100)), append(probs, p)
		}
		at := slices.Index(refSmooth(s, labels, probs), 1) - 100
		if s == EMA(0.5) {
			at-- // a tie, which goes to the lower index
		}
		if at != s.Lag() {
			t.Errorf("%v follows a clean step after %d frames, Lag says %d", s, at, s.Lag())
		}
	}
}

func TestHysteresisFromRankingsIsExactOrRefused(t *testing.T) {
	rng := rand.New(rand.NewPCG(63, 64))
	refused, agreed := 0, 0
	for range fewer(500) {
		labels, probs := probabilityRun(rng, 60, 12)
		s := Hysteresis(rng.Float64() * 0.5)
		want := refSmooth(s, labels, probs)
		state := s.begin()
		for j := range labels {
			o := labelled(labels[j], time.Duration(j)*40*ms)
			order := make([]int, len(probs[j]))
			for i := range order {
				order[i] = i
			}
			slices.SortStableFunc(order, func(a, b int) int {
				switch x, y := probs[j][a], probs[j][b]; {
				case x > y:
					return -1
				case x < y:
					return 1
				}
				return 0
			})
			for o.N = range TopK {
				o.Top[o.N] = Ranked{int32(order[o.N]), probs[j][order[o.N]]}
			}
			o.N = TopK
			o.Score = o.Top[0].Score
			step := state.next
			if j == 0 {
				step = state.first
			}
			got, ok := step(&o, nil)
			if !ok {
				refused++
				break
			}
			agreed++
			if got != want[j] {
				t.Fatalf("%v: frame %d is %d, want %d", s, j, got, want[j])
			}
		}
	}
	if refused < fewer(5) || agreed < fewer(2000) {
		t.Errorf("%d refused, %d frames agreed: tests too little", refused, agreed)
	}
}

// TestCompleteRankingsServeAsProbabilities: with few classes the ranking says
// all there is.
func TestCompleteRankingsServeAsProbabilities(t *testing.T) {
	rng := rand.New(rand.NewPCG(65, 66))
	for range 100 {
		labels, probs := probabilityRun(rng, 80, 4)
		for _, s := range []Smoother{EMA(0.2), Mean(5)} {
			want := refSmooth(s, labels, probs)
			state := s.begin()
			for j := range labels {
				o := labelled(labels[j], 0)
				o.N, o.TopComplete = 4, true
				for i := range 4 {
					o.Top[i] = Ranked{int32(i), probs[j][i]}
				}
				step := state.next
				if j == 0 {
					step = state.first
				}
				if got, ok := step(&o, nil); !ok || got != want[j] {
					t.Fatalf("%v: frame %d is %d (%v), want %d", s, j, got, ok, want[j])
				}
			}
		}
	}
}

func TestSmoothersRefuseWhatTheyLack(t *testing.T) {
	cfg := SmoothingConfig{Measures: DefaultConfig(), Smoothers: []Smoother{EMA(0.2), Mean(5), Hysteresis(0.1), Lock(3, 0.5, 1, 3), Lock(3, 0, 1, 3), Majority(3)}}
	if MostNeeded(cfg.Smoothers) != NeedsProbabilities || MostNeeded(cfg.Smoothers[4:]) != NeedsLabels {
		t.Error("the most that is needed is all probabilities")
	}
	out := smoothStream(cfg, atRate([]int32{1, 1, 2, 2}, 40*ms), nil).Smoothed("")
	for i, want := range []string{"all probabilities", "all probabilities", "the probability of the label it shows", "the score", "", ""} {
		if got := out[i].Refused; (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%v: refused %q, want %q", out[i].Smoother, got, want)
		}
		if sum := out[i].Summary(); want != "" && (sum.Summary != nil || !math.IsNaN(sum.Changed)) {
			t.Errorf("%v is refused and says %+v", out[i].Smoother, sum)
		}
	}
}
