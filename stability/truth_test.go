package stability

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// refSegment is a segment of a whole recorded sequence, end exclusive.
type refSegment struct {
	label      int32
	start, end int
}

func refSegments(labels []int32, background int32) []refSegment {
	var out []refSegment
	for i := 0; i < len(labels); {
		n := i
		for n < len(labels) && labels[n] == labels[i] {
			n++
		}
		if labels[i] != background && labels[i] != NoLabel {
			out = append(out, refSegment{labels[i], i, n})
		}
		i = n
	}
	return out
}

// refF1 is the published procedure, on whole sequences.
func refF1(pred, truth []refSegment, threshold float64) (tp, fp, fn int64) {
	hit := make([]bool, len(truth))
	for _, p := range pred {
		best, at := -1.0, -1
		for i, y := range truth {
			v := 0.0
			if p.label == y.label {
				v = float64(min(p.end, y.end)-max(p.start, y.start)) / float64(max(p.end, y.end)-min(p.start, y.start))
			}
			if v > best {
				best, at = v, i
			}
		}
		if at >= 0 && best >= threshold && !hit[at] {
			tp++
			hit[at] = true
		} else {
			fp++
		}
	}
	for _, h := range hit {
		if !h {
			fn++
		}
	}
	return tp, fp, fn
}

func refEdit(a, b []refSegment) float64 {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			switch {
			case i == 0 || j == 0:
				d[i][j] = i + j
			case a[i-1].label == b[j-1].label:
				d[i][j] = d[i-1][j-1]
			default:
				d[i][j] = 1 + min(d[i-1][j], d[i][j-1], d[i-1][j-1])
			}
		}
	}
	return float64(d[len(a)][len(b)]) / float64(max(len(a), len(b)))
}

// labelsWithTruth are two sequences that look like a segmentation and what a
// network made of it.
func labelsWithTruth(rng *rand.Rand, n int) (labels, truth []int32) {
	classes := int32(1 + rng.IntN(4))
	stay, wrong := 1+rng.IntN(40), rng.Float64()*0.5
	t, l := int32(0), int32(0)
	for i := range n {
		if i == 0 || rng.IntN(stay) == 0 {
			t = rng.Int32N(classes)
		}
		if rng.IntN(3) == 0 {
			l = t
			if rng.Float64() < wrong {
				l = rng.Int32N(classes)
			}
		}
		truth, labels = append(truth, t), append(labels, l)
	}
	return labels, truth
}

// scoreStream runs a tracker and a scorer over a stream.
func scoreStream(cfg TruthConfig, obs []Observation, truth []int32) *TruthSums {
	track := DefaultConfig()
	track.Windows = nil
	tr, s := NewTracker(track), NewTruthScorer(cfg)
	var u Update
	for i := range obs {
		tr.Observe(&obs[i], &u)
		s.Observe(&obs[i], &u, truth[i])
	}
	tr.Flush(&u)
	s.Flush(&u)
	return s.Sums()
}

func atRate(labels []int32, step time.Duration) []Observation {
	var obs []Observation
	for i, l := range labels {
		o := labelled(l, time.Duration(i)*step)
		o.Seq = uint64(i)
		obs = append(obs, o)
	}
	return obs
}

func TestSegmentScoresAgreeWithReference(t *testing.T) {
	rng := rand.New(rand.NewPCG(51, 52))
	most := 0
	for i := range fewer(4000) {
		n := 1 + rng.IntN(300)
		labels, truth := labelsWithTruth(rng, n)
		cfg := DefaultTruthConfig()
		if rng.IntN(2) == 0 {
			cfg.Background = 0
		}
		got := scoreStream(cfg, atRate(labels, 40*ms), truth)
		p, y := refSegments(labels, cfg.Background), refSegments(truth, cfg.Background)
		for k, threshold := range overlaps {
			tp, fp, fn := refF1(p, y, threshold)
			if got.tp[k] != tp || got.fp[k] != fp || got.fn[k] != fn {
				t.Fatalf("stream %d at %v: tp, fp, fn are %d, %d, %d, want %d, %d, %d\n%v\n%v", i, threshold, got.tp[k], got.fp[k], got.fn[k], tp, fp, fn, labels, truth)
			}
		}
		if max(len(p), len(y)) > 0 {
			if want := 100 * (1 - refEdit(p, y)); math.Abs(got.Summary().Edit-want) > 1e-13 {
				t.Fatalf("stream %d: edit %v, want %v", i, got.Summary().Edit, want)
			}
		} else if !math.IsNaN(got.Summary().Edit) {
			t.Fatalf("stream %d: edit of nothing is %v", i, got.Summary().Edit)
		}
		right := int64(0)
		for j := range labels {
			if labels[j] == truth[j] {
				right++
			}
		}
		if got.correct != right || got.frames != int64(n) {
			t.Fatalf("stream %d: %d of %d right, want %d of %d", i, got.correct, got.frames, right, n)
		}
		most = max(most, len(p))
	}
	if most < 2*maxWaiting {
		t.Errorf("at most %d segments: the list of waiting ones was never cut", most)
	}
}

