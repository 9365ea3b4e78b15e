//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/bench/measured"
)

// What must hold.
const (
	lateAtMost     = 250 * time.Millisecond // p99 from capture to publication
	keepsUp        = 0.95                   // of the frames that were asked for
	fairAtLeast    = 0.95                   // Jain's index over the cameras
	rssGrowth      = 0.10                   // from the second to the last quarter of what is measured
	rssMargin      = 8 << 20
	routinesGrowth = 0.02
	routinesMargin = 8
)

// counted is what the metrics say at a moment.
type counted struct {
	at       time.Time
	observed map[string]float64 // by camera; repeats included
	dropped  map[string]float64 // by camera; for want of time
	events   map[string]float64 // by result
	restarts float64            // reconnects and crashes, but for loops
}

// count reads the metrics.
func (l *load) count(at time.Time) (counted, error) {
	c := counted{at: at, observed: map[string]float64{}, dropped: map[string]float64{}, events: map[string]float64{}}
	families, err := l.registry.Gather()
	if err != nil {
		return c, err
	}
	for _, f := range families {
		for _, m := range f.Metric {
			labels := map[string]string{}
			for _, p := range m.Label {
				labels[p.GetName()] = p.GetValue()
			}
			v, camera := m.GetCounter().GetValue(), labels["camera"]
			switch f.GetName() {
			case "flipmeter_frames_total":
				switch outcome := labels["outcome"]; {
				case outcome == "observed" || outcome == "repeat":
					c.observed[camera] += v
				case strings.HasPrefix(outcome, "dropped_"):
					c.dropped[camera] += v
				}
			case "flipmeter_events_total":
				c.events[labels["result"]] += v
			case "flipmeter_source_reconnects_total":
				if labels["reason"] != "loop" {
					c.restarts += v
				}
			}
		}
	}
	return c, nil
}

// result is what came of a load.
type result struct {
	lines  []string
	faults []string
}

func (r *result) say(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

// hold says something, and that it is a fault unless ok.
func (r *result) hold(ok bool, format string, args ...any) {
	r.say(format, args...)
	if !ok {
		r.faults = append(r.faults, fmt.Sprintf(format, args...))
	}
}

func (r *result) held() bool { return len(r.faults) == 0 }

func (r *result) print(out io.Writer) {
	fmt.Fprintf(out, "\n%s\n", strings.Join(r.lines, "\n"))
	if r.held() {
		fmt.Fprintln(out, "verdict: it held")
		return
	}
	fmt.Fprintf(out, "verdict: it did not hold:\n  %s\n", strings.Join(r.faults, "\n  "))
}

// judge compares what was seen with what must hold.
func (l *load) judge(samples []sample, before, after counted, ages []time.Duration) *result {
	r := &result{}
	seconds := after.at.Sub(before.at).Seconds()
	var rates, drops []float64
	for camera, n := range after.observed {
		rates = append(rates, (n-before.observed[camera])/seconds)
		drops = append(drops, after.dropped[camera]-before.dropped[camera])
	}
	if len(rates) < l.cameras || len(ages) == 0 {
		r.hold(false, "%d of %d cameras were seen, %d observations heard", len(rates), l.cameras, len(ages))
		return r
	}
	slowest, lost := slices.Min(rates), sum(drops)
	r.hold(!l.mustKeepUp || slowest >= keepsUp*l.rate, "frames a second and camera: %.2f to %.2f, median %.2f; %.1f together",
		slowest, slices.Max(rates), measured.Median(rates), sum(rates))
	r.hold(!l.mustKeepUp || lost == 0, "dropped of each camera: %.0f to %.0f, median %.0f", slices.Min(drops), slices.Max(drops), measured.Median(drops))
	fair := jain(rates)
	r.hold(fair >= fairAtLeast, "fairness (Jain's index of the frames looked at): %.4f", fair)
	late := ages[len(ages)*99/100]
	r.hold(!l.mustKeepUp || late < lateAtMost, "from capture to a subscriber: p50 %v, p99 %v, longest %v",
		ages[len(ages)/2].Round(100*time.Microsecond), late.Round(100*time.Microsecond), ages[len(ages)-1].Round(100*time.Microsecond))
	quarter := len(samples) / 4
	early, end := samples[quarter:2*quarter], samples[3*quarter:]
	for _, m := range []struct {
		name           string
		read           func(sample) float64
		growth, margin float64
		unit           float64
	}{
		{"RSS, MiB", func(s sample) float64 { return float64(s.rss) }, rssGrowth, rssMargin, 1 << 20},
		{"memory of decoding processes, MiB", func(s sample) float64 { return float64(s.children) }, rssGrowth, rssMargin, 1 << 20},
		{"goroutines", func(s sample) float64 { return float64(s.goroutines) }, routinesGrowth, routinesMargin, 1},
	} {
		a, b := medianOf(early, m.read), medianOf(end, m.read)
		r.hold(b <= a*(1+m.growth)+m.margin, "%s: %.1f in the second quarter, %.1f in the last", m.name, a/m.unit, b/m.unit)
	}
	r.say("%s", parts(early, end))
	first, last := early[0], samples[len(samples)-1]
	r.say("cores that this machine had since then, of %d: %.2f", runtime.NumCPU(), (last.given-first.given).Seconds()/(last.at-first.at).Seconds())
	change := func(result string) float64 { return after.events[result] - before.events[result] }
	r.hold(!l.mustKeepUp || change("lost") == 0, "messages: %.0f published, %.0f stored, %.0f lost", change("published"), change("stored"), change("lost"))
	r.hold(!l.mustKeepUp || after.restarts == before.restarts, "reconnects: %.0f", after.restarts-before.restarts)
	return r
}

func medianOf(samples []sample, read func(sample) float64) float64 {
	v := make([]float64, len(samples))
	for i, s := range samples {
		v[i] = read(s)
	}
	return measured.Median(v)
}

func sum(v []float64) (total float64) {
	for _, x := range v {
		total += x
	}
	return total
}

// jain is Jain's index of fairness: 1 where all have the same, 1/n where one
// has all (Jain, Chiu, Hawe 1984).
func jain(v []float64) float64 {
	var squares float64
	for _, x := range v {
		squares += x * x
	}
	if squares == 0 {
		return 0
	}
	return sum(v) * sum(v) / (float64(len(v)) * squares)
}
