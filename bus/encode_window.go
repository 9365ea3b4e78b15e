package bus

import (
	"strconv"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

// windowIsDue says whether a window is published: it is told as often as the
// narrowest one of its stream, which wide ones hardly change in between, so
// only the first of each tenth of its width is, and the last.
func (e *encoder) windowIsDue(ev *event.Event) bool {
	memo, known := e.window[windowKey{ev.Track, ev.Window.Width}]
	return !known || ev.Last || memo.tenth != tenthOf(ev.Window)
}

func tenthOf(w *stability.Window) int64 { return int64(w.At / max(w.Width/10, 1)) }

// windowed is the payload of a windowed measure. The same window at the
// same frame, told again at the end of a stream when more kinds are known,
// is a further revision.
func (e *encoder) windowed(ev *event.Event) *Window {
	w := ev.Window
	key := windowKey{ev.Track, w.Width}
	memo, again := e.window[key]
	if again && memo.epoch == e.epoch && memo.seq == e.seq {
		memo.revision++
	} else {
		memo = windowMemo{epoch: e.epoch, seq: e.seq}
	}
	memo.tenth = tenthOf(w)
	e.window[key] = memo
	p := &Window{
		Envelope: e.envelope(TypeWindow, ev.Track, e.epoch, e.seq, millisIf(e.hasPTS, w.At), e.atOf(ev),
			strconv.FormatInt(w.Width.Milliseconds(), 10)+"ms", memo.revision),
		WidthMs:      millis(w.Width),
		Observations: w.Observations, Pairs: w.Pairs, Flips: w.Flips, Repeats: w.Repeats, CutChanges: w.CutChanges,
		FlipFraction: Interval{Number(w.FlipFraction.Value), Number(w.FlipFraction.Low), Number(w.FlipFraction.High)},
		FlipRateHz:   Number(w.FlipRateHz),
		Decided:      DecidedPairs{w.DecidedPairs, w.DecidedFlips, Number(w.DecidedFlipFraction)},
		Still:        SplitPairs{w.StillPairs, w.StillFlips},
		Moving:       SplitPairs{w.MovingPairs, w.MovingFlips},
		Kinds:        map[string]int64{},
		Glitches:     w.Glitches, Unexplained: w.Unexplained, UnexplainedFraction: Number(w.UnexplainedFraction),
		Breaks:   map[string]int64{},
		Coverage: Number(w.Coverage), ObservedMs: millis(w.Observed), UncoveredMs: millis(w.Uncovered),
		MAC: Number(w.MAC), T5D: Number(w.T5D), EntropyBits: Number(w.EntropyBits),
		FlappingPercent: Number(w.FlappingPercent), MeanScore: Number(w.MeanScore),
		Top: e.label(w.Top.Index, w.Top.Score),
	}
	for k := range w.Kinds {
		if name := stability.Kind(k).String(); name != "" {
			p.Kinds[name] = w.Kinds[k]
		}
	}
	for r := range w.Breaks {
		if name := stability.Reason(r).String(); name != "" {
			p.Breaks[name] = w.Breaks[r]
		}
	}
	return p
}
