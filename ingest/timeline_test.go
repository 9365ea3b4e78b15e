package ingest

import (
	"testing"
	"time"
)

func TestTimelineOfALiveSource(t *testing.T) {
	began := time.Now()
	tl := timeline{live: true}
	f := func(ours, source, want time.Duration, wantJump bool) {
		t.Helper()
		if got, jumped := tl.stamp(source, began.Add(ours)); got != want || jumped != wantJump {
			t.Errorf("at %v, source %v: %v (jumped %v), want %v (%v)", ours, source, got, jumped, want, wantJump)
		}
	}
	const s, ms = time.Second, time.Millisecond
	f(0, 5*s, 0, false) // the source's zero is not ours
	f(43*ms, 5040*ms, 40*ms, false)
	f(81*ms, 5080*ms, 80*ms, false)
	tl.reopened()
	f(10*s, 0, 10*s, false) // the gap is as long as it was
	f(10040*ms, 33*ms, 10033*ms, false)
	f(10080*ms, 0, 10080*ms, true)          // back to 0
	f(10120*ms, 40*ms, 10120*ms, false)     //
	f(10160*ms, time.Hour, 10160*ms, true)  // an hour ahead
	f(10200*ms, time.Hour, 10200*ms, true)  // stands still
	f(11*s, time.Hour+4*s, 14200*ms, false) // a burst of what was buffered
	f(15*s, time.Hour+4040*ms, 14240*ms, false)
}

func TestTimelineOfAFileThatLoops(t *testing.T) {
	tl := timeline{}
	now := time.Now() // of no account
	var got []time.Duration
	for range 3 {
		for i := range 3 {
			pts, jumped := tl.stamp(time.Duration(i)*40*time.Millisecond, now)
			if jumped {
				t.Error("jumped")
			}
			got = append(got, pts)
		}
		tl.reopened()
	}
	for i, pts := range got {
		if want := time.Duration(i) * 40 * time.Millisecond; pts != want {
			t.Errorf("frame %d at %v, want %v", i, pts, want)
		}
	}
}

// Whatever a source says, time goes forward.
func FuzzTimeline(f *testing.F) {
	f.Add(true, []byte{0, 1, 2, 255, 7, 128, 3})
	f.Add(false, []byte{9, 9, 9, 0, 0})
	f.Fuzz(func(t *testing.T, live bool, data []byte) {
		tl := timeline{live: live}
		now, last := time.Now(), time.Duration(-1)
		for _, b := range data {
			if b%7 == 0 {
				tl.reopened()
			}
			now = now.Add(time.Duration(b%5) * 10 * time.Millisecond)
			pts, _ := tl.stamp(time.Duration(int8(b))*time.Duration(b)*time.Millisecond, now)
			if pts <= last {
				t.Fatalf("%v after %v", pts, last)
			}
			last = pts
		}
	})
}