// TestSegmentsWaitInBoundedMemory flickers through one endless true segment.
func TestSegmentsWaitInBoundedMemory(t *testing.T) {
	s := segmentMatch{background: NoLabel}
	var sum TruthSums
	for i := range int32(200_000) {
		s.add(i%2, 0, &sum)
		if len(s.waiting) > maxWaiting+1 {
			t.Fatalf("%d segments wait at frame %d", len(s.waiting), i)
		}
	}
	s.finish(&sum)
	if sum.tp[0] != 0 || sum.fp[0] != 200_000 || sum.fn[0] != 1 {
		t.Errorf("tp, fp, fn: %v, %v, %v", sum.tp, sum.fp, sum.fn)
	}
	if !s.tooMany || !math.IsNaN((&TruthSums{frames: 1, editUnknown: sum.editUnknown}).Summary().Edit) {
		t.Error("the edit score of so many segments is not kept, and must be unknown")
	}
}

func TestWindowScoresAgreeWithReference(t *testing.T) {
	rng := rand.New(rand.NewPCG(53, 54))
	for i := range fewer(2000) {
		n := 1 + rng.IntN(80)
		labels, truth := labelsWithTruth(rng, n)
		cfg := DefaultTruthConfig()
		cfg.Near, cfg.Window = rng.IntN(12), 1+rng.IntN(20)
		obs := atRate(labels, 40*ms)
		lost := -1
		if rng.IntN(3) == 0 && n > 2 {
			lost = 1 + rng.IntN(n-1)
			obs[lost].Break = ReasonGap
		}
		for j := range obs {
			if j != lost && rng.IntN(20) == 0 {
				obs[j].Cut = true // looks over cuts, as the sources do
			}
		}
		got := scoreStream(cfg, obs, truth)

		var anchors, anchorsRight, windows, both int64
		parts := [][2]int{{0, n}}
		if lost > 0 {
			parts = [][2]int{{0, lost}, {lost, n}}
		}
		for _, p := range parts {
			l, y := labels[p[0]:p[1]], truth[p[0]:p[1]]
			for a := range l {
				anchors++
				right := true
				for b := max(0, a-cfg.Near); b <= min(len(l)-1, a+cfg.Near); b++ {
					right = right && l[b] == y[b]
				}
				if right {
					anchorsRight++
				}
			}
			same := func(x []int32) bool { return !slices.ContainsFunc(x, func(v int32) bool { return v != x[0] }) }
			for a := 0; a < len(l)-cfg.Window; a++ {
				if same(y[a : a+cfg.Window]) {
					windows++
					if same(l[a : a+cfg.Window]) {
						both++
					}
				}
			}
		}
		if got.anchors != anchors || got.anchorsRight != anchorsRight || got.windows != windows || got.windowsConstant != both {
			t.Fatalf("stream %d (k %d, n %d, lost %d): pm %d/%d, vc %d/%d, want %d/%d, %d/%d\n%v\n%v", i, cfg.Near, cfg.Window, lost,
				got.anchorsRight, got.anchors, got.windowsConstant, got.windows, anchorsRight, anchors, both, windows, labels, truth)
		}
	}
}

