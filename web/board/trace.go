package board

import (
	"math"
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/stability"
)

// The sparkline covers ten minutes.
const (
	sparkStep  = 10 * time.Second
	sparkSteps = 60
)

// spark counts flips in steps of the wall clock. Where that is set back or on,
// what was counted moves with it.
type spark struct {
	newest int64 // number of the newest step, by sparkStep since 1970
	steps  [sparkSteps]step
}

type step struct{ pairs, flips, unexplained int64 }

// clockStep is alerts.ClockStep; nothing was set before the first moment.
func clockStep(before, after time.Time) time.Duration {
	if before.IsZero() {
		return 0
	}
	return alerts.ClockStep(before, after)
}

func stepOf(at time.Time) int64 { return at.UnixMilli() / sparkStep.Milliseconds() }

// at gives a step, nil if it is too old.
func (s *spark) at(n int64) *step {
	if n <= s.newest-sparkSteps || n > s.newest || n < 0 {
		return nil
	}
	return &s.steps[n%sparkSteps]
}

func (s *spark) advance(n int64) {
	for ; s.newest < n; s.newest++ {
		if n-s.newest > sparkSteps {
			s.newest = n - sparkSteps
		}
		s.steps[(s.newest+1)%sparkSteps] = step{}
	}
}

// shift moves all that was counted by so many steps.
func (s *spark) shift(by int64) {
	from := s.steps
	for i := range int64(sparkSteps) {
		s.steps[((i+by)%sparkSteps+sparkSteps)%sparkSteps] = from[i]
	}
	s.newest += by
}

func (s *spark) add(at time.Time, pair, flip bool) {
	n := stepOf(at)
	if n <= s.newest-sparkSteps { // somebody else's clock went back
		*s = spark{newest: n}
	}
	s.advance(n)
	x := s.at(n)
	if x == nil {
		return
	}
	if pair {
		x.pairs++
	}
	if flip {
		x.flips++
	}
}

func (s *spark) unexplained(at time.Time) {
	if x := s.at(stepOf(at)); x != nil {
		x.unexplained++
	}
}

// copy gives the steps up to now, or up to the newest where that lies ahead,
// as with files, which play faster than the clock.
func (s *spark) copy(now time.Time) Spark {
	end := max(stepOf(now), s.newest)
	if s.newest > 0 && s.newest < end-sparkSteps {
		end = s.newest // long ago: show what there was
	}
	counts := make([]int64, 3*sparkSteps)
	out := Spark{
		StepMs: sparkStep.Milliseconds(), EndMs: (end + 1) * sparkStep.Milliseconds(),
		Pairs: counts[:sparkSteps:sparkSteps], Flips: counts[sparkSteps : 2*sparkSteps : 2*sparkSteps], Unexplained: counts[2*sparkSteps:],
	}
	for i := range sparkSteps {
		if x := s.at(end - sparkSteps + 1 + int64(i)); x != nil {
			out.Pairs[i], out.Flips[i], out.Unexplained[i] = x.pairs, x.flips, x.unexplained
		}
	}
	return out
}

// ribbon holds the labels as stretches, oldest first.
type ribbon struct {
	list []segment
	n    int64   // frames in the last
	sum  float64 // of their scores
}

func (r *ribbon) add(at time.Time, label int32, score float32, gap stability.Reason) {
	ms, x := at.UnixMilli(), float64(score)
	known := !math.IsNaN(x) && !math.IsInf(x, 0)
	if !known {
		x = 0
	}
	if k := len(r.list) - 1; k >= 0 && ms < r.list[k].toMs {
		r.back(ms)
	} else if k >= 0 {
		last := &r.list[k]
		if gap == stability.ReasonNone {
			last.toMs = ms // a label holds until the next frame
		}
		if last.index == label && gap == stability.ReasonNone {
			r.n++
			r.sum += x
			if known {
				last.score = r.sum / float64(r.n)
			}
			return
		}
	}
	if len(r.list) == cap(r.list) { // append would make room for more than the limit
		grown := make([]segment, len(r.list), min(max(8, 2*len(r.list)), maxSegments+1))
		copy(grown, r.list)
		r.list = grown
	}
	r.list = append(r.list, segment{fromMs: ms, toMs: ms, index: label, score: float64(score), gap: gap})
	r.n, r.sum = 1, x
	if extra := len(r.list) - maxSegments; extra > 0 {
		r.list = slices.Delete(r.list, 0, extra)
	}
}

// shift moves all stretches by so much time.
func (r *ribbon) shift(by time.Duration) {
	for i := range r.list {
		r.list[i].fromMs += by.Milliseconds()
		r.list[i].toMs += by.Milliseconds()
	}
}

// back drops what lies after a time.
func (r *ribbon) back(ms int64) {
	n := len(r.list)
	for n > 0 && r.list[n-1].fromMs >= ms {
		n--
	}
	r.list = r.list[:n]
	if n > 0 {
		r.list[n-1].toMs = min(r.list[n-1].toMs, ms)
	}
}

// trim drops what ended before a time.
func (r *ribbon) trim(before time.Time) {
	ms, n := before.UnixMilli(), 0
	for n < len(r.list)-1 && r.list[n].toMs < ms {
		n++
	}
	r.list = slices.Delete(r.list, 0, n)
}
