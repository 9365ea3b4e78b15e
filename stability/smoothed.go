package stability

import (
	"math"
	"time"
)

// Smoothed is what a smoother made of one stream.
type Smoothed struct {
	Smoother Smoother
	// Refused says why there is no result, where the input lacked what the
	// smoother needs; the rest is then empty.
	Refused string
	Result  Result // of the smoothed labels

	pictures, changed int64
	lag               lagSums
}

// SmoothedSummary is what a smoother made of one or more streams.
type SmoothedSummary struct {
	Smoother Smoother
	Refused  string
	// Summary holds the measures of the smoothed labels: Flips, FlipFraction
	// with its interval, Unexplained and so on. Nil if refused.
	Summary *Summary
	// Changed is the share of pictures on which the smoothed label is not
	// the network's.
	Changed float64
	Lag     Lag
}

// Lag is how late a smoother follows the transitions of its input. What is
// not known is NaN and 0.
type Lag struct {
	// Transitions counts those of the input, Followed those of them that the
	// smoother followed at all before the next or the run's end.
	Transitions, Followed   int64
	MedianFrames, P95Frames float64
	Median, P95             time.Duration // of the followed ones
}

// Summary is that of a single stream.
func (s *Smoothed) Summary() SmoothedSummary { return s.summary(s.Result.Summary) }

func (s *Smoothed) summary(of *Summary) SmoothedSummary {
	out := SmoothedSummary{Smoother: s.Smoother, Refused: s.Refused, Changed: nan(), Lag: Lag{MedianFrames: nan(), P95Frames: nan()}}
	if s.Refused != "" {
		return out
	}
	out.Summary, out.Changed = of, ratio(s.changed, s.pictures)
	l := &s.lag
	out.Lag.Transitions, out.Lag.Followed = l.transitions, l.followed
	if l.followed > 0 {
		out.Lag.MedianFrames, out.Lag.P95Frames = l.frames.quantile(0.5), l.frames.quantile(0.95)
		out.Lag.Median = time.Duration(math.Round(l.time.quantile(0.5)))
		out.Lag.P95 = time.Duration(math.Round(l.time.quantile(0.95)))
	}
	return out
}

// CombineSmoothed computes what the same smoothers made of several streams;
// every element of streams holds one stream's, all in the same order. A
// smoother that one stream refused is refused. Macro and micro are as in
// Combine; the shares and lags are pooled in both.
func CombineSmoothed(streams [][]Smoothed, resamples int, seed uint64) (macro, micro []SmoothedSummary) {
	if len(streams) == 0 {
		return nil, nil
	}
	for i := range streams[0] {
		pooled := Smoothed{Smoother: streams[0][i].Smoother}
		var results []Result
		for _, stream := range streams {
			s := &stream[i]
			if s.Refused != "" {
				pooled.Refused = s.Refused
				continue
			}
			results = append(results, s.Result)
			pooled.pictures += s.pictures
			pooled.changed += s.changed
			pooled.lag.merge(&s.lag)
		}
		total := Combine(results, resamples, seed)
		macro = append(macro, pooled.summary(total.Macro))
		micro = append(micro, pooled.summary(total.Micro))
	}
	return macro, micro
}
