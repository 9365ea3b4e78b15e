package stability

import (
	"cmp"
	"math"
	"time"
)

// Candidates are the smoothers that a recommendation searches, no smoothing
// first.
func Candidates() []Smoother {
	out := []Smoother{{}}
	for _, alpha := range []float64{0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.07, 0.05} {
		out = append(out, EMA(alpha))
	}
	for _, n := range []int{2, 3, 5, 7, 10, 15, 20, 30} {
		out = append(out, Mean(n))
	}
	for _, n := range []int{3, 5, 7, 9, 11, 15, 21, 31} {
		out = append(out, Majority(n))
	}
	for _, n := range []int{2, 3, 4, 5, 6, 8, 10, 12, 15} {
		out = append(out, Consecutive(n))
	}
	for _, delta := range []float64{0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6} {
		out = append(out, Hysteresis(delta))
	}
	for _, hold := range []int{2, 3, 5, 8, 12} {
		for _, confidence := range []float64{0, 0.5} {
			out = append(out, Lock(10, confidence, 3, hold))
		}
	}
	return out
}

// maxHalfBlocks is how many blocks a stream is cut into before two are made
// one: the halves are equal to a hundredth.
const maxHalfBlocks = 128

// halves counts what a candidate left in consecutive blocks of a stream, so
// that when the stream has ended it can be cut in two.
type halves struct {
	maxLag time.Duration
	size   int64 // observations in a block
	blocks []HalfResult
	flips  []toldFlip // smoothed flips whose kind is not known
}

type toldFlip struct {
	epoch, seq uint64
	number     int64
}

// HalfResult counts over a half of the material.
type HalfResult struct {
	Pairs, Flips, Unexplained int64
	// Transitions are those of the unsmoothed labels, Late those of them
	// that were followed later than the bound, or not at all.
	Transitions, Late int64
}

func (h *HalfResult) add(o *HalfResult) {
	h.Pairs += o.Pairs
	h.Flips += o.Flips
	h.Unexplained += o.Unexplained
	h.Transitions += o.Transitions
	h.Late += o.Late
}

// at is the block of an observation.
func (h *halves) at(number int64) *HalfResult {
	if h.size == 0 {
		h.size = 1
	}
	for number/h.size >= maxHalfBlocks {
		for i := range h.blocks {
			if i%2 == 0 {
				h.blocks[i/2] = h.blocks[i]
			} else {
				h.blocks[i/2].add(&h.blocks[i])
			}
		}
		h.blocks = h.blocks[:(len(h.blocks)+1)/2]
		h.size *= 2
	}
	for int(number/h.size) >= len(h.blocks) {
		h.blocks = append(h.blocks, HalfResult{})
	}
	return &h.blocks[number/h.size]
}

// observe takes what the smoothed labels' tracker said.
func (h *halves) observe(u *Update, number int64) {
	if u.Pair {
		b := h.at(number)
		b.Pairs++
		if u.Flip {
			b.Flips++
		}
		if u.Flip && u.FlipAt.HasPTS {
			h.flips = append(h.flips, toldFlip{u.FlipAt.Epoch, u.FlipAt.Seq, number})
		}
	}
	for i := range u.Late {
		l := &u.Late[i]
		if l.Revision != 1 {
			continue
		}
		// They are told in the order in which they came.
		for len(h.flips) > 0 {
			f := h.flips[0]
			h.flips = append(h.flips[:0], h.flips[1:]...)
			if f.seq == l.Seq && f.epoch == l.Epoch {
				if l.Unexplained {
					h.at(f.number).Unexplained++
				}
				break
			}
		}
	}
}

func (h *halves) transition(w *watchedFlip) {
	b := h.at(w.number)
	b.Transitions++
	if !w.followed || w.lag > h.maxLag {
		b.Late++
	}
}

// candidateEnd is what is left of a candidate at a stream's end.
type candidateEnd struct {
	first, second HalfResult
	untimed       bool
	interval      float64 // mean time between two pictures in nanoseconds; 0: no pairs
}

