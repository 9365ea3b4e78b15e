package gocv

import (
	"testing"
	"time"
)

// streamed decodes frames that arrive at given times and take long to decode,
// one after the other, and returns how late the latest was, by the backlog and
// in truth: since it could have been decoded, had nothing been before it.
func streamed(n int, pts, arrives func(i int) time.Duration, takes time.Duration) (most, truth time.Duration) {
	var b backlog
	start := time.Unix(1e9, 0)
	clock, waits := time.Duration(0), 0
	for i := range n {
		if a := arrives(i); clock < a {
			clock = a
			waits++
		}
		clock += takes
		most = max(most, b.add(pts(i), start.Add(clock), waits))
		truth = max(truth, clock-arrives(i)-takes)
	}
	return most, truth
}

func every(d time.Duration) func(i int) time.Duration {
	return func(i int) time.Duration { return time.Duration(i) * d }
}

func TestBacklog(t *testing.T) {
	const frame = 40 * time.Millisecond
	for name, c := range map[string]struct {
		n        int
		pts, arr func(i int) time.Duration
		takes    time.Duration
		most     time.Duration // what is allowed
		equal    bool          // it must be the truth
	}{
		"keeps up": {n: 1000, pts: every(frame), arr: every(frame), takes: 30 * time.Millisecond, equal: true},
		"too slow": {n: 1000, pts: every(frame), arr: every(frame), takes: 50 * time.Millisecond, equal: true},
		"a clock that gains a second in three hours": {
			n: 2_000_000, pts: every(frame), arr: every(frame + frame/10000), takes: 30 * time.Millisecond, most: frame},
		"20 frames a second that say they were 25": {
			n: 100_000, pts: every(frame), arr: every(50 * time.Millisecond), takes: 30 * time.Millisecond, most: frame},
		"in segments of six seconds": {
			n: 10_000, pts: every(frame), arr: func(i int) time.Duration { return time.Duration(i/150) * 6 * time.Second },
			takes: 30 * time.Millisecond, most: frame},
		"in segments of six seconds, too slow": {
			n: 3_000, pts: every(frame), arr: func(i int) time.Duration { return time.Duration(i/150) * 6 * time.Second },
			takes: 45 * time.Millisecond, most: 20 * time.Second},
		"a pause of the network": {
			n: 3_000, pts: every(frame), arr: func(i int) time.Duration {
				if at := time.Duration(i) * frame; at < 30*time.Second || at > time.Minute {
					return at
				}
				return time.Minute
			}, takes: 30 * time.Millisecond, most: frame},
	} {
		most, truth := streamed(c.n, c.pts, c.arr, c.takes)
		if c.equal && (most-truth > time.Millisecond || truth-most > time.Millisecond) {
			t.Errorf("%s: late by %v, want %v", name, most, truth)
		}
		if !c.equal && most > c.most {
			t.Errorf("%s: late by %v, want at most %v", name, most, c.most)
		}
	}
	if most, _ := streamed(3_000, every(frame), func(i int) time.Duration { return time.Duration(i/150) * 6 * time.Second }, 45*time.Millisecond); most < 10*time.Second {
		t.Errorf("segments that are decoded too slowly: late by %v only", most)
	}
}

// A clock that is set back begins anew.
func TestBacklogForgetsAClockThatWentBack(t *testing.T) {
	var b backlog
	start := time.Unix(1e9, 0)
	b.add(time.Hour, start, 1)
	if late := b.add(time.Second, start.Add(time.Second), 1); late != 0 {
		t.Errorf("late by %v", late)
	}
	if late := b.add(2*time.Second, start.Add(5*time.Second), 1); late != 3*time.Second {
		t.Errorf("late by %v, want 3s", late)
	}
}
