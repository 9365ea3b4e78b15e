//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import "time"

const (
	// behindAfter is how late frames may come before some are left out, and
	// caughtUp how late they may be for all to be decoded again.
	behindAfter = time.Second
	caughtUp    = 250 * time.Millisecond
	// mostPatience is for how long a keyframe is waited for at most.
	mostPatience = 5 * time.Second
	// reordered is how many frames a decoder holds back at most to put them
	// in order.
	reordered = 16
	// lateAgain is after how long it is told again that decoding falls behind.
	lateAgain = time.Hour
)

// catchUp is how a live stream gets on when its decoder falls behind: it leaves
// out what comes before the next keyframe. Otherwise frames would be looked at
// ever later, until the server throws packets away, and what is decoded of the
// rest is damaged.
//
// Where keyframes are far apart, or none comes, all is decoded as well as can be.
type catchUp struct {
	patience time.Duration // for a keyframe
	backlog  backlog
	skipping bool
	lost     int  // lostPatience when it began
	given    bool // up: the stream has no keyframes
	// damaged is for how many keyframes to come pictures may build on what was
	// left out. Two: a stream that is refreshed bit by bit is whole one round
	// after what the container calls a keyframe.
	damaged int
	told    time.Time

	lastKey  time.Duration // PTS; where interval or anyKey is set
	anyKey   bool
	interval time.Duration // between the last two keyframes

	// unsure is for how many frames to come some before them may have been
	// left out: those that come in another order than they are decoded in lie
	// in the decoder while it skips.
	unsure    int
	jumped    bool          // frames may have been left out since the last that was delivered
	delivered time.Duration // PTS of the last frame that was
	any       bool
	step      time.Duration // between such frames, where none is missing
}

// newCatchUp makes one for a stream that is given up after a timeout.
func newCatchUp(readTimeout time.Duration) catchUp {
	return catchUp{patience: min(mostPatience, readTimeout/2)}
}

// decoded follows each frame that is decoded of a stream whose server does not
// wait. Lagging is how late it is, where that is to be told.
func (u *catchUp) decoded(c *liveCapture, pts time.Duration, now time.Time) (lagging time.Duration) {
	late := u.backlog.add(pts, now, waits())
	key := c.key()
	if u.unsure > 0 {
		u.unsure--
		u.jumped = true
	}
	switch {
	case u.skipping && u.lost != lostPatience():
		u.skipping, u.given, u.damaged, u.unsure = false, true, 2, reordered
	case u.skipping:
		// The last packet that was decoded is a keyframe's: whatever follows
		// builds on it.
		u.unsure = reordered
		if late < caughtUp {
			u.skipping = !c.skip(0)
		} else {
			c.skip(u.patience)
		}
	case late > behindAfter && u.worthwhile(pts) && c.skip(u.patience):
		u.skipping, u.unsure, u.lost = true, reordered, lostPatience()
		if u.told.IsZero() || now.Sub(u.told) >= lateAgain {
			u.told, lagging = now, late
		}
	}
	u.follow(key, pts)
	return lagging
}

// worthwhile says that another keyframe will be here well before patience ends.
func (u *catchUp) worthwhile(pts time.Duration) bool {
	within := u.patience / 5 * 4
	return !u.given && u.interval > 0 && u.interval <= within && pts-u.lastKey < within
}

// follow keeps the distance of keyframes.
func (u *catchUp) follow(key bool, pts time.Duration) {
	if !key {
		return
	}
	if u.interval = 0; u.anyKey && pts > u.lastKey {
		u.interval = pts - u.lastKey
	}
	u.lastKey, u.anyKey, u.damaged = pts, true, max(u.damaged-1, 0)
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
