package ingest

import (
	"context"
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

// carried is what frames that were left out on purpose hand on to the next
// one that is not.
type carried struct {
	brk     frame.Break
	lost    int  // frames that are missing before
	changed bool // one of them showed another picture
}

// silentFor is how many times a live source's usual interval a silence must last
// for it to count as more than a slow source's next frame.
const silentFor = 3

// heldBack is how many frames after a silence may be from before it: decoders
// hold some back until more comes.
const heldBack = 4

// accept gives a frame its place in the sequence, and says whether it is one
// to look at.
func (r *Reader) accept(f *frame.Frame) bool {
	now := r.cfg.Now()
	lost := 0
	if r.frames == 0 {
		r.first = now
	} else if f.Seq > r.srcSeq+1 {
		lost = int(f.Seq - r.srcSeq - 1)
		reason := DropDecode
		if f.Behind {
			reason = DropOverload
		}
		r.cfg.OnDrop(reason, lost)
	}
	r.frames++
	r.srcSeq = f.Seq
	last, usual := r.time.last, r.time.interval
	pts, jumped := r.time.stamp(f.PTS, now)
	f.PTS = pts
	f.Epoch = uint64(r.opened - 1)
	switch {
	case r.frames == 1 && r.opened > 1:
		f.Break = frame.BreakReconnect
	case jumped && f.Break == frame.BreakNone:
		f.Break = frame.BreakTime
	case f.Break == frame.BreakNone && r.silentBefore(pts-last, usual):
		f.Break = frame.BreakGap
	}
	r.wary = max(r.wary-1, 0)
	r.judgePicture(f)
	if f.CapturedAt.IsZero() {
		f.CapturedAt = r.cfg.Now()
	}
	return r.sample(f, lost)
}

// silentBefore says whether a live source was silent before a frame that is so
// far from the last one. Nobody knows whether it sent something meanwhile: a
// stream that goes on with a keyframe shows nothing of what was lost.
func (r *Reader) silentBefore(distance, usual time.Duration) bool {
	return r.wary > 0 && r.live && r.frames > 2 && distance > silentFor*usual
}

// judgePicture tells a source that is up from one that is frozen.
func (r *Reader) judgePicture(f *frame.Frame) {
	if !f.Repeat || f.Break != frame.BreakNone {
		r.lastNew = f.PTS
	}
	if r.cfg.FrozenAfter > 0 && f.PTS-r.lastNew >= r.cfg.FrozenAfter {
		r.set(Status{State: StateFrozen})
		return
	}
	r.set(Status{State: StateUp})
}

// sample decides whether the frame is looked at, and if so gives it what the
// frames left out before it hand on.
func (r *Reader) sample(f *frame.Frame, lost int) bool {
	c := &r.carried
	if c.brk == frame.BreakNone || f.Break == frame.BreakReconnect {
		c.brk = f.Break
	}
	c.lost += lost
	c.changed = c.changed || !f.Repeat
	if f.Break == frame.BreakReconnect {
		r.sampler = NewSampler(r.cfg.Stride, r.cfg.FPS)
	}
	if !r.sampler.Take(f.PTS) {
		return false
	}
	// What is missing counts, so that a look at the numbers shows it; how
	// many of those would have been chosen is not known.
	if c.brk == frame.BreakGap || c.lost > 0 && (r.cfg.Stride > 1 || r.cfg.FPS > 0) {
		c.lost = max(c.lost, 1)
		if r.cfg.Stride > 1 || r.cfg.FPS > 0 {
			c.lost = 1
		}
	}
	r.seq += uint64(c.lost)
	f.Seq = r.seq
	r.seq++
	f.Break, f.Repeat = c.brk, !c.changed
	*c = carried{}
	return true
}

// pace holds a frame back until its time has come. A stream that is late, by
// a slow machine, is not made to hurry afterwards.
func (r *Reader) pace(ctx context.Context, f *frame.Frame) error {
	if !r.cfg.Pace || r.live {
		return nil
	}
	const late = time.Second
	now := r.cfg.Now()
	if r.paced.IsZero() || now.Sub(r.paced)-f.PTS > late {
		r.paced = now.Add(-f.PTS)
	}
	if err := r.waiter.wait(ctx, f.PTS-now.Sub(r.paced)); err != nil {
		f.Release()
		return err
	}
	f.CapturedAt = r.cfg.Now()
	return nil
}
