package ingest

import (
	"testing"
	"time"
)

func TestBackoffSteps(t *testing.T) {
	var b Backoff
	want := func(times int, delay time.Duration) {
		t.Helper()
		for range times {
			if got := b.Next(0.5); got != delay {
				t.Fatalf("delay %v, want %v", got, delay)
			}
		}
	}
	want(5, time.Second)
	want(5, 5*time.Second)
	want(10, 10*time.Second)
	want(1000, time.Minute)
	b.Reset()
	want(1, time.Second)
}

func TestBackoffJitterIsAFifth(t *testing.T) {
	var b Backoff
	if got := b.Next(0); got != 800*time.Millisecond {
		t.Errorf("shortest %v", got)
	}
	if got := b.Next(0.999999); got < 1199*time.Millisecond || got >= 1200*time.Millisecond {
		t.Errorf("longest %v", got)
	}
}
