package stability

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// windowRow is what the test remembers of one observation.
type windowRow struct {
	o  Observation
	u  Update
	at time.Duration // never going back
	// pairTime and gapTime are the durations of its pair or break.
	pairTime, gapTime time.Duration
	mac               float64
	flip              Flip // its newest revision
}

// refWindow recomputes a window from all rows, slowly.
func refWindow(rows []windowRow, width time.Duration) (w Window, macs []float64) {
	now := rows[len(rows)-1].at
	labels := map[int32]int64{}
	glitches := map[uint64]uint64{} // id → smallest seq
	for _, r := range rows {
		if g := r.flip.GlitchID; g != 0 {
			if s, known := glitches[g]; !known || r.o.Seq < s {
				glitches[g] = r.o.Seq
			}
		}
	}
	for _, r := range rows {
		if r.at <= now-width || r.at > now {
			continue
		}
		w.Observations++
		u := &r.u
		if u.Repeat {
			w.Repeats++
			continue
		}
		if r.o.Label != NoLabel {
			labels[r.o.Label]++
		}
		if u.Break != ReasonNone {
			w.Breaks[u.Break]++
		}
		if u.CutChange {
			w.CutChanges++
		}
		w.Uncovered += r.gapTime
		if !u.Pair {
			continue
		}
		w.Pairs++
		w.Observed += r.pairTime
		macs = append(macs, r.mac)
		flip := int64(0)
		if u.Flip {
			flip = 1
			w.Kinds[r.flip.Kind]++
			if r.flip.Unexplained {
				w.Unexplained++
			}
			if g := r.flip.GlitchID; g != 0 && glitches[g] == r.o.Seq {
				w.Glitches++
			}
		}
		w.Flips += flip
		if u.Decided {
			w.DecidedPairs++
			w.DecidedFlips += flip
		}
		if u.Still == True {
			w.StillPairs++
			w.StillFlips += flip
		}
		if u.Still == False {
			w.MovingPairs++
			w.MovingFlips += flip
		}
	}

	total := 0.0
	for _, n := range labels {
		total += float64(n)
	}
	w.EntropyBits = math.NaN()
	if total > 0 {
		w.EntropyBits = 0
		for _, n := range labels {
			w.EntropyBits -= float64(n) / total * math.Log2(float64(n)/total)
		}
	}
	return w, macs
}

func TestWindowsAgreeWithRecomputation(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	for stream := range 300 {
		cfg := DefaultConfig()
		cfg.Windows = []time.Duration{500 * time.Millisecond, 4 * time.Second}
		tr := NewTracker(cfg)
		var u Update
		var rows []windowRow
		bySeq := map[uint64]int{}
		obs := randomStream(rng, 2+rng.IntN(150))
		var lastNew, lastAny, prevAt time.Duration
		offset := time.Duration(0)
		var prevScore float32
		for i, o := range obs {
			tr.Observe(&o, &u)
			at := o.PTS + offset
			if i > 0 && at <= prevAt {
				offset += prevAt + 1 - at
				at = prevAt + 1
			}
			prevAt = at
			row := windowRow{o: o, u: u, at: at}
			if u.Pair {
				row.pairTime = at - lastNew
				row.mac = math.Abs(float64(o.PrevLabelScore) - float64(prevScore))
			}
			if u.Break != ReasonNone && u.Break != ReasonCut && at-lastAny > 1 {
				row.gapTime = at - lastAny
			}
			if o.Label != NoLabel {
				lastAny = at
				if !u.Repeat {
					lastNew = at
					prevScore = o.Score
				}
			}
			if u.Flip {
				row.flip = u.FlipAt
			}
			bySeq[o.Seq] = len(rows)
			rows = append(rows, row)
			for _, f := range u.Late {
				rows[bySeq[f.Seq]].flip = f
			}
			for _, width := range []time.Duration{cfg.Windows[0], cfg.Windows[1], 40 * time.Millisecond} {
				var got Window
				tr.Snapshot(width, &got)
				want, macs := refWindow(rows, width)
				compareWindows(t, stream, &got, &want, macs)
				if got.At != o.PTS || got.Width != width {
					t.Fatalf("stream %d: window at %v of width %v", stream, got.At, got.Width)
				}
			}
		}
	}
}

