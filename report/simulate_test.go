package report

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/stability"
)

// simClasses are the labels of the scripted network.
var simClasses = []string{
	"hen", "hare", "wood rabbit", "marmot", "beaver", "lakeside", "valley", "mountain tent",
	"fox squirrel", "koala", "wombat", "golf ball", "ladybug", "balloon", "parachute", "vulture",
}

func simLabel(i int32) string { return simClasses[i] }

// simulation is a scripted run: a network whose logits wander around means
// that change from scene to scene, with short excursions. It exists to look
// at pages and to test them; its summary is counted naively.
type simulation struct {
	seed    uint64
	frames  int
	fps     float64
	cuts    []int   // frames that begin a scene
	gapAt   int     // a frame after an outage of 1.2 s; 0: none
	noise   float64 // of the logits, slow
	jitter  float64 // of the logits, from frame to frame
	spread  float64 // of the logits: how sure the network is
	noTimes bool
	thumb   func(i int) *frame.Thumb // nil: pictures off
	traces  []int32
}

// sceneSpeeds are how fast things move; at 0 the picture stands still now
// and then.
var sceneSpeeds = []float64{0, .5, 1.5}

// simFrame is one frame and what was made of it.
type simFrame struct {
	obs   stability.Observation
	pair  bool
	brk   stability.Reason
	flip  *stability.Flip // final
	cells []uint16
	probs []float64
}

func (s *simulation) run() []simFrame {
	rng := rand.New(rand.NewPCG(s.seed, 7))
	k := len(simClasses)
	mean, wander := make([]float64, k), make([]float64, k)
	newScene := func() {
		for c := range mean {
			mean[c] = rng.NormFloat64() * s.spread * .55
		}
		mean[rng.IntN(k)] += s.spread
		mean[rng.IntN(k)] += s.spread * .7
	}
	newScene()
	out := make([]simFrame, s.frames)
	boost, boosted, left := 0.0, 0, 0
	cx, cy, speed, scene := 12.0, 14.0, 1.5, 2
	var pts time.Duration
	for i := range out {
		f := &out[i]
		cut := slices.Contains(s.cuts, i)
		if cut {
			newScene()
			scene++
			speed = sceneSpeeds[scene%len(sceneSpeeds)]
		}
		if left == 0 && rng.Float64() < .035 {
			boosted, left, boost = rng.IntN(k), 1+rng.IntN(3), s.spread*(.8+rng.Float64())
		}
		logits, sum := make([]float64, k), 0.0
		for c := range logits {
			wander[c] = wander[c]*.96 + rng.NormFloat64()*s.noise
			logits[c] = mean[c] + wander[c]
			if s.jitter > 0 {
				logits[c] += rng.NormFloat64() * s.jitter
			}
			if left > 0 && c == boosted {
				logits[c] += boost
			}
		}
		left = max(0, left-1)
		f.probs = make([]float64, k)
		for c, l := range logits {
			f.probs[c] = math.Exp(l)
			sum += f.probs[c]
		}
		order := make([]int, k)
		for c := range order {
			order[c] = c
			f.probs[c] /= sum
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(f.probs[b], f.probs[a]) })
		if i > 0 {
			pts += time.Duration(float64(time.Second) / s.fps)
		}
		o := &f.obs
		*o = stability.Observation{Epoch: 1, Seq: uint64(i), PTS: pts, HasPTS: !s.noTimes,
			Label: int32(order[0]), Score: float32(f.probs[order[0]]), N: stability.TopK,
			PrevLabelScore: float32(math.NaN()), Cut: cut, Change: -1}
		for r := range stability.TopK {
			o.Top[r] = stability.Ranked{Index: int32(order[r]), Score: float32(f.probs[order[r]])}
		}
		switch {
		case i == 0:
			continue
		case cut:
			f.brk = stability.ReasonCut
			continue
		case i == s.gapAt:
			pts += 1200 * time.Millisecond
			o.PTS, o.Break, f.brk = pts, stability.ReasonGap, stability.ReasonGap
			continue
		}
		f.pair = true
		o.PrevLabelScore = float32(f.probs[out[i-1].obs.Label])
		f.cells = simCells(rng, &cx, &cy, speed)
		o.Change, o.ChangeMax = int32(len(f.cells)), float32(len(f.cells))/8
	}
	s.decide(out)
	return out
}

