package explain

import (
	"context"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/stability"
)

// pairList keeps so many pairs, evenly: when it is full every second goes, and
// from then on every second is taken, and so on.
type pairList struct {
	pairs      []perturb.PairOfFrames
	seen, step int
}

const maxPairs = 1 << 14

func (l *pairList) add(p perturb.PairOfFrames) {
	if l.step == 0 {
		l.step = 1
	}
	if l.seen%l.step == 0 {
		if len(l.pairs) == maxPairs {
			for i := range maxPairs / 2 {
				l.pairs[i] = l.pairs[2*i]
			}
			l.pairs = l.pairs[:maxPairs/2]
			l.step *= 2
		}
		if l.seen%l.step == 0 {
			l.pairs = append(l.pairs, p)
		}
	}
	l.seen++
}

// Recorder remembers the pairs of a stream, to look at some of them again.
// It is an event.Recorder. Frames are known by their place among those that
// the source delivers, which is the same at the second reading.
//
// Where a truth is given, flips are those on constant truth, as
// stability.TruthScorer counts them: none within the tolerance of a true
// change. A pair over which the truth changes is a true change, whether the
// label flips or not; one whose truth is not known is of no group.
type Recorder struct {
	flips, held, changes pairList
	tolerance            int64

	next  uint64 // place of the next frame
	last  uint64 // of the last frame that was not a repeated picture
	seq   map[uint64]uint64
	label int32
	truth int32 // of the last frame, too

	// Of the run of pairs with a truth: how many there were, the newest true
	// change among them (0: none), and the flips that may yet be near one.
	newest, change int64
	waiting        []waitingFlip
}

type waitingFlip struct {
	perturb.PairOfFrames
	seq    uint64
	number int64
}

// NewRecorder makes one; tolerance is that of the truth, in pairs.
func NewRecorder(tolerance int) *Recorder {
	return &Recorder{tolerance: int64(tolerance), seq: make(map[uint64]uint64), truth: stability.NoLabel}
}

// Record implements event.Recorder.
func (e *Recorder) Record(_ context.Context, ev *event.Event) error {
	o := ev.Observation
	if o == nil {
		return nil
	}
	at := e.next
	e.next++
	if ev.Repeat {
		return nil
	}
	p := perturb.PairOfFrames{Seq: at, Before: e.last, From: e.label, To: o.Label, Change: o.Change}
	switch {
	case ev.Truth != nil:
		e.pairWithTruth(ev, p)
		e.truth = *ev.Truth
	case ev.Pair && ev.Flip:
		e.addFlip(p, o.Seq)
	case ev.Pair:
		e.held.add(p)
	}
	e.last, e.label = at, o.Label
	return nil
}

// pairWithTruth sorts a pair, if it is one, by what the truth did.
func (e *Recorder) pairWithTruth(ev *event.Event, p perturb.PairOfFrames) {
	before, after := e.truth, *ev.Truth
	if !ev.Pair || before == stability.NoLabel || after == stability.NoLabel {
		e.endRun()
		return
	}
	e.newest++
	switch {
	case before != after:
		e.change = e.newest
		if e.changes.add(p); ev.Flip {
			e.know(p, ev.Observation.Seq)
		}
	case ev.Flip:
		e.waiting = append(e.waiting, waitingFlip{p, ev.Observation.Seq, e.newest})
	default:
		e.held.add(p)
	}
	n := 0
	for _, w := range e.waiting {
		switch {
		case e.change > 0 && max(w.number-e.change, e.change-w.number) <= e.tolerance:
			// Near a true change: of no group.
		case e.newest-w.number >= e.tolerance:
			e.addFlip(w.PairOfFrames, w.seq)
		default:
			e.waiting[n] = w
			n++
		}
	}
	e.waiting = e.waiting[:n]
}

// endRun takes the flips that waited for a true change: the tolerance does not
// reach over a break. It is called at the stream's end, too.
func (e *Recorder) endRun() {
	for _, w := range e.waiting {
		e.addFlip(w.PairOfFrames, w.seq)
	}
	e.waiting, e.newest, e.change = e.waiting[:0], 0, 0
}

func (e *Recorder) addFlip(p perturb.PairOfFrames, seq uint64) {
	e.flips.add(p)
	e.know(p, seq)
}

// know remembers a flip's number, for the nine labels that its page shows.
func (e *Recorder) know(p perturb.PairOfFrames, seq uint64) {
	if len(e.seq) < 4*maxPairs {
		e.seq[p.Seq] = seq
	}
}

// Close implements event.Recorder.
func (e *Recorder) Close() error { return nil }
