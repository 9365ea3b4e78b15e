package report

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// Schema names the shape of summary.json. A change that a reader has to know
// of changes the number.
const Schema = "flipmeter.summary/v1"

// Summary is summary.json: one run.
type Summary struct {
	Schema  string          `json:"schema"`
	Streams []StreamSummary `json:"streams"`
	Total   Total           `json:"total"`
	// Recommendation is nil unless one was asked for.
	Recommendation *Recommendation `json:"recommendation"`
	// Complete is set where every stream of every source was read to its end.
	Complete bool `json:"complete"`
}

// Total are the measures over all streams: averaged per stream first
// (macro), and pooled over pairs (micro).
type Total struct {
	Macro Measures `json:"macro"`
	Micro Measures `json:"micro"`
}

// StreamSummary is one stream of a run.
type StreamSummary struct {
	// Stream is the stream's name in the tables.
	Stream   string        `json:"stream"`
	Source   SourceSummary `json:"source"`
	Identity Identity      `json:"identity"`
	Measures
	FPS      FPSSummary `json:"fps"`
	Complete bool       `json:"complete"`
	// Explained is there only where --explain asked for it.
	Explained *Explained `json:"explain,omitempty"`

	// For the text: not part of the file.
	duration time.Duration
	minScore float64
	warnings []string
}

// SourceSummary identifies what was looked at, without credentials.
type SourceSummary struct {
	Name   string  `json:"name"`
	SHA256 *string `json:"sha256"`
}

// FPSSummary are speeds in frames per second.
type FPSSummary struct {
	Decode     Number `json:"decode"`
	Preprocess Number `json:"preprocess"`
	Infer      Number `json:"infer"`
	Pipeline   Number `json:"pipeline"`
}

// Measures are the figures of stability.Summary; what they mean is said
// there.
type Measures struct {
	Frames              Count           `json:"frames"`
	Pairs               Count           `json:"pairs"`
	Coverage            Number          `json:"coverage"`
	Repeats             Count           `json:"repeats"`
	Flips               Count           `json:"flips"`
	FlipFraction        Interval        `json:"flip_fraction"`
	FlipRateHz          Number          `json:"flip_rate_hz"`
	Decided             DecidedMeasures `json:"decided"`
	MAC                 Number          `json:"mac"`
	T5D                 Number          `json:"t5d"`
	Top5Jaggedness      Count           `json:"top5_jaggedness"`
	Kinds               KindCounts      `json:"kinds"`
	Glitches            Count           `json:"glitches"`
	Unexplained         Count           `json:"unexplained"`
	UnexplainedFraction Interval        `json:"unexplained_fraction"`
	Still               SplitMeasures   `json:"still"`
	Moving              SplitMeasures   `json:"moving"`
	ByChange            []ChangeBin     `json:"by_change"`
	NearCut             Count           `json:"near_cut"`
	Cuts                Count           `json:"cuts"`
	CutChanges          Count           `json:"cut_changes"`
	Breaks              BreakCounts     `json:"breaks"`
	DwellSeconds        DwellSeconds    `json:"dwell_seconds"`
	EntropyBits         Number          `json:"entropy_bits"`
	Labels              Count           `json:"labels"`
	// Truth is nil where no truth was given.
	Truth *TruthMeasures `json:"truth"`
	// Smoothers are the what-ifs that were asked for, in their order.
	Smoothers []SmoothedMeasures `json:"smoothers"`
	// Delta is against a baseline; nil without one.
	Delta *Delta `json:"delta,omitempty"`
}

// DecidedMeasures are over pairs whose two scores are at least the minimum.
type DecidedMeasures struct {
	Share        Number   `json:"share"`
	Pairs        Count    `json:"pairs"`
	Flips        Count    `json:"flips"`
	FlipFraction Interval `json:"flip_fraction"`
}

// KindCounts sum to the flips.
type KindCounts struct {
	Glitch     Count `json:"glitch"`
	Transition Count `json:"transition"`
	Churn      Count `json:"churn"`
	Censored   Count `json:"censored"`
}

// SplitMeasures is one side of still against moving.
type SplitMeasures struct {
	Pairs        Count    `json:"pairs"`
	Flips        Count    `json:"flips"`
	FlipFraction Interval `json:"flip_fraction"`
}

