package stability

import "time"

// clock is the tracker's own time: PTS, except that it never stands still or
// goes back. Where PTS does (a time break, a camera that counts from zero
// again), it goes on from where it was; without times it counts nanoseconds.
// So near cuts, windows and the minimum scene need not know of it.
type clock struct {
	begun  bool
	epoch  uint64
	hasPTS bool
	pts    time.Duration // of the newest observation
	now    time.Duration // the same on this clock
	offset time.Duration // now − pts
}

// clockTick is what the clock advances where nothing is known of time; an
// interval of it counts as none.
const clockTick = time.Nanosecond

// tick moves the clock to o, by lost where PTS doesn't go forward: so long the
// stream is known to have been away since the newest observation.
func (c *clock) tick(o *Observation, lost time.Duration) {
	now := o.PTS + c.offset
	switch {
	case !c.begun:
	case !o.HasPTS:
		now = c.now + clockTick
	case now <= c.now:
		now = c.now + max(lost, clockTick)
	}
	// Field by field: a struct that is put together and then copied costs
	// several times as much.
	c.begun, c.epoch, c.hasPTS = true, o.Epoch, o.HasPTS
	c.pts, c.now, c.offset = o.PTS, now, now-o.PTS
}

// interval is b − a, where a single tick is no time.
func interval(a, b time.Duration) time.Duration {
	if d := b - a; d > clockTick {
		return d
	}
	return 0
}

// cutMarks remembers the newest cuts.
type cutMarks struct {
	near, minScene time.Duration

	any     bool
	last    time.Duration
	counted time.Duration // newest counted cut, or the stream's start
}

func (c *cutMarks) begin(at time.Duration) { c.counted = at }

// add notes a cut, also with the flips that wait, and returns 1 if it is the
// first since the minimum scene, else 0. Without times every cut counts.
func (c *cutMarks) add(at time.Duration, timed bool, p *pendingFlips) int64 {
	if !timed {
		return 1
	}
	c.any, c.last = true, at
	p.nearCut(at - c.near)
	if at-c.counted < c.minScene {
		return 0
	}
	c.counted = at
	return 1
}

// isNear says whether a cut lies at most NearCut before at.
func (c *cutMarks) isNear(at time.Duration) bool {
	return c.any && at-c.last <= c.near
}
