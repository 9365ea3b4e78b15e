package gocv

import (
	"math"
	"time"
)

// liveClock turns what OpenCV reports as the time of a live stream's frames
// into PTS. Where the stream has no times, or none for a frame, the frame's
// arrival is taken. A time that goes back is passed on: whoever supervises
// the source knows what to do.
type liveClock struct {
	begun    bool
	base     float64 // ms, reported for the first frame
	reported float64 // ms, the last that was believed
	pts      time.Duration
	at       time.Time // arrival of the frame before
	// unsure says that the first frame's time may be wrong: where only
	// keyframes are decoded, OpenCV gives it that of the packet with which it
	// came out, which lies behind the second one's.
	unsure bool

	// live says that the stream has no end. Of one whose first frame was told
	// to be at 0, OpenCV tells two things by a 0: a frame without a time, and
	// one with which the stream's clock began anew. The latter is believed,
	// unless the next frame says otherwise: a pair too few is better than one
	// of strangers.
	live   bool
	frames int
	zero   int     // number of the last frame that was told to be at 0
	before float64 // ms, reported before that; 0 where it is settled
}

const (
	// rarely is how far apart, in frames, zeros must be to be believed.
	rarely = 25
	// onward is by how much, in ms, a time may be ahead of the one before a
	// zero for that to have been no time.
	onward = 10_000
)

// next stamps a frame that arrived now.
func (c *liveClock) next(ms float64, now time.Time) (pts time.Duration, estimated bool) {
	elapsed := now.Sub(c.at)
	c.at = now
	// Of a stream without times (motion JPEG over HTTP), OpenCV makes a number
	// of FFmpeg's word for none, which even seems to go on: by rounding, once
	// in 1,024 frames.
	const absurd = 1e15 // 30,000 years
	if math.IsNaN(ms) || math.Abs(ms) > absurd {
		ms = 0
	}
	if !c.begun {
		c.begun, c.base, c.reported = true, ms, ms
		return 0, false
	}
	c.frames++
	if told, ok := c.anew(ms, elapsed); ok {
		return c.pts, told
	}
	if ms == 0 || ms == c.reported {
		c.pts += max(elapsed, time.Millisecond)
		return c.pts, true
	}
	back := ms < c.reported
	if c.unsure {
		c.unsure = false
		if back {
			c.pts = max(elapsed, time.Millisecond)
			c.base, c.reported = ms-float64(c.pts)/float64(time.Millisecond), ms
			return c.pts, true
		}
	}
	c.reported = ms
	pts = time.Duration(math.Round((ms - c.base) * float64(time.Millisecond)))
	if !back && pts <= c.pts {
		// An estimate ran ahead of the stream.
		c.pts += time.Millisecond
		return c.pts, true
	}
	c.pts = pts
	return pts, false
}

// anew judges a time of 0, and what follows one: ok says that pts is settled.
func (c *liveClock) anew(ms float64, elapsed time.Duration) (estimated, ok bool) {
	before := c.before
	c.before = 0
	switch {
	case ms == 0 && c.reported > 0:
		recent := c.zero > 0 && c.frames-c.zero < rarely
		c.zero = c.frames
		if !c.live || c.base != 0 || recent {
			return false, false
		}
		c.before, c.reported, c.pts = c.reported, 0, 0
		return false, true
	case before > 0 && ms > before && ms-before < onward:
		c.pts += max(elapsed, time.Millisecond)
		c.base, c.reported = ms-float64(c.pts)/float64(time.Millisecond), ms
		return true, true
	}
	return false, false
}
