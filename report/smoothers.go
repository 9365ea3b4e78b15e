package report

import (
	"math"

	"github.com/flipmeter/flipmeter/stability"
)

// SmoothedMeasures are what a smoother would have left; what they mean is said
// at stability.SmoothedSummary.
type SmoothedMeasures struct {
	Smoother string  `json:"smoother"` // as --smooth reads it
	Refused  *string `json:"refused"`  // why there are no figures

	Pairs               Count     `json:"pairs"`
	Flips               Count     `json:"flips"`
	FlipFraction        Interval  `json:"flip_fraction"`
	Unexplained         Count     `json:"unexplained"`
	UnexplainedFraction Interval  `json:"unexplained_fraction"`
	Changed             Number    `json:"changed"` // share of pictures
	Lag                 LagFigure `json:"lag"`
}

// LagFigure is how late a smoother follows. CleanStepFrames follows from its
// parameters, the rest is measured on the run's own transitions.
type LagFigure struct {
	CleanStepFrames Count  `json:"clean_step_frames"`
	Transitions     Count  `json:"transitions"`
	Followed        Count  `json:"followed"`
	MedianFrames    Number `json:"median_frames"`
	P95Frames       Number `json:"p95_frames"`
	MedianSeconds   Number `json:"median_seconds"`
	P95Seconds      Number `json:"p95_seconds"`
}

// Recommendation is what --recommend found; a Smoother that is nil means that
// nothing could be said.
type Recommendation struct {
	MaxLagSeconds Number      `json:"max_lag_seconds"`
	Searched      Count       `json:"searched"`
	InTime        Count       `json:"in_time"`
	Smoother      *string     `json:"smoother"`
	ChosenOn      *HalfFigure `json:"chosen_on"`
	ReportedOn    *HalfFigure `json:"reported_on"`
}

// HalfFigure is one half of the material, without and with the smoother.
type HalfFigure struct {
	Pairs          Count `json:"pairs"`
	RawFlips       Count `json:"raw_flips"`
	Flips          Count `json:"flips"`
	RawUnexplained Count `json:"raw_unexplained"`
	Unexplained    Count `json:"unexplained"`
	Transitions    Count `json:"transitions"`
	Late           Count `json:"late"` // of them, followed later than the bound or not at all
}

// NewRecommendation copies the figures.
func NewRecommendation(r *stability.Recommendation) *Recommendation {
	name := r.Best.String()
	half := func(raw, with *stability.HalfResult) *HalfFigure {
		return &HalfFigure{
			Pairs: Count(with.Pairs), RawFlips: Count(raw.Flips), Flips: Count(with.Flips),
			RawUnexplained: Count(raw.Unexplained), Unexplained: Count(with.Unexplained),
			Transitions: Count(with.Transitions), Late: Count(with.Late),
		}
	}
	return &Recommendation{
		MaxLagSeconds: seconds(r.MaxLag), Searched: Count(r.Searched), InTime: Count(r.InTime), Smoother: &name,
		ChosenOn: half(&r.ChosenOnRaw, &r.ChosenOn), ReportedOn: half(&r.ReportedOnRaw, &r.ReportedOn),
	}
}

// smoothersOf copies the figures of the smoothers.
func smoothersOf(list []stability.SmoothedSummary) []SmoothedMeasures {
	out := []SmoothedMeasures{}
	for i := range list {
		out = append(out, smootherOf(&list[i]))
	}
	return out
}

func smootherOf(s *stability.SmoothedSummary) SmoothedMeasures {
	m := SmoothedMeasures{
		Smoother: s.Smoother.String(), Pairs: -1, Flips: -1, FlipFraction: noInterval(),
		Unexplained: -1, UnexplainedFraction: noInterval(), Changed: Number(s.Changed),
		Lag: LagFigure{
			CleanStepFrames: Count(s.Smoother.Lag()), Transitions: -1, Followed: -1,
			MedianFrames: thousandth(s.Lag.MedianFrames), P95Frames: thousandth(s.Lag.P95Frames),
			MedianSeconds: unknown(), P95Seconds: unknown(),
		},
	}
	if s.Summary == nil {
		if s.Refused != "" {
			m.Refused = &s.Refused
		}
		return m
	}
	m.Pairs, m.Flips, m.FlipFraction = Count(s.Summary.Pairs), Count(s.Summary.Flips), intervalOf(s.Summary.FlipFraction)
	m.Unexplained, m.UnexplainedFraction = Count(s.Summary.Unexplained), intervalOf(s.Summary.UnexplainedFraction)
	if s.Summary.Unexplained >= 0 { // else there are no kinds, and no transitions are known
		m.Lag.Transitions, m.Lag.Followed = Count(s.Lag.Transitions), Count(s.Lag.Followed)
	}
	if s.Lag.Followed > 0 {
		m.Lag.MedianSeconds, m.Lag.P95Seconds = seconds(s.Lag.Median), seconds(s.Lag.P95)
	}
	return m
}

// thousandth rounds what an interpolation leaves of binary fractions.
func thousandth(x float64) Number { return Number(math.Round(1000*x) / 1000) }

func noInterval() Interval { return Interval{unknown(), unknown(), unknown()} }
