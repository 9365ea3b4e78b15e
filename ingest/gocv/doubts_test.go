package gocv

import (
	"testing"
	"time"
)

// A minute of trouble is told once, an hour of it a second time, and a
// stream with a bad second not at all.
func TestDoubts(t *testing.T) {
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name     string
		doubtful func(second int) bool
		seconds  int
		want     []int // seconds at which it is told
	}{
		{"always", func(int) bool { return true }, 3700, []int{20, 3620}},
		{"never", func(int) bool { return false }, 300, nil},
		{"a bad second", func(s int) bool { return s%20 == 3 }, 300, nil},
		{"half and half", func(s int) bool { return s%2 == 0 }, 19, nil},
		{"later", func(s int) bool { return s > 100 }, 300, []int{120}},
	} {
		var d doubts
		var got []int
		for i := range c.seconds * 5 {
			second := i / 5
			if d.add(start.Add(time.Duration(i)*time.Second/5), c.doubtful(second)) {
				got = append(got, second)
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: told at %v, want %v", c.name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] < c.want[i]-1 || got[i] > c.want[i]+25 {
				t.Errorf("%s: told at %v, want %v", c.name, got, c.want)
			}
		}
	}
}
