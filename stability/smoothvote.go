package stability

// smootherState is the state of one smoother. first begins a run, next takes the
// run's next picture; both return the label that the smoother shows. A false
// ok means that the input lacks what the smoother needs; the smoother is then
// not used any more.
type smootherState interface {
	first(o *Observation, probs []float32) (label int32, ok bool)
	next(o *Observation, probs []float32) (label int32, ok bool)
}

func (s Smoother) begin() smootherState {
	switch s.kind {
	case smoothEMA:
		return &emaSmoother{alpha: s.x}
	case smoothMean:
		return &meanSmoother{n: s.n}
	case smoothMajority:
		return &majoritySmoother{n: s.n}
	case smoothConsecutive:
		return &streakSmoother{n: s.n}
	case smoothHysteresis:
		return &hysteresisSmoother{delta: s.x}
	case smoothLock:
		return &lockSmoother{votes: s.n, lead: s.lead, confidence: float32(s.x), streak: streakSmoother{n: s.hold}}
	default:
		return noSmoother{}
	}
}

type noSmoother struct{}

func (noSmoother) first(o *Observation, _ []float32) (int32, bool) { return o.Label, true }
func (noSmoother) next(o *Observation, _ []float32) (int32, bool)  { return o.Label, true }

// streakSmoother changes after n equal labels.
type streakSmoother struct {
	n       int
	current int32
	other   int32
	run     int // how often other was on top, in a row
}

func (s *streakSmoother) first(o *Observation, _ []float32) (int32, bool) {
	s.current, s.run = o.Label, 0
	return s.current, true
}

func (s *streakSmoother) next(o *Observation, _ []float32) (int32, bool) {
	switch {
	case o.Label == s.current:
		s.run = 0
	case s.run > 0 && o.Label == s.other:
		s.run++
	default:
		s.other, s.run = o.Label, 1
	}
	if s.run >= s.n {
		s.current, s.run = s.other, 0
	}
	return s.current, true
}

// votes counts labels, in no order.
type votes []LabelCount

func (v *votes) add(label int32, n int64) {
	for i := range *v {
		c := &(*v)[i]
		if c.Label != label {
			continue
		}
		if c.Count += n; c.Count == 0 {
			last := len(*v) - 1
			*c = (*v)[last]
			*v = (*v)[:last]
		}
		return
	}
	*v = append(*v, LabelCount{label, n})
}

// leader is the label with the most votes, and how many more it has than the
// runner-up; lead is 0 where two share the most.
func (v votes) leader() (label int32, count, lead int64) {
	second := int64(0)
	for _, c := range v {
		if c.Count > count {
			label, count, second = c.Label, c.Count, count
		} else {
			second = max(second, c.Count)
		}
	}
	return label, count, count - second
}

// majoritySmoother shows the most frequent of the last n labels.
type majoritySmoother struct {
	n       int
	labels  []int32 // ring
	at      int
	votes   votes
	current int32
}

func (s *majoritySmoother) first(o *Observation, probs []float32) (int32, bool) {
	s.labels, s.at, s.votes, s.current = s.labels[:0], 0, s.votes[:0], o.Label
	return s.next(o, probs)
}

func (s *majoritySmoother) next(o *Observation, _ []float32) (int32, bool) {
	s.votes.add(o.Label, 1)
	if len(s.labels) < s.n {
		s.labels = append(s.labels, o.Label)
	} else {
		s.votes.add(s.labels[s.at], -1)
		s.labels[s.at] = o.Label
		s.at = (s.at + 1) % s.n
	}
	if label, _, lead := s.votes.leader(); lead > 0 {
		s.current = label
	}
	return s.current, true
}

// lockSmoother lets confident frames vote until one label is ahead.
type lockSmoother struct {
	votes, lead int
	confidence  float32

	tally  votes
	locked bool
	streak streakSmoother // holds the current label
}

func (s *lockSmoother) first(o *Observation, probs []float32) (int32, bool) {
	s.tally, s.locked = s.tally[:0], false
	s.streak.first(o, nil)
	return s.next(o, probs)
}

func (s *lockSmoother) next(o *Observation, _ []float32) (int32, bool) {
	if s.confidence > 0 {
		if isNaN32(o.Score) {
			return s.streak.current, false
		}
		if o.Score < s.confidence {
			return s.streak.current, true
		}
	}
	if s.locked {
		return s.streak.next(o, nil)
	}
	if len(s.tally) < maxTracked { // labels that come later have no vote
		s.tally.add(o.Label, 1)
	}
	label, count, lead := s.tally.leader()
	if lead > 0 {
		s.streak.current = label
	}
	s.locked = count >= int64(s.votes) && lead >= int64(s.lead)
	return s.streak.current, true
}

// hysteresisSmoother changes where another label is clearly ahead.
type hysteresisSmoother struct {
	delta   float64
	current int32
}

func (s *hysteresisSmoother) first(o *Observation, _ []float32) (int32, bool) {
	s.current = o.Label
	return s.current, true
}

func (s *hysteresisSmoother) next(o *Observation, probs []float32) (int32, bool) {
	if o.Label == s.current {
		return s.current, true
	}
	ahead, known := s.ahead(o, probs)
	if known && ahead {
		s.current = o.Label
	}
	return s.current, known
}

// ahead says whether the new label is delta ahead of the current one. Where
// that one is not among the known probabilities, it is at most the smallest of
// them, which may suffice to tell; if not, it is not known.
func (s *hysteresisSmoother) ahead(o *Observation, probs []float32) (ahead, known bool) {
	if isNaN32(o.Score) {
		return false, false
	}
	at := func(current float32) bool { return float64(o.Score)-float64(current) >= s.delta }
	if s.current >= 0 && int(s.current) < len(probs) {
		return at(probs[s.current]), true
	}
	if p := scoreOf(o, s.current); !isNaN32(p) {
		return at(p), true
	}
	if !at(0) {
		return false, true // it can't be
	}
	if o.TopComplete {
		return true, true // a class that doesn't exist any more
	}
	if o.N > 0 && at(o.Top[o.N-1].Score) {
		return true, true // it must be
	}
	return false, false
}
