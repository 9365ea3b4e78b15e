package messages

import (
	"slices"
	"time"
)

// verdict is how an observation follows the one before it of its track.
type verdict uint8

const (
	follows   verdict = iota // nothing lies between them
	apart                    // something is missing between them
	anew                     // its sender began anew
	overtaken                // it was said before, or later things were
)

// place is where a track stands.
type place struct {
	begun  bool
	seq    uint64
	hasSeq bool
	at     time.Duration
}

// How many intervals tell a camera's usual one, and from how many on.
const (
	intervalsKept   = 31
	intervalsNeeded = 8
)

// adjacency decides whether two observations of a track are neighbours.
//
// Where both have a number (seq), it decides: the next one (stride further)
// is a neighbour, a higher one has a gap before it. One that isn't higher is
// of a sender that began anew where its time is later, and else a repetition,
// or was overtaken.
//
// Without numbers time decides: two are neighbours if not more than limit lies
// between them. The limit is what was configured, or one and a half times the
// usual interval: the median of the camera's last 31 between two of the same
// track, known from the eighth on. Before that nothing is a neighbour. One and
// a half, because a single observation that was lost makes it two.
type adjacency struct {
	stride uint64
	limit  time.Duration // 0: learn it

	intervals [intervalsKept]time.Duration
	count     int
	scratch   [intervalsKept]time.Duration
}

// next judges an observation and moves p to it, unless it was overtaken.
func (a *adjacency) next(p *place, now place) verdict {
	v := a.judge(p, &now)
	if v == overtaken {
		return v
	}
	if p.begun && v != anew && !(now.hasSeq && p.hasSeq) && a.limit == 0 {
		a.intervals[a.count%intervalsKept] = now.at - p.at
		a.count++
	}
	now.begun = true
	*p = now
	return v
}

func (a *adjacency) judge(p, now *place) verdict {
	switch {
	case !p.begun:
		return follows
	case now.hasSeq && p.hasSeq:
		switch {
		case now.seq > p.seq && now.seq-p.seq == a.stride:
			return follows
		case now.seq > p.seq:
			return apart
		case now.at > p.at && now.seq != p.seq:
			return anew
		}
		return overtaken
	case now.at <= p.at:
		return overtaken
	case now.hasSeq != p.hasSeq:
		return apart
	}
	limit := a.limit
	if limit == 0 {
		limit = a.usual() * 3 / 2
	}
	if now.at-p.at <= limit {
		return follows
	}
	return apart
}

// usual is the median interval; 0 where it isn't known yet.
func (a *adjacency) usual() time.Duration {
	n := min(a.count, intervalsKept)
	if n < intervalsNeeded {
		return 0
	}
	s := a.scratch[:n]
	copy(s, a.intervals[:n])
	slices.Sort(s)
	return s[n/2]
}
