package gocv

import "time"

// backlog measures how far the decoding of a live stream is behind: by how much
// frames come later than the last one that had to be waited for did. That one
// was decoded as soon as it was there, and how late it was is the camera's and
// the network's affair. So it makes no difference that a clock runs wrongly, that
// times do not fit the frame rate, or that frames come in bursts after a pause.
type backlog struct {
	begun bool
	start time.Time
	pts   time.Duration // of the frame before
	waits int           // up to it
	delay time.Duration // of the last frame that was waited for
}

// add is told of a frame of a time that was decoded now, and how many packets
// had to be waited for so far. It returns how late the frame is because of the
// decoder; below 0 where less than before.
func (b *backlog) add(pts time.Duration, now time.Time, waits int) (late time.Duration) {
	if !b.begun || pts < b.pts { // begins, or the stream's clock was set back
		*b = backlog{begun: true, start: now, pts: pts, waits: waits, delay: -pts}
		return 0
	}
	delay := now.Sub(b.start) - pts
	if waits != b.waits {
		b.delay = delay
	}
	b.pts, b.waits = pts, waits
	return delay - b.delay
}