// simCells moves a blob over the change map.
func simCells(rng *rand.Rand, cx, cy *float64, speed float64) []uint16 {
	if speed == 0 && rng.Float64() < .7 {
		return nil
	}
	*cx = math.Mod(*cx+speed*.7+32, 32)
	*cy = math.Mod(*cy+rng.NormFloat64()*.6+32, 32)
	r := 2 + 3*speed
	var cells []uint16
	for c := range 1024 {
		dx, dy := float64(c%32)-*cx, float64(c/32)-*cy
		if dx*dx+dy*dy < r*r*(.6+.6*rng.Float64()) {
			cells = append(cells, uint16(c))
		}
	}
	return cells
}

// decide gives every flip a kind, simply: by how long the labels around it
// were held.
func (s *simulation) decide(fs []simFrame) {
	var runs []struct{ from, to int } // of one label within a chain of pairs
	for i := range fs {
		if i > 0 && fs[i].pair && fs[i].obs.Label == fs[i-1].obs.Label {
			runs[len(runs)-1].to = i
		} else {
			runs = append(runs, struct{ from, to int }{i, i})
		}
	}
	step := time.Duration(float64(time.Second) / s.fps)
	held := func(r int) time.Duration { return fs[runs[r].to].obs.PTS - fs[runs[r].from].obs.PTS + step }
	glitches := uint64(0)
	for r := 1; r < len(runs); r++ {
		i := runs[r].from
		if !fs[i].pair {
			continue
		}
		a, b := &fs[i-1].obs, &fs[i].obs
		fl := &stability.Flip{Epoch: b.Epoch, Seq: b.Seq, PTS: b.PTS, HasPTS: b.HasPTS, From: a.Label, To: b.Label,
			FromScore: a.Score, ToScore: b.Score, MarginBefore: a.Top[0].Score - a.Top[1].Score,
			MarginAfter: b.Top[0].Score - b.Top[1].Score, Change: b.Change, Still: stability.TriOf(b.Change == 0),
			Decided: min(a.Score, b.Score) >= .5, HeldBefore: held(r - 1), HeldAfter: held(r), Final: true}
		steady := func(r int) bool { return r >= 0 && r < len(runs) && held(r) >= 400*time.Millisecond }
		back := r+1 < len(runs) && fs[runs[r+1].from].pair && fs[runs[r+1].from].obs.Label == a.Label
		prev := fs[i-1].flip
		if runs[r-1].from > 0 {
			prev = fs[runs[r-1].from].flip
		}
		switch {
		case steady(r-1) && back && held(r) <= 200*time.Millisecond && steady(r+1):
			glitches++
			fl.Kind, fl.GlitchID = stability.KindGlitch, glitches
		case prev != nil && prev.Kind == stability.KindGlitch && prev.From == fl.To && fl.HeldBefore <= 200*time.Millisecond:
			fl.Kind, fl.GlitchID = stability.KindGlitch, glitches
		case steady(r-1) && steady(r):
			fl.Kind = stability.KindTransition
		case r == len(runs)-1 || r == 1:
			fl.Kind = stability.KindCensored
		default:
			fl.Kind = stability.KindChurn
		}
		if s.noTimes {
			fl.Kind, fl.GlitchID = stability.KindNone, 0
		}
		fl.Unexplained = fl.Kind == stability.KindGlitch || fl.Still == stability.True
		fs[i].flip = fl
	}
}