// end keeps what Recommend needs and gives up the rest.
func (r *smoothedRun) end() {
	e := &candidateEnd{untimed: r.tracker.sum.untimed}
	e.first, e.second = r.halves.split()
	if pairs := r.tracker.blocks.total[measureFlips].den; pairs > 0 {
		e.interval = float64(r.tracker.sum.observed) / float64(pairs)
	}
	r.ended = e
	r.tracker, r.state, r.halves, r.lag, r.update = nil, nil, nil, lagMeter{}, Update{}
}

// split is the first and the second half.
func (h *halves) split() (first, second HalfResult) {
	for i := range h.blocks {
		if i < len(h.blocks)/2 {
			first.add(&h.blocks[i])
		} else {
			second.add(&h.blocks[i])
		}
	}
	return first, second
}

// maxLateShare is the share of transitions that may be followed later than the
// bound.
const maxLateShare = 0.05

// Recommendation is the smoother that leaves the fewest unexplained flips
// without being too late.
type Recommendation struct {
	MaxLag time.Duration
	// Searched counts the candidates whose needs the input met, InTime those
	// of them that kept the bound on the first halves: their lag on a clean
	// step does, and so does that of 95 % of the transitions there. Those
	// whose lag depends on the scores need a transition there to show it.
	Searched, InTime int
	Best             Smoother
	// What is left without smoothing (Raw) and with Best, on the halves that
	// chose it and on those that didn't.
	ChosenOnRaw, ChosenOn     HalfResult
	ReportedOnRaw, ReportedOn HalfResult
}

// Recommend chooses among the candidates on the first half of every stream and
// reports on the second halves. Of several with equally few unexplained flips
// it takes the one that leaves the fewest flips, then the one with the smallest
// lag on a clean step, then the first. ok is false where the input has no
// times or no pairs: then no flip is known to be unexplained. The streams must
// have been configured alike, with Recommend, and flushed.
func Recommend(streams []*Smoothing) (r Recommendation, ok bool) {
	if len(streams) == 0 || !streams[0].cfg.Recommend {
		return r, false
	}
	r.MaxLag = streams[0].cfg.MaxLag
	candidates := Candidates()
	offset := len(streams[0].cfg.Smoothers)
	found := false
	for i, of := range candidates {
		first, second, known := halvesOf(streams, offset+i)
		if !known {
			continue
		}
		r.Searched++
		if i == 0 {
			r.ChosenOnRaw, r.ReportedOnRaw = first, second
			if first.Pairs == 0 || lackTimes(streams) {
				return r, false
			}
		}
		if !inTime(of, streams, &first, r.MaxLag) {
			continue
		}
		r.InTime++
		better := !found || cmp.Or(
			cmp.Compare(first.Unexplained, r.ChosenOn.Unexplained),
			cmp.Compare(first.Flips, r.ChosenOn.Flips),
			cmp.Compare(of.Lag(), r.Best.Lag())) < 0
		if better {
			found = true
			r.Best, r.ChosenOn, r.ReportedOn = of, first, second
		}
	}
	return r, found
}

func halvesOf(streams []*Smoothing, run int) (first, second HalfResult, known bool) {
	for _, s := range streams {
		r := s.runs[run]
		if r.refused != "" {
			return first, second, false
		}
		first.add(&r.ended.first)
		second.add(&r.ended.second)
	}
	return first, second, true
}

func lackTimes(streams []*Smoothing) bool {
	for _, s := range streams {
		if s.runs[len(s.cfg.Smoothers)].ended.untimed { // no smoothing is never refused
			return true
		}
	}
	return false
}

// inTime says whether a candidate keeps the bound: on a clean step at the
// streams' mean interval between pictures, and on the transitions seen.
func inTime(of Smoother, streams []*Smoothing, h *HalfResult, bound time.Duration) bool {
	interval := 0.0
	for _, s := range streams {
		interval = math.Max(interval, s.runs[len(s.cfg.Smoothers)].ended.interval)
	}
	if float64(of.Lag())*interval > float64(bound)*(1+1e-9) {
		return false
	}
	if of.waitsForScores() && h.Transitions == 0 {
		return false
	}
	return float64(h.Late) <= maxLateShare*float64(h.Transitions)
}
