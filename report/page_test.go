package report

import (
	"context"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/stability"
)

// film is a short run with everything in it: cuts, an outage, all kinds.
func film(t testing.TB, pool *frame.Pool) *simulation {
	return &simulation{seed: 11, frames: 132 * 3, fps: 25, cuts: []int{94, 236}, gapAt: 330, noise: .3, spread: 3,
		thumb: clipThumbs(t, pool)}
}

// writeRun makes a whole run of simulations, each a stream.
func writeRun(t testing.TB, dir string, format table.Format, sims map[string]*simulation, names []string, change func(*StreamConfig, *StreamOutcome)) *Summary {
	t.Helper()
	r, err := NewRun(Config{Dir: dir, Tables: format, Tool: "flipmeter test", Window: 2 * time.Second,
		Created: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	var out Outcome
	for _, name := range names {
		s := sims[name]
		cfg := simStream(name)
		cfg.Traces = s.traces
		fs := s.run()
		o := StreamOutcome{Summary: s.summary(fs), Complete: true, FPS: FPS{Decode: 812.4, Infer: 151.2, Pipeline: 138.9}}
		if change != nil {
			change(&cfg, &o)
		}
		rec, err := r.Stream(cfg)
		if err != nil {
			t.Fatal(err)
		}
		s.feed(t, rec, fs, 12)
		if err := rec.Close(); err != nil {
			t.Fatal(err)
		}
		out.Streams = append(out.Streams, o)
	}
	if len(out.Streams) > 1 {
		out.Micro, out.Macro = simTotal(out.Streams)
	}
	sum, err := r.Finish(context.Background(), out)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// simTotal pools and averages what the page's head shows.
func simTotal(streams []StreamOutcome) (micro, macro *stability.Summary) {
	micro, macro = unknownSummary(), unknownSummary()
	micro.Pairs, micro.Flips, micro.Unexplained, micro.FlipRateHz, micro.MAC = 0, 0, 0, 0, .05
	mean := 0.0
	for _, s := range streams {
		micro.Pairs += s.Summary.Pairs
		micro.Flips += s.Summary.Flips
		micro.Unexplained += s.Summary.Unexplained
		micro.Observed += s.Summary.Observed
		mean += s.Summary.FlipFraction.Value / float64(len(streams))
	}
	micro.FlipFraction, micro.UnexplainedFraction = wilson(micro.Flips, micro.Pairs), wilson(micro.Unexplained, micro.Pairs)
	micro.FlipRateHz = float64(micro.Flips) / micro.Observed.Seconds()
	macro.FlipFraction = stability.Interval{Value: mean, Low: mean * .8, High: mean * 1.2}
	return micro, macro
}
