package gocv

import "time"

const (
	// doubtsOver is how long most frames must have been in doubt before it
	// is told, doubtsAgain after how long it is told again.
	doubtsOver  = 20 * time.Second
	doubtsAgain = time.Hour
)

// doubts notices a stream of which most frames have a gap before them, because
// the decoder complains all the time: it would look fine, and measure nothing.
type doubts struct {
	began            time.Time // of the stretch that is counted
	frames, doubtful int
	told             time.Time
}

// add counts a frame that came at a time, and says whether it is time to tell.
func (d *doubts) add(at time.Time, doubtful bool) bool {
	if d.began.IsZero() {
		d.began = at
	}
	d.frames++
	if doubtful {
		d.doubtful++
	}
	if at.Sub(d.began) < doubtsOver {
		return false
	}
	most := 2*d.doubtful > d.frames
	d.began, d.frames, d.doubtful = at, 0, 0
	if !most || !d.told.IsZero() && at.Sub(d.told) < doubtsAgain {
		return false
	}
	d.told = at
	return true
}
