package ingest

import "time"

// Limits within which a live source's own clock is believed.
const (
	// maxDrift is how far a source's clock may part from ours before it
	// counts as one that jumped. Servers that send what they have buffered
	// run seconds ahead at first.
	maxDrift = 10 * time.Second
	// tick is the least by which time advances.
	tick = time.Millisecond
)

// timeline turns the PTS of a source that is opened again and again into one
// that never stands still or goes back. Within an opening the source's own
// intervals count. Over a reconnect of a live source, and where its clock
// jumps, our monotonic clock tells how long the gap was, so that neither a
// camera that counts from 0 again nor a step of the wall clock makes one.
type timeline struct {
	live  bool
	begun bool
	anew  bool // the next frame is the first of an opening

	start    time.Time     // ours, at the first frame
	base     time.Duration // what is added to the source's PTS
	source   time.Duration // the last PTS of the source
	last     time.Duration // the last one given
	interval time.Duration // between the last two
}

// reopened tells that the next frame comes from another opening.
func (t *timeline) reopened() { t.anew = true }

// stamp gives the PTS of a frame that arrives now, with monotonic clock
// reading. Jumped says that the source's clock did.
func (t *timeline) stamp(pts time.Duration, now time.Time) (_ time.Duration, jumped bool) {
	switch {
	case !t.begun:
		t.begun, t.anew, t.start = true, false, now
		t.base, t.interval = -pts, tick
	case t.anew:
		t.anew = false
		t.rebase(pts, now)
	case pts <= t.source, t.live && t.drift(pts, now) > maxDrift:
		jumped = true
		t.rebase(pts, now)
	default:
		t.interval = t.base + pts - t.last
	}
	t.source, t.last = pts, t.base+pts
	return t.last, jumped
}

// rebase lets time go on: by our clock if the source is live, else by the
// last interval.
func (t *timeline) rebase(pts time.Duration, now time.Time) {
	next := t.last + t.interval
	if t.live {
		next = max(t.last+tick, now.Sub(t.start))
	}
	t.base = next - pts
}

// drift is how far the source's clock would be from ours.
func (t *timeline) drift(pts time.Duration, now time.Time) time.Duration {
	return (t.base + pts - now.Sub(t.start)).Abs()
}