// TestFlipsAgainstTruth compares the sorting of flips with one that has the
// whole stream before it.
func TestFlipsAgainstTruth(t *testing.T) {
	rng := rand.New(rand.NewPCG(55, 56))
	seen := [numKinds][numClasses]int64{}
	for i := range fewer(2000) {
		obs := randomStream(rng, 2+rng.IntN(120))
		truth := make([]int32, len(obs))
		y := int32(0)
		for j := range truth {
			if rng.IntN(12) == 0 {
				y = rng.Int32N(3)
			}
			truth[j] = y
			if rng.IntN(60) == 0 {
				truth[j] = NoLabel
			}
		}
		cfg := DefaultTruthConfig()
		cfg.Tolerance = rng.IntN(4)
		got := scoreStream(cfg, obs, truth)

		// Runs of pairs whose truth is known: the flip's Seq, or -1, and
		// whether the truth changed.
		type pair struct {
			flip    int64
			changed bool
		}
		var run []pair
		class := map[uint64]truthClass{}
		endRun := func() {
			for a, p := range run {
				if p.flip < 0 {
					continue
				}
				c := classConstant
				for b, q := range run {
					if q.changed && max(a-b, b-a) <= cfg.Tolerance {
						c = classChange
					}
				}
				class[uint64(p.flip)] = c
			}
			run = nil
		}
		track := DefaultConfig()
		track.Windows = nil
		tr := NewTracker(track)
		var u Update
		final := map[uint64]Flip{}
		prev := NoLabel
		for j := range obs {
			tr.Observe(&obs[j], &u)
			for _, f := range u.Late {
				final[f.Seq] = f
			}
			if obs[j].Label == NoLabel || u.Repeat {
				continue
			}
			if !u.Pair || prev == NoLabel || truth[j] == NoLabel {
				endRun()
			} else {
				p := pair{-1, truth[j] != prev}
				if u.Flip {
					p.flip = int64(obs[j].Seq)
				}
				run = append(run, p)
			}
			prev = truth[j]
		}
		endRun()
		tr.Flush(&u)
		for _, f := range u.Late {
			final[f.Seq] = f
		}
		var want TruthSums
		for seq, c := range class {
			f := final[seq]
			want.flips[c]++
			want.kinds[f.Kind][c]++
			seen[f.Kind][c]++
			if f.Unexplained {
				want.unexplained[c]++
			}
		}
		if got.flips != want.flips || got.kinds != want.kinds || got.unexplained != want.unexplained {
			t.Fatalf("stream %d, tolerance %d: flips %v, kinds %v, unexplained %v, want %v, %v, %v", i, cfg.Tolerance,
				got.flips, got.kinds, got.unexplained, want.flips, want.kinds, want.unexplained)
		}
	}
	for k := KindGlitch; k < numKinds; k++ {
		if seen[k][classConstant] < int64(fewer(20)) || seen[k][classChange] < int64(fewer(20)) {
			t.Errorf("kind %s occurs %v times: too rarely to test", k, seen[k])
		}
	}
}

func TestKindsArePreciseAndComplete(t *testing.T) {
	// A glitch on constant truth, a transition with the truth, one without.
	labels := "aaaaaaaaaaaaaabaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbaaaaaaaaaaaaaaa"
	truths := "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	var l, y []int32
	for i := range labels {
		l, y = append(l, int32(labels[i])), append(y, int32(truths[i]))
	}
	s := scoreStream(DefaultTruthConfig(), atRate(l, 40*ms), y).Summary()
	if s.FlipsOnConstantTruth != 3 || s.FlipsAtTrueChange != 1 {
		t.Errorf("%d on constant truth, %d at a change, want 3 and 1", s.FlipsOnConstantTruth, s.FlipsAtTrueChange)
	}
	if s.Precision.Glitch != 1 || s.Recall.Glitch != 2.0/3 || s.Precision.Transition != 0.5 || s.Recall.Transition != 1 ||
		!math.IsNaN(s.Precision.Churn) || s.Recall.Churn != 0 || s.Precision.Unexplained != 1 {
		t.Errorf("precision %+v, recall %+v", s.Precision, s.Recall)
	}
}

func TestTruthTop5(t *testing.T) {
	ranked := func(i int, classes ...int32) Observation {
		o := labelled(classes[0], time.Duration(i)*40*ms)
		for _, c := range classes {
			o.Top[o.N] = Ranked{c, 0.1}
			o.N++
		}
		return o
	}
	in, out := []int32{1, 2, 3, 4, 7}, []int32{1, 2, 3, 4, 5}
	obs := []Observation{ranked(0, in...), ranked(1, out...), ranked(2, in...), ranked(3, out...), ranked(4, out...)}
	s := scoreStream(DefaultTruthConfig(), obs, []int32{7, 7, 7, 7, 1}).Summary()
	// The last change is that of the truth, which is in the top five again.
	if s.Top5Jaggedness != 4 || s.Top5Loss != 2.0/3 {
		t.Errorf("jaggedness %d, loss %v, want 4 and 2/3", s.Top5Jaggedness, s.Top5Loss)
	}
	obs[2].N = 3
	if s := scoreStream(DefaultTruthConfig(), obs, []int32{7, 7, 7, 7, 1}).Summary(); s.Top5Jaggedness != -1 || !math.IsNaN(s.Top5Loss) {
		t.Errorf("with a ranking of three: %d, %v, want unknown", s.Top5Jaggedness, s.Top5Loss)
	}
}