// ChangeBin is one quintile of the change of the input.
type ChangeBin struct {
	ChangeMaxCells Count  `json:"change_max_cells"`
	Pairs          Count  `json:"pairs"`
	Flips          Count  `json:"flips"`
	FlipFraction   Number `json:"flip_fraction"`
}

// BreakCounts are missing pairs by reason.
type BreakCounts struct {
	Gap       Count `json:"gap"`
	Reconnect Count `json:"reconnect"`
	Size      Count `json:"size"`
	Model     Count `json:"model"`
	Time      Count `json:"time"`
	Cut       Count `json:"cut"`
}

// DwellSeconds describes how long a label was held.
type DwellSeconds struct {
	Min    Number `json:"min"`
	Median Number `json:"median"`
	P95    Number `json:"p95"`
}

// WriteJSON writes the summary, indented.
func (s *Summary) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(s)
}

func newSummary(streams []*stream, out Outcome) *Summary {
	s := &Summary{Schema: Schema, Streams: []StreamSummary{}, Complete: !out.Interrupted}
	var lacks Lacks
	for i, st := range streams {
		o := out.Streams[i]
		sha := st.cfg.Source.SHA256
		if o.SourceSHA256 != "" {
			sha = o.SourceSHA256
		}
		ss := StreamSummary{
			Stream:   st.cfg.Name,
			Source:   SourceSummary{Name: st.cfg.Source.Name},
			Identity: st.cfg.Identity,
			Measures: measuresOf(o.Summary),
			FPS: FPSSummary{Decode: speed(o.FPS.Decode), Preprocess: speed(o.FPS.Preprocess),
				Infer: speed(o.FPS.Infer), Pipeline: speed(o.FPS.Pipeline)},
			Complete: o.Complete, Explained: o.Explained,
		}
		st.cfg.Lacks.hide(&ss.Measures)
		lacks = lacks.or(st.cfg.Lacks)
		if sha != "" {
			ss.Source.SHA256 = &sha
		}
		if o.Summary != nil && o.Summary.HasPTS {
			ss.duration = o.Summary.Last - o.Summary.First
		}
		ss.minScore = st.cfg.MinScore
		ss.Truth, ss.Smoothers = truthOf(o.Truth), smoothersOf(o.Smoothed)
		ss.referTo(ss.Truth)
		for _, b := range banners(st, o, o.Summary) {
			ss.warnings = append(ss.warnings, b.Title+" "+b.Text)
		}
		s.Complete = s.Complete && o.Complete
		s.Streams = append(s.Streams, ss)
	}
	macro, micro := out.Macro, out.Micro
	if len(out.Streams) == 1 {
		if macro == nil {
			macro = out.Streams[0].Summary
		}
		if micro == nil {
			micro = out.Streams[0].Summary
		}
	}
	s.Total = Total{Macro: measuresOf(macro), Micro: measuresOf(micro)}
	truth := out.Truth
	if truth == nil && len(out.Streams) == 1 {
		truth = out.Streams[0].Truth
	}
	s.Total.Macro.Truth, s.Total.Micro.Truth = truthOf(truth), truthOf(truth)
	s.Total.Macro.referTo(s.Total.Macro.Truth)
	s.Total.Micro.referTo(s.Total.Micro.Truth)
	lacks.hide(&s.Total.Macro)
	lacks.hide(&s.Total.Micro)
	s.Total.Macro.Smoothers, s.Total.Micro.Smoothers = smoothersOf(out.SmoothedMacro), smoothersOf(out.SmoothedMicro)
	s.Recommendation = out.Recommendation
	return s
}

// maxNamedSmoothers is how many smoothers conditions may name by number.
const maxNamedSmoothers = 32

