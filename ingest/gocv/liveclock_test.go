package gocv

import (
	"testing"
	"time"
)

func TestLiveClock(t *testing.T) {
	var c liveClock
	now := time.Now()
	f := func(after time.Duration, ms float64, want time.Duration, wantEstimated bool) {
		t.Helper()
		now = now.Add(after)
		pts, estimated := c.next(ms, now)
		if pts != want || estimated != wantEstimated {
			t.Errorf("%v ms after %v: %v (estimated %v), want %v (%v)", ms, after, pts, estimated, want, wantEstimated)
		}
	}
	const ms = time.Millisecond
	f(0, 100, 0, false)
	f(50*ms, 140, 40*ms, false)
	f(40*ms, 180, 80*ms, false)
	f(30*ms, 0, 110*ms, true)    // no time: its arrival
	f(60*ms, 180, 170*ms, true)  // the same again
	f(10*ms, 220, 171*ms, true)  // the estimates ran ahead
	f(90*ms, 300, 200*ms, false) // and were overtaken
	f(40*ms, 20, -80*ms, false)  // back: passed on
	f(40*ms, 60, -40*ms, false)

	c = liveClock{} // a stream without times, as OpenCV tells of it
	f(0, -3.6893488147419103e+20, 0, false)
	f(40*ms, -3.6893488147419103e+20, 40*ms, true)
	f(50*ms, -3.6893488147419097e+20, 90*ms, true) // by rounding
	f(40*ms, -3.6893488147419097e+20, 130*ms, true)

	c = liveClock{live: true} // begins anew at the very time of its first frame
	f(0, 0, 0, false)
	for i := time.Duration(1); i <= 30; i++ {
		f(40*ms, float64(40*i), 40*ms*i, false)
	}
	f(40*ms, 0, 0, false)
	f(40*ms, 40, 40*ms, false)

	c = liveClock{live: true} // has a frame without a time, and another
	f(0, 0, 0, false)
	f(40*ms, 40, 40*ms, false)
	f(40*ms, 0, 0, false)        // looks like a clock that begins anew
	f(50*ms, 120, 50*ms, true)   // but was none: time goes on
	f(40*ms, 160, 90*ms, false)  // from there
	f(40*ms, 0, 130*ms, true)    // and the next is known for what it is
	f(40*ms, 240, 170*ms, false) // not believed again

	c = liveClock{live: true} // often has frames without
	f(0, 0, 0, false)
	f(40*ms, 40, 40*ms, false)
	f(40*ms, 0, 0, false)
	f(40*ms, 20_000, 20*time.Second, false) // a jump: whoever supervises knows
	f(40*ms, 0, 20*time.Second+40*ms, true) // so soon after the last
	f(40*ms, 20_080, 20*time.Second+80*ms, false)

	c = liveClock{} // a recording's last frames
	f(0, 0, 0, false)
	f(40*ms, 40, 40*ms, false)
	f(40*ms, 0, 80*ms, true)
}