func TestTruthWithoutTimesHasNoKinds(t *testing.T) {
	var obs []Observation
	for i := range 10 {
		o := untimed(int32(i / 5))
		o.Seq = uint64(i)
		obs = append(obs, o)
	}
	s := scoreStream(DefaultTruthConfig(), obs, make([]int32, 10)).Summary()
	if s.FlipsOnConstantTruth != 1 || !math.IsNaN(s.Recall.Glitch) || !math.IsNaN(s.Precision.Unexplained) || s.Acc != 50 {
		t.Errorf("%+v", s)
	}
}

func TestTruthWithoutAnything(t *testing.T) {
	s := scoreStream(DefaultTruthConfig(), atRate([]int32{1, 2}, 40*ms), []int32{NoLabel, NoLabel}).Summary()
	if !math.IsNaN(s.Acc) || !math.IsNaN(s.F1At10) || !math.IsNaN(s.PM) || s.FlipsOnConstantTruth != -1 || s.Top5Jaggedness != -1 {
		t.Errorf("nothing is known, got %+v", s)
	}
	// A lost frame is wrong, and no segment.
	sums := scoreStream(DefaultTruthConfig(), atRate([]int32{1, NoLabel, 1}, 40*ms), []int32{1, 1, 1})
	if s := sums.Summary(); math.Abs(s.Acc-200.0/3) > 1e-9 || sums.tp[0] != 1 || sums.fp[0] != 1 {
		t.Errorf("with a lost frame: %+v", s)
	}
}

// TestTruthSumsMergeInAnyOrder: bit-equal, however they are merged.
func TestTruthSumsMergeInAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(57, 58))
	var parts []*TruthSums
	for range 40 {
		labels, truth := labelsWithTruth(rng, 1+rng.IntN(200))
		parts = append(parts, scoreStream(DefaultTruthConfig(), atRate(labels, 40*ms), truth))
	}
	want := ""
	for range 20 {
		rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		var left, right TruthSums
		for i, p := range parts {
			if i < 13 {
				left.Merge(p)
			} else {
				right.Merge(p)
			}
		}
		left.Merge(&right)
		got := fmt.Sprintf("%+v %x", left.Summary(), left.Summary().Edit)
		if want == "" {
			want = got
		}
		if got != want {
			t.Fatalf("merged in another order:\n%s\n%s", got, want)
		}
	}
}

func TestConsistency(t *testing.T) {
	if got := Consistency([]int32{1, 1, 2, 1}); got != 0.5 {
		t.Errorf("three of four alike: %v, want 0.5", got)
	}
	if !math.IsNaN(Consistency([]int32{1})) || Consistency([]int32{3, 3}) != 1 {
		t.Error("one label has no consistency, two alike have 1")
	}
}

func TestTruthConfigIsChecked(t *testing.T) {
	if err := DefaultTruthConfig().Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []TruthConfig{{Tolerance: -1, Window: 1}, {Window: 0}, {Window: 1, Near: -1}, {Window: 1 << 30}} {
		if c.Validate() == nil {
			t.Errorf("%+v: accepted", c)
		}
	}
}

func TestTruthDoesNotAllocate(t *testing.T) {
	r := repeatStream{obs: rankedStream(20_000), tr: NewTracker(DefaultConfig())}
	s := NewTruthScorer(DefaultTruthConfig())
	i := 0
	step := func() {
		for range 100 {
			r.step()
			o := &r.obs[r.i-1]
			s.Observe(o, &r.u, o.Label/2+int32(i/70%2))
			i++
		}
	}
	for range fewer(8000) {
		step()
	}
	if n := testing.AllocsPerRun(fewer(500), step); n != 0 && !raceEnabled {
		t.Errorf("%v allocations in 100 observations, want 0", n)
	}
}