// BlankSummary has every field that a summary may have, none of them known:
// for whoever checks the names of fields before a run.
func BlankSummary() *Summary {
	m := measuresOf(nil)
	noTruth := new(stability.TruthSums).Summary()
	m.Truth = truthOf(&noTruth)
	none := stability.Interval{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
	delta := DeltaOf(stability.Delta{FlipFraction: none, UnexplainedFraction: none, DecidedFlipFraction: none, MAC: none})
	m.Delta = &delta
	var nothing [maxNamedSmoothers]stability.SmoothedSummary
	m.Smoothers = smoothersOf(nothing[:])
	for range 5 {
		m.ByChange = append(m.ByChange, ChangeBin{-1, -1, -1, unknown()})
	}
	return &Summary{
		Schema: Schema, Streams: []StreamSummary{{Measures: m}}, Total: Total{Macro: m, Micro: m},
	}
}

func speed(fps float64) Number {
	if fps <= 0 {
		return unknown()
	}
	return Number(math.Round(fps*100) / 100)
}

// measuresOf copies the figures; a nil summary gives nothing but nulls.
func measuresOf(s *stability.Summary) Measures {
	if s == nil {
		s = unknownSummary()
	}
	m := Measures{
		Frames: Count(s.Frames), Pairs: Count(s.Pairs), Coverage: Number(s.Coverage),
		Repeats: Count(s.Repeats), Flips: Count(s.Flips),
		FlipFraction: intervalOf(s.FlipFraction), FlipRateHz: Number(s.FlipRateHz),
		Decided: DecidedMeasures{Number(s.Decided.Share), Count(s.Decided.Pairs),
			Count(s.Decided.Flips), intervalOf(s.Decided.FlipFraction)},
		MAC: Number(s.MAC), T5D: Number(s.T5D), Top5Jaggedness: Count(s.Top5Jaggedness),
		Kinds: KindCounts{kindCount(s, stability.KindGlitch), kindCount(s, stability.KindTransition),
			kindCount(s, stability.KindChurn), kindCount(s, stability.KindCensored)},
		Glitches: Count(s.Glitches), Unexplained: Count(s.Unexplained),
		UnexplainedFraction: intervalOf(s.UnexplainedFraction),
		Still:               splitOf(s.Still), Moving: splitOf(s.Moving), ByChange: []ChangeBin{}, Smoothers: []SmoothedMeasures{},
		NearCut: Count(s.NearCut), Cuts: Count(s.Cuts), CutChanges: Count(s.CutChanges),
		Breaks: BreakCounts{breakCount(s, stability.ReasonGap), breakCount(s, stability.ReasonReconnect),
			breakCount(s, stability.ReasonSize), breakCount(s, stability.ReasonModel),
			breakCount(s, stability.ReasonTime), breakCount(s, stability.ReasonCut)},
		DwellSeconds: dwellOf(s),
		EntropyBits:  Number(s.EntropyBits), Labels: Count(s.Labels),
	}
	for _, b := range s.ByChange {
		m.ByChange = append(m.ByChange, ChangeBin{Count(b.MaxCells), Count(b.Pairs),
			Count(b.Flips), Number(b.FlipFraction)})
	}
	hideUnseen(&m, s)
	return m
}

func splitOf(s stability.Split) SplitMeasures {
	return SplitMeasures{Count(s.Pairs), Count(s.Flips), intervalOf(s.FlipFraction)}
}

// kindCount is the count of a kind; a nil map means that kinds can't be
// known.
func kindCount(s *stability.Summary, k stability.Kind) Count {
	if s.Kinds == nil {
		return -1
	}
	return Count(s.Kinds[k])
}

func breakCount(s *stability.Summary, r stability.Reason) Count {
	if s.Breaks == nil {
		return -1
	}
	return Count(s.Breaks[r])
}

func dwellOf(s *stability.Summary) DwellSeconds {
	if !s.HasPTS || s.Dwell.Held == 0 {
		return DwellSeconds{unknown(), unknown(), unknown()}
	}
	return DwellSeconds{seconds(s.Dwell.Min), seconds(s.Dwell.Median), seconds(s.Dwell.P95)}
}

func seconds(d time.Duration) Number { return Number(d.Seconds()) }

func unknownSummary() *stability.Summary {
	nan := math.NaN()
	none := stability.Interval{Value: nan, Low: nan, High: nan}
	split := stability.Split{Pairs: -1, Flips: -1, FlipFraction: none}
	return &stability.Summary{
		Frames: -1, Pairs: -1, Coverage: nan, Repeats: -1, Flips: -1,
		FlipFraction: none, FlipRateHz: nan,
		Decided: stability.DecidedSummary{MinScore: nan, Share: nan, Pairs: -1, Flips: -1, FlipFraction: none},
		MAC:     nan, T5D: nan, Top5Jaggedness: -1, Glitches: -1, Unexplained: -1,
		UnexplainedFraction: none, Still: split, Moving: split, NearCut: -1, Cuts: -1,
		CutChanges: -1, EntropyBits: nan, Labels: -1, MedianScore: nan,
	}
}
