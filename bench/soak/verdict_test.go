//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestJain(t *testing.T) {
	for _, c := range []struct {
		v    []float64
		want float64
	}{{[]float64{5, 5, 5}, 1}, {[]float64{9, 0, 0}, 1.0 / 3}, {[]float64{0, 0}, 0}, {[]float64{1, 3}, 0.8}} {
		if got := jain(c.v); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v: %v, want %v", c.v, got, c.want)
		}
	}
}

// A load that is well holds, and each thing that can go wrong is named.
func TestVerdict(t *testing.T) {
	l := load{name: "small", cameras: 2, rate: 5, mustKeepUp: true}
	f := func(want string, change func(l *load, samples []sample, after *counted, ages []time.Duration)) {
		t.Helper()
		start := time.Unix(1000, 0)
		count := func(at time.Time, frames float64) counted {
			return counted{at: at, observed: map[string]float64{"a": frames, "b": frames}, dropped: map[string]float64{}, events: map[string]float64{}}
		}
		before, after := count(start, 10), count(start.Add(10*time.Second), 60)
		samples := slices.Repeat([]sample{{rss: 100 << 20, children: 50 << 20, goroutines: 100}}, 40)
		ages := slices.Repeat([]time.Duration{20 * time.Millisecond}, 200)
		l := l
		change(&l, samples, &after, ages)
		r := l.judge(samples, before, after, ages)
		if got := strings.Join(r.faults, "; "); (want == "") != r.held() || !strings.Contains(got, want) {
			t.Errorf("faults %q, want one about %q", got, want)
		}
	}
	f("", func(*load, []sample, *counted, []time.Duration) {})
	f("1 of 2 cameras", func(_ *load, _ []sample, c *counted, _ []time.Duration) { delete(c.observed, "b") })
	f("frames a second", func(_ *load, _ []sample, c *counted, _ []time.Duration) { c.observed["a"], c.observed["b"] = 55, 55 })
	f("dropped", func(_ *load, _ []sample, c *counted, _ []time.Duration) { c.dropped["a"] = 1 })
	f("fairness", func(_ *load, _ []sample, c *counted, _ []time.Duration) { c.observed["a"] = 160 })
	f("p99", func(_ *load, _ []sample, _ *counted, ages []time.Duration) {
		for i := range 4 {
			ages[len(ages)-1-i] = time.Second
		}
	})
	f("RSS, MiB", func(_ *load, s []sample, _ *counted, _ []time.Duration) {
		for i := range s {
			s[i].rss += i << 20
		}
	})
	f("goroutines", func(_ *load, s []sample, _ *counted, _ []time.Duration) {
		for i := range s {
			s[i].goroutines += i
		}
	})
	f("lost", func(_ *load, _ []sample, c *counted, _ []time.Duration) { c.events["lost"] = 1 })
	f("reconnects", func(_ *load, _ []sample, c *counted, _ []time.Duration) { c.restarts = 1 })
	// What the cores don't allow may be dropped, as long as it is fair.
	f("", func(l *load, _ []sample, c *counted, _ []time.Duration) {
		l.mustKeepUp = false
		c.observed["a"], c.observed["b"], c.dropped["a"] = 30, 31, 30
	})
}

// The parts add up to what the kernel counts.
func TestPartsOfMemory(t *testing.T) {
	s := sample{rss: 100 << 20, memory: memory{live: 20 << 20, heap: 35 << 20, slack: 5 << 20, stacks: 7 << 20, other: 3 << 20}}
	later := s
	later.rss, later.memory.heap = 101<<20, 36<<20
	got := parts([]sample{s}, []sample{later})
	want := "of RSS, MiB, in these quarters: in use 20 and 20, to be collected 15 and 16, free heap 5 and 5, stacks 7 and 7, " +
		"the runtime's own 3 and 3, not Go's (libraries, C, files) 50 and 50"
	if got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	runtime.GC()
	if m := readMemory(); m.live <= 0 || m.heap < m.live/2 || m.stacks <= 0 || m.other <= 0 || m.slack < 0 {
		t.Errorf("this process: %+v", m)
	}
}

func TestProportional(t *testing.T) {
	const rollup = "55d0-7ffd ---p 00000000 00:00 0    [rollup]\nRss:              106512 kB\nPss:               31680 kB\nPss_Dirty:         28556 kB\n"
	if got := proportional(rollup); got != 31680<<10 {
		t.Errorf("%d", got)
	}
	if got := proportional("Rss: 3 kB\n"); got != 0 {
		t.Errorf("%d of none", got)
	}
}

func TestGiven(t *testing.T) {
	const stat = "cpu  100 20 30 400 5 0 7 999 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n"
	if got := given(stat); got != 5620*time.Millisecond {
		t.Errorf("%v", got)
	}
	if got := given("cpu 1 2\n"); got != 0 {
		t.Errorf("%v of a short line", got)
	}
}
