package gocv

import (
	"math"
	"time"
)

// clock turns the times that OpenCV reports into PTS (measures §1).
//
// OpenCV reports 0 where FFmpeg gave a frame no time, as it does for the
// last frames of a file with B-frames; the last interval is added there. A
// time that really goes back, as in streams that were joined, is a break.
type clock struct {
	started  bool
	base     float64 // ms, reported for the first frame
	reported float64 // ms, the last that was believed
	pts      time.Duration
	interval time.Duration // last one, or the nominal one
}

// newClock makes a clock for a stream of nominally fps frames a second; 0
// where that is not known.
func newClock(fps float64) clock {
	c := clock{interval: 40 * time.Millisecond}
	if fps > 0 {
		c.interval = time.Duration(float64(time.Second) / fps)
	}
	return c
}

// stamp is one frame's time.
type stamp struct {
	pts       time.Duration
	estimated bool
	back      bool // the time is not later than that of the frame before
}

// next stamps the next frame. Ms is what OpenCV reports for it. Peek says
// what OpenCV reports for the frame after it, false at the end; it is
// called only where ms can't be believed at once.
func (c *clock) next(ms float64, peek func() (float64, bool)) stamp {
	switch {
	case !c.started:
		c.started, c.base, c.reported = true, ms, ms
		return stamp{}
	case ms > c.reported:
		return c.believe(ms)
	}
	after, more := peek()
	// Nothing after it: the end of the file. No time for it (0), and the
	// one after it has none either or goes on from where we were: missing.
	if !more || ms == 0 && (after == 0 || after > c.reported) {
		c.pts += c.interval
		return stamp{pts: c.pts, estimated: true}
	}
	return c.believe(ms)
}

func (c *clock) believe(ms float64) stamp {
	pts := time.Duration(math.Round((ms - c.base) * float64(time.Millisecond)))
	s := stamp{pts: pts, back: pts <= c.pts}
	if !s.back {
		c.interval = pts - c.pts
	}
	c.pts, c.reported = pts, ms
	return s
}