// feed sends the frames to a recorder as a pipeline would: a flip's kind
// comes late by delay frames.
func (s *simulation) feed(t testing.TB, rec event.Recorder, fs []simFrame, delay int) {
	t.Helper()
	ctx := context.Background()
	var waiting []*stability.Flip
	var prev *frame.Thumb
	flips, pairs := 0, 0
	for i := range fs {
		f := &fs[i]
		obs := f.obs // a copy: the recorder must not keep it
		ev := &event.Event{Observation: &obs}
		ev.Pair, ev.Break = f.pair, f.brk
		for len(waiting) > 0 && waiting[0].Seq+uint64(delay) <= f.obs.Seq {
			ev.Late = append(ev.Late, *waiting[0])
			waiting = waiting[1:]
		}
		var cur *frame.Thumb
		if s.thumb != nil {
			cur = s.thumb(i)
		}
		if f.pair {
			pairs++
			ev.Still = stability.TriOf(obs.Change == 0)
			ev.Decided = min(obs.Score, fs[i-1].obs.Score) >= .5
		}
		if f.flip != nil {
			flips++
			ev.Flip, ev.FlipAt = true, *f.flip
			if f.flip.Kind != stability.KindNone {
				ev.FlipAt.Kind, ev.FlipAt.GlitchID = stability.KindPending, 0
			}
			ev.FlipAt.Final, ev.FlipAt.HeldAfter = false, 0
			ev.Prev, ev.Cur, ev.ChangedCells = prev, cur, f.cells
			ev.PrevTop = slices.Clone(fs[i-1].obs.Top[:])
			final := *f.flip
			final.Revision = 1
			waiting = append(waiting, &final)
		}
		for _, c := range s.traces {
			ev.Traced = append(ev.Traced, float32(f.probs[c]))
		}
		if pairs > 0 && !s.noTimes {
			ev.Window = simWindow(fs, i, 2*time.Second)
		}
		if err := rec.Record(ctx, ev); err != nil {
			t.Fatalf("record frame %d: %v", i, err)
		}
		prev.Release()
		prev = cur
	}
	prev.Release()
	last := &event.Event{}
	for _, f := range waiting {
		last.Late = append(last.Late, *f)
	}
	if err := rec.Record(ctx, last); err != nil {
		t.Fatalf("record the end: %v", err)
	}
}

func simWindow(fs []simFrame, i int, width time.Duration) *stability.Window {
	w := &stability.Window{Width: width, At: fs[i].obs.PTS}
	for k := i; k >= 0 && fs[k].obs.PTS > w.At-width; k-- {
		if fs[k].pair {
			w.Pairs++
		}
		if fs[k].flip != nil {
			w.Flips++
		}
	}
	w.FlipFraction = wilson(w.Flips, w.Pairs)
	return w
}

// wilson is the Wilson interval of k out of n at 95 %.
func wilson(k, n int64) stability.Interval {
	if n == 0 {
		return stability.Interval{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
	}
	const z = 1.959964
	p, m := float64(k)/float64(n), float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m)) / (1 + z*z/m)
	return stability.Interval{Value: p, Low: max(0, mid-half), High: min(1, mid+half)}
}

