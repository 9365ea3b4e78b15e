//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import "time"

const (
	// behindAfter is how late frames may come before some are left out, and
	// caughtUp how late they may be for all to be decoded again.
	behindAfter = time.Second
	caughtUp    = 250 * time.Millisecond
)

// reordered is how many frames a decoder holds back at most to put them in order.
const reordered = 16

// lateAgain is after how long it is told again that decoding falls behind.
const lateAgain = time.Hour

// catchUp is how a live stream gets on when its decoder falls behind: it leaves
// out what comes before the next keyframe. Otherwise frames would be looked at
// ever later, until the server throws packets away, and what is decoded of the
// rest is damaged.
type catchUp struct {
	backlog  backlog
	skipping bool
	// unsure is for how many frames to come some before them may have been
	// left out. Frames that come in another order than they are decoded in
	// lie in the decoder while it skips, up to reordered of them.
	unsure int
	jumped bool // frames may have been left out since the last that was delivered
	told   time.Time

	delivered time.Duration // PTS of the last frame that was
	any       bool
	step      time.Duration // between such frames, where none is missing
}

// decoded follows each frame that is decoded of a stream whose server does not
// wait. Lagging is how late it is, where that is to be told.
func (u *catchUp) decoded(c *liveCapture, pts time.Duration, now time.Time) (lagging time.Duration) {
	late := u.backlog.add(pts, now, waits())
	if u.unsure > 0 {
		u.unsure--
		u.jumped = true
	}
	switch {
	case u.skipping:
		// The last packet that was decoded is a keyframe's: whatever follows
		// builds on it.
		u.unsure = reordered
		if late < caughtUp && c.skip(false) {
			u.skipping = false
		}
	case late > behindAfter && c.skip(true):
		u.skipping, u.unsure = true, reordered
		if u.told.IsZero() || now.Sub(u.told) >= lateAgain {
			u.told, lagging = now, late
		}
	}
	return lagging
}

// take follows each frame that is delivered, and says how many would have been
// since the one before, had none been left out.
func (u *catchUp) take(pts time.Duration) (missing int) {
	distance := pts - u.delivered
	switch {
	case !u.any || distance <= 0:
	case u.jumped:
		if u.step > 0 {
			missing = max(int((distance+u.step/2)/u.step)-1, 0)
		} else {
			missing = 1
		}
	case u.step == 0:
		u.step = distance
	default:
		u.step += (distance - u.step) / 8
	}
	u.any, u.jumped, u.delivered = true, false, pts
	return missing
}
