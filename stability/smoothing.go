package stability

import (
	"fmt"
	"time"
)

// SmoothingConfig says which smoothers are tried on a stream.
type SmoothingConfig struct {
	// Measures are those of the stream's tracker.
	Measures Config
	// Smoothers are the what-ifs that Smoothed tells about.
	Smoothers []Smoother
	// Recommend tries the Candidates as well, for Recommend; a transition
	// that is followed later than MaxLag counts as late.
	Recommend bool
	MaxLag    time.Duration
}

// Smoothing tells what smoothers would have made of a stream, in one pass
// beside the Tracker that follows it: how many flips would be left, how many
// of them unexplained, how late real transitions would be followed. A smoother
// sees what a smoothed deployment would see, frame by frame; its state is
// reset at every break and cut. A repeated picture is no new evidence and no
// vote. Its labels are measured by a tracker of their own.
//
// The measured lag is that of the stream's own transitions (the kind): from
// the transition's frame to the first of its run on which the smoother shows
// the new label. One that was not followed when the next is known never was.
type Smoothing struct {
	cfg  SmoothingConfig
	runs []*smoothedRun
	obs  Observation // smoothed
	n    int64       // observations so far

	flushed bool
}

// smoothedRun is one smoother on one stream.
type smoothedRun struct {
	smoother Smoother
	state    smootherState
	refused  string

	tracker *Tracker
	update  Update
	label   int32

	pictures, changed int64
	lag               lagMeter
	halves            *halves // nil unless it is a candidate
	ended             *candidateEnd
}

// NewSmoothing panics if the configuration is not valid: check what users gave
// with Config.Validate and Smoother.Validate first.
func NewSmoothing(cfg SmoothingConfig) *Smoothing {
	s := &Smoothing{cfg: cfg}
	cfg.Measures.Windows = nil
	add := func(of Smoother, halves *halves) {
		if err := of.Validate(); err != nil {
			panic("BUG: stability.NewSmoothing: " + err.Error())
		}
		s.runs = append(s.runs, &smoothedRun{
			smoother: of, state: of.begin(), tracker: NewTracker(cfg.Measures), halves: halves,
		})
	}
	for _, of := range cfg.Smoothers {
		add(of, nil)
	}
	if cfg.Recommend {
		for _, of := range Candidates() {
			add(of, &halves{maxLag: cfg.MaxLag})
		}
	}
	return s
}

// MostNeeded is the most that any of the smoothers needs.
func MostNeeded(smoothers []Smoother) Needs {
	most := NeedsLabels
	for _, of := range smoothers {
		most = max(most, of.Needs())
	}
	return most
}

// Observe takes an observation, all its probabilities (nil where they are not
// known; read only during the call), and what the stream's tracker said of it.
func (s *Smoothing) Observe(o *Observation, probs []float32, u *Update) {
	if s.flushed {
		panic("BUG: stability.Smoothing: observed after Flush")
	}
	s.obs = *o
	s.obs.Score, s.obs.PrevLabelScore, s.obs.N, s.obs.TopComplete = nan32(), nan32(), 0, false
	// The tracker knows more reasons than the source.
	s.obs.Break, s.obs.Cut = u.Break, o.Cut || u.Break == ReasonCut
	if u.Break == ReasonCut {
		s.obs.Break = ReasonNone
	}
	for _, r := range s.runs {
		if r.refused == "" {
			s.step(r, o, probs, u)
		}
	}
	s.n++
}

func (s *Smoothing) step(r *smoothedRun, o *Observation, probs []float32, u *Update) {
	fresh := !u.Pair && !u.Repeat
	if fresh || len(u.Late) > 0 {
		r.lag.late(u, r.halves)
	}
	if fresh {
		r.lag.endRun(r.halves)
	}
	if o.Label != NoLabel && !u.Repeat {
		var ok bool
		if fresh {
			r.label, ok = r.state.first(o, probs)
		} else {
			r.label, ok = r.state.next(o, probs)
		}
		if !ok {
			r.refuse(o)
			return
		}
		r.pictures++
		if r.label != o.Label {
			r.changed++
		}
		if u.Flip {
			r.lag.add(&u.FlipAt, s.n)
		}
		r.lag.see(r.label, o)
	}
	s.obs.Label = r.label
	if o.Label == NoLabel {
		s.obs.Label = NoLabel
	}
	r.tracker.Observe(&s.obs, &r.update)
	if r.halves != nil {
		r.halves.observe(&r.update, s.n)
	}
}

// refuse ends the smoother for good: approximating would be another measure.
func (r *smoothedRun) refuse(o *Observation) {
	what := map[Needs]string{
		NeedsScores: "the score", NeedsCurrent: "the probability of the label it shows", NeedsProbabilities: "all probabilities",
	}[r.smoother.Needs()]
	r.refused = fmt.Sprintf("%s needs %s of every frame, which frame %d lacks", r.smoother, what, o.Seq)
	r.tracker, r.state, r.lag, r.halves = nil, nil, lagMeter{}, nil
}

// Flush ends the stream; u is what the tracker's Flush said. Nothing may be
// observed after it: the candidates' trackers are given up.
func (s *Smoothing) Flush(u *Update) {
	for _, r := range s.runs {
		if r.refused != "" {
			continue
		}
		r.lag.late(u, r.halves)
		r.lag.endRun(r.halves)
		r.tracker.Flush(&r.update)
		if r.halves != nil {
			r.halves.observe(&r.update, s.n)
			r.end()
		}
	}
	s.flushed = true
}

// Shown fills o with what the first smoother made of the newest observation: the
// label that it shows in place of the network's, and no scores, which would be
// those of another label. u is what its own tracker said, after Flush too, and
// is valid until the next call. refused says why the smoother shows nothing.
func (s *Smoothing) Shown(o *Observation) (u *Update, refused string) {
	r := s.runs[0]
	if r.refused != "" {
		return nil, r.refused
	}
	*o = s.obs
	if o.Label != NoLabel { // of the last smoother
		o.Label = r.label
	}
	return &r.update, ""
}

// Smoothed are the results of the configured smoothers, in their order, as if
// the stream ended now. Flush both trackers first for the kinds that are not
// told yet. The name is as in Tracker.Result.
func (s *Smoothing) Smoothed(name string) []Smoothed {
	out := make([]Smoothed, 0, len(s.cfg.Smoothers))
	for _, r := range s.runs[:len(s.cfg.Smoothers)] {
		out = append(out, r.result(name))
	}
	return out
}

func (r *smoothedRun) result(name string) Smoothed {
	out := Smoothed{Smoother: r.smoother, Refused: r.refused}
	if r.refused == "" {
		out.Result = r.tracker.Result(name)
		out.pictures, out.changed, out.lag = r.pictures, r.changed, r.lag.sums.clone()
	}
	return out
}
