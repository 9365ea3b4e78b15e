package app

import (
	"fmt"
	"time"

	"github.com/flipmeter/flipmeter/pipeline"
	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/stability"
)

// SmoothOptions say which smoothers are tried as what-ifs.
type SmoothOptions struct {
	Specs     []string // as stability.ParseSmoother reads them
	Recommend bool     // search for the best one
	MaxLag    time.Duration
}

// DefaultSmoothOptions try none.
func DefaultSmoothOptions() SmoothOptions { return SmoothOptions{MaxLag: 500 * time.Millisecond} }

// config reads the options.
func (o *SmoothOptions) config() (stability.SmoothingConfig, error) {
	cfg := stability.SmoothingConfig{Recommend: o.Recommend, MaxLag: o.MaxLag}
	seen := map[stability.Smoother]bool{}
	for _, text := range o.Specs {
		s, err := stability.ParseSmoother(text)
		if err != nil {
			return cfg, fmt.Errorf("%w: --smooth: %w", ErrUsage, err)
		}
		if !seen[s] {
			cfg.Smoothers = append(cfg.Smoothers, s)
		}
		seen[s] = true
	}
	if o.Recommend && o.MaxLag < 0 {
		return cfg, fmt.Errorf("%w: --max-lag must not be negative, got %v", ErrUsage, o.MaxLag)
	}
	return cfg, nil
}

// whatIfs gathers what the smoothers made of a run's streams.
type whatIfs struct {
	cfg      stability.SmoothingConfig
	streams  []*stability.Smoothing
	smoothed [][]stability.Smoothed
}

// add takes a stream's results and tells them in its outcome.
func (w *whatIfs) add(name string, res *pipeline.Result, out *report.StreamOutcome) {
	if res.Smoothing == nil {
		return
	}
	w.streams = append(w.streams, res.Smoothing)
	smoothed := res.Smoothing.Smoothed(name)
	w.smoothed = append(w.smoothed, smoothed)
	for i := range smoothed {
		out.Smoothed = append(out.Smoothed, smoothed[i].Summary())
	}
}

// total tells the results over all streams.
func (w *whatIfs) total(out *report.Outcome, measures *stability.Config) {
	out.SmoothedMacro, out.SmoothedMicro = stability.CombineSmoothed(w.smoothed, measures.Resamples, measures.Seed)
	if !w.cfg.Recommend || len(w.streams) == 0 {
		return
	}
	r, ok := stability.Recommend(w.streams)
	out.Recommendation = &report.Recommendation{MaxLagSeconds: report.Number(w.cfg.MaxLag.Seconds())}
	if ok {
		out.Recommendation = report.NewRecommendation(&r)
	}
}