// summary counts the frames naively.
func (s *simulation) summary(fs []simFrame) *stability.Summary {
	sum := unknownSummary()
	*sum = stability.Summary{
		Frames: int64(len(fs)), Coverage: 1, Kinds: map[stability.Kind]int64{},
		Breaks: map[stability.Reason]int64{}, Cuts: int64(len(s.cuts)), HasPTS: !s.noTimes,
		T5D: 3.95, MAC: .044, Top5Jaggedness: -1, EntropyBits: 2.21,
		Last: fs[len(fs)-1].obs.PTS,
	}
	sum.Decided.MinScore = .5
	labels, labelPairs := map[int32]int64{}, map[[2]int32]int64{}
	var scores []float64
	var changes [][2]int // change, flip
	var dwell []time.Duration
	for i := range fs {
		f := &fs[i]
		labels[f.obs.Label]++
		scores = append(scores, float64(f.obs.Score))
		if f.brk != stability.ReasonNone {
			sum.Breaks[f.brk]++
		}
		if !f.pair {
			continue
		}
		sum.Pairs++
		sum.Observed += time.Duration(float64(time.Second) / s.fps)
		decided := min(f.obs.Score, fs[i-1].obs.Score) >= .5
		side := &sum.Moving
		if f.obs.Change == 0 {
			side = &sum.Still
		}
		side.Pairs++
		if decided {
			sum.Decided.Pairs++
		}
		changes = append(changes, [2]int{int(f.obs.Change), 0})
		if f.flip == nil {
			continue
		}
		changes[len(changes)-1][1] = 1
		sum.Flips++
		side.Flips++
		if decided {
			sum.Decided.Flips++
		}
		sum.Kinds[f.flip.Kind]++
		sum.Glitches = max(sum.Glitches, int64(f.flip.GlitchID))
		if f.flip.Unexplained {
			sum.Unexplained++
		}
		labelPairs[[2]int32{f.flip.From, f.flip.To}]++
		dwell = append(dwell, f.flip.HeldBefore)
	}
	sum.FlipFraction, sum.UnexplainedFraction = wilson(sum.Flips, sum.Pairs), wilson(sum.Unexplained, sum.Pairs)
	sum.Decided.FlipFraction = wilson(sum.Decided.Flips, sum.Decided.Pairs)
	sum.Decided.Share = float64(sum.Decided.Pairs) / float64(max(1, sum.Pairs))
	sum.Still.FlipFraction, sum.Moving.FlipFraction = wilson(sum.Still.Flips, sum.Still.Pairs), wilson(sum.Moving.Flips, sum.Moving.Pairs)
	sum.FlipRateHz = float64(sum.Flips) / max(1e-9, sum.Observed.Seconds())
	slices.Sort(scores)
	sum.MedianScore = scores[len(scores)/2]
	slices.SortFunc(changes, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	for q := range 5 {
		part := changes[len(changes)*q/5 : len(changes)*(q+1)/5]
		b := stability.ChangeBin{Pairs: int64(len(part)), MaxCells: int32(part[len(part)-1][0])}
		for _, c := range part {
			b.Flips += int64(c[1])
		}
		b.FlipFraction = float64(b.Flips) / float64(b.Pairs)
		sum.ByChange = append(sum.ByChange, b)
	}
	if len(dwell) > 0 {
		slices.Sort(dwell)
		sum.Dwell = stability.Dwell{Count: int64(len(dwell)), Held: int64(len(dwell)), Min: dwell[0], Median: dwell[len(dwell)/2], P95: dwell[len(dwell)*95/100]}
	}
	for l, n := range labels {
		sum.LabelCounts = append(sum.LabelCounts, stability.LabelCount{Label: l, Count: n})
	}
	slices.SortFunc(sum.LabelCounts, func(a, b stability.LabelCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Label, b.Label))
	})
	sum.Labels = len(labels)
	for p, n := range labelPairs {
		sum.LabelPairs = append(sum.LabelPairs, stability.LabelPair{From: p[0], To: p[1], Count: n})
	}
	slices.SortFunc(sum.LabelPairs, func(a, b stability.LabelPair) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	if s.noTimes {
		sum.Kinds, sum.Observed, sum.FlipRateHz = nil, 0, math.NaN()
	}
	return sum
}

// simStream is a stream's configuration as app would fill it in.
func simStream(name string) StreamConfig {
	return StreamConfig{
		Name: name, Label: simLabel, MinScore: .5,
		Crop: CropOf(frame.Want{Width: 224, Height: 224, ShortSide: 256, Fit: frame.FitCrop}, 1280, 720),
		Source: Source{Name: name, Kind: "file", Codec: "h264", Width: 1280, Height: 720, FPS: 25,
			SHA256: "3f1c5c3a5a0bb77d62bd7c53a5c1d8a8c5d1c0e3e9b2a1f4d6c7b8a990f1e2d3", ColorMatrixWhy: "tag"},
		Identity: Identity{Model: "scripted", ModelSHA256: fmt.Sprintf("%064x", 1), Provider: "cpu", Precision: "fp32",
			Preprocessing: Preprocessing{Width: 224, Height: 224, ShortSide: 256, Fit: frame.FitCrop, Filter: frame.FilterArea,
				Order: "RGB", Mean: [3]float32{127, 127, 127}, Scale: [3]float32{128, 128, 128}},
			ColorMatrix: "bt709", Decoder: "opencv 4.6.0, ffmpeg 5.1", Runtime: "onnxruntime 1.32.0"},
		Details: []Detail{{"Scene cuts found by", "adaptive"}, {"Command", "flipmeter analyze " + name}},
	}
}
