//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import "time"

const (
	// behindAfter is how late frames may come before some are left out, and
	// caughtUp how late those behind a keyframe may be for all that follow to
	// be decoded again.
	behindAfter = time.Second
	caughtUp    = 250 * time.Millisecond
	// mostPatience is for how long a keyframe is waited for at most.
	mostPatience = 5 * time.Second
	// lateAgain is after how long it is told again that decoding falls behind.
	lateAgain = time.Hour
)

// catchUp is how a live stream gets on when its decoder falls behind: it leaves
// out what comes before the next keyframe. Otherwise frames would be looked at
// ever later, until the server throws packets away, and what is decoded of the
// rest is damaged. Where keyframes are far apart, all is decoded, however late.
type catchUp struct {
	patience time.Duration // for a keyframe
	backlog  backlog
	jumps    int // so far, and
	lost     int // lostPatience, and
	keys     int // keyframes
	// damaged says that pictures may build on what was left out, up to the
	// next keyframe.
	damaged bool
	told    time.Time

	lastKey  time.Duration // PTS, where anyKey is set
	anyKey   bool
	interval time.Duration // between the last two keyframes, 0 where it is not known

	jumped    bool          // frames were left out since the last that was delivered
	delivered time.Duration // PTS of the last frame that was
	any       bool
	step      time.Duration // between such frames, where none is missing
}

// newCatchUp makes one for a stream that is given up after a timeout.
func newCatchUp(readTimeout time.Duration) catchUp {
	return catchUp{patience: min(mostPatience, readTimeout/2), jumps: jumps(), lost: lostPatience(), keys: -1}
}

// decoded follows each frame that is decoded of a stream whose server does not
// wait. Lagging is how late it is, where that is to be told.
func (u *catchUp) decoded(c *liveCapture, pts time.Duration, now time.Time) (lagging time.Duration) {
	late := u.backlog.add(pts, now, waits())
	allowed := behindAfter
	if n := jumps(); n != u.jumps {
		u.jumps, u.jumped = n, true
		allowed = caughtUp
	}
	if n := lostPatience(); n != u.lost {
		u.lost, u.damaged = n, true
	}
	if n := keyframes(); n != u.keys {
		u.keys = n
		u.keyframe(pts)
	}
	if late > allowed && u.worthwhile(pts) && c.skip(u.patience) && (u.told.IsZero() || now.Sub(u.told) >= lateAgain) {
		u.told, lagging = now, late
	}
	return lagging
}

// worthwhile says that another keyframe will be here well before patience ends.
func (u *catchUp) worthwhile(pts time.Duration) bool {
	within := u.patience / 5 * 4
	return u.interval > 0 && u.interval <= within && pts-u.lastKey < within
}

// keyframe keeps the distance of keyframes. (Where frames are put in order, the
// one that comes with it is another, as far from it each time.)
func (u *catchUp) keyframe(pts time.Duration) {
	if u.interval = 0; u.anyKey && pts > u.lastKey {
		u.interval = pts - u.lastKey
	}
	u.lastKey, u.anyKey, u.damaged = pts, true, false
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