func compareWindows(t *testing.T, stream int, got, want *Window, macs []float64) {
	t.Helper()
	g := *got
	g.Width, g.At = 0, 0
	g.FlipFraction = Interval{}
	g.UnexplainedFraction, g.DecidedFlipFraction, g.FlipRateHz, g.MAC, g.T5D = 0, 0, 0, 0, 0
	g.Coverage, g.EntropyBits, g.FlappingPercent, g.MeanScore, g.Top = 0, 0, 0, 0, Ranked{}
	w := *want
	w.EntropyBits = 0
	if g != w {
		t.Fatalf("stream %d: window\n%+v\nwant\n%+v", stream, g, w)
	}
	mac := math.NaN()
	if len(macs) > 0 {
		mac = 0
		for _, m := range macs {
			mac += m / float64(len(macs))
		}
	}
	close := func(name string, a, b float64) {
		t.Helper()
		if math.IsNaN(a) != math.IsNaN(b) || math.Abs(a-b) > 1e-9 && !(math.Abs(a-b) <= 1e-6*math.Abs(b)) {
			t.Fatalf("stream %d: %s is %v, want %v", stream, name, a, b)
		}
	}
	close("mac", got.MAC, mac)
	close("entropy_bits", got.EntropyBits, want.EntropyBits)
	close("flip_fraction", got.FlipFraction.Value, float64(want.Flips)/float64(want.Pairs))
	close("unexplained_fraction", got.UnexplainedFraction, float64(want.Unexplained)/float64(want.Pairs))
	close("coverage", got.Coverage, float64(want.Observed)/float64(want.Observed+want.Uncovered))
	if want.Observed > 0 {
		close("flip_rate_hz", got.FlipRateHz, float64(want.Flips)/want.Observed.Seconds())
	}
}

// TestLongWindowsStayClose holds what Snapshot promises of windows with more
// observations than are kept one by one.
func TestLongWindowsStayClose(t *testing.T) {
	obs := labelStream(60_000)
	cfg := DefaultConfig()
	cfg.Windows = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute}
	tr := NewTracker(cfg)
	var u Update
	flips := make([]bool, len(obs))
	var got Window
	worst := 0.0
	for i := range obs {
		tr.Observe(&obs[i], &u)
		flips[i] = u.Flip
		if i%997 != 0 || i < 9000 {
			continue
		}
		for _, width := range cfg.Windows {
			tr.Snapshot(width, &got)
			exact := int64(width.Seconds() * 30)
			if width == 10*time.Second && got.Pairs != exact {
				t.Fatalf("%v holds %d pairs, want %d", width, got.Pairs, exact)
			}
			over := float64(got.Pairs-exact) / float64(exact)
			worst = max(worst, over)
			if over < -0.001 || over > 0.08 {
				t.Fatalf("%v holds %d pairs, want %d to 8 %% more", width, got.Pairs, exact)
			}
			n := int64(0)
			for j := i; j > i-int(got.Pairs); j-- {
				if flips[j] {
					n++
				}
			}
			if n != got.Flips {
				t.Fatalf("%v: %d flips in %d pairs, want %d", width, got.Flips, got.Pairs, n)
			}
			kinds := int64(0)
			for _, k := range got.Kinds {
				kinds += k
			}
			if kinds != got.Flips {
				t.Fatalf("%v: kinds sum to %d, flips are %d", width, kinds, got.Flips)
			}
		}
	}
	t.Logf("older edge at most %.1f %% early", 100*worst)
}

func TestSnapshotWithoutAnything(t *testing.T) {
	var w Window
	NewTracker(DefaultConfig()).Snapshot(time.Second, &w)
	if w.Pairs != 0 || !math.IsNaN(w.FlipFraction.Value) || !math.IsNaN(w.Coverage) || w.Top.Index != NoLabel {
		t.Errorf("empty window %+v", w)
	}
}
