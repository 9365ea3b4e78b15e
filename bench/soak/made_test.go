//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"testing"
	"time"
)

// Whenever cameras open, their frames are spread over the time of one.
func TestMadeCamerasAreOutOfPhase(t *testing.T) {
	const interval = time.Second / manyRate
	for _, c := range []struct {
		url     string
		cameras int
		want    time.Duration // into the interval
	}{
		{"made:0", 4, 0}, {"made:1", 4, interval / 4}, {"made:3", 4, 3 * interval / 4}, {"made:999", 1000, 999 * interval / 1000},
	} {
		for _, now := range []time.Time{time.Unix(7, 0), time.Unix(7, 1), time.Unix(9, int64(interval-1)), time.Unix(9, int64(interval/2))} {
			wait := phaseOf(c.url, c.cameras, now)
			if got := time.Duration(now.Add(wait).UnixNano()) % interval; wait < 0 || wait >= interval || got != c.want {
				t.Errorf("%s of %d at %v: waits %v, until %v into the interval, want %v", c.url, c.cameras, now.UnixNano(), wait, got, c.want)
			}
		}
	}
}
