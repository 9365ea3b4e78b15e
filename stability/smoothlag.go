package stability

import (
	"maps"
	"time"
)

// lagMeter measures how late a smoother follows the stream's transitions. A
// flip is watched from its frame on, because only later it turns out to be a
// transition.
type lagMeter struct {
	watched []watchedFlip // oldest first
	sums    lagSums
	frame   int64 // pictures so far
}

type watchedFlip struct {
	epoch, seq uint64
	to         int32
	at         time.Duration
	frame      int64
	number     int64 // of the observation

	followed   bool
	lagFrames  int64
	lag        time.Duration
	transition bool // it is known to be one
	over       bool // its run has ended
}

// add watches a flip of the stream.
func (m *lagMeter) add(f *Flip, number int64) {
	if f.HasPTS {
		m.watched = append(m.watched, watchedFlip{epoch: f.Epoch, seq: f.Seq, to: f.To, at: f.PTS, frame: m.frame, number: number})
	}
}

// see takes the label that the smoother shows on a picture.
func (m *lagMeter) see(label int32, o *Observation) {
	for i := range m.watched {
		if w := &m.watched[i]; !w.followed && !w.over && w.to == label {
			w.followed, w.lagFrames, w.lag = true, m.frame-w.frame, o.PTS-w.at
		}
	}
	m.frame++
}

// late takes the kinds of earlier flips.
func (m *lagMeter) late(u *Update, h *halves) {
	for i := range u.Late {
		l := &u.Late[i]
		if l.Revision != 1 {
			continue
		}
		for j := range m.watched {
			if w := &m.watched[j]; w.seq == l.Seq && w.epoch == l.Epoch {
				if l.Kind != KindTransition {
					m.watched = append(m.watched[:j], m.watched[j+1:]...)
					break
				}
				// The next transition has come: what it left is over.
				for k := range m.watched[:j] {
					m.watched[k].over = true
				}
				w.transition = true
				break
			}
		}
	}
	m.settle(h)
}

// endRun: after a break nothing is followed any more.
func (m *lagMeter) endRun(h *halves) {
	for i := range m.watched {
		m.watched[i].over = true
	}
	m.settle(h)
}

// settle counts the transitions of which everything is known.
func (m *lagMeter) settle(h *halves) {
	n := 0
	for _, w := range m.watched {
		if !w.transition || !w.followed && !w.over {
			m.watched[n] = w
			n++
			continue
		}
		m.count(&w, h)
	}
	m.watched = m.watched[:n]
}

func (m *lagMeter) count(w *watchedFlip, h *halves) {
	m.sums.transitions++
	if w.followed {
		m.sums.followed++
		m.sums.frames.add(w.lagFrames)
		m.sums.time.add(int64(w.lag))
	}
	if h != nil {
		h.transition(w)
	}
}

// lagSums are the lags of any number of streams.
type lagSums struct {
	transitions, followed int64
	frames, time          histogram
}

func (s *lagSums) merge(o *lagSums) {
	s.transitions += o.transitions
	s.followed += o.followed
	s.frames.merge(&o.frames)
	s.time.merge(&o.time)
}

func (s *lagSums) clone() lagSums {
	c := *s
	c.frames.buckets, c.time.buckets = maps.Clone(s.frames.buckets), maps.Clone(s.time.buckets)
	return c
}
