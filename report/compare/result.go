package compare

import (
	"encoding/json"
	"io"

	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/stability"
)

// Schema names the shape of compare.json.
const Schema = "flipmeter.compare/v1"

// Result is compare.json.
type Result struct {
	Schema string `json:"schema"`
	// SameContent says that the user vouched for frames that correspond,
	// although the sources are different files.
	SameContent bool  `json:"same_content"`
	Runs        []Run `json:"runs"` // the first one is the baseline
	// Comparisons are of each other run with the baseline.
	Comparisons []Comparison `json:"comparisons"`
	// LabelsDiffer is, for run i and run j, on which share of the frames that
	// have a label in both their labels differ.
	LabelsDiffer [][]report.Number `json:"labels_differ"`
	// Notes are what a reader must know, in sentences.
	Notes []string `json:"notes"`

	lines  []*lineup // of each stream, for the page
	labels []string  // that the lines' numbers mean
}

// Run is one side with all its measures.
type Run struct {
	Name     string                 `json:"name"`
	Streams  []report.StreamSummary `json:"streams"`
	Total    report.Total           `json:"total"`
	Complete bool                   `json:"complete"`
}

// Comparison is one run against the baseline. Differences are run − baseline,
// pooled over the streams.
type Comparison struct {
	Baseline string `json:"baseline"`
	Run      string `json:"run"`
	// Identity lists what differs between the two identities.
	Identity []Difference `json:"identity"`
	Measured
	// PerStream are the same figures of each stream.
	PerStream []StreamComparison `json:"streams"`
	// Disagreements are the pairs of labels that stand on the most frames
	// against each other, and Stretches the longest in which labels differ.
	Disagreements []Disagreement `json:"disagreements"`
	Stretches     []Stretch      `json:"stretches"`

	macro  report.Delta // averaged over the streams
	places []int        // of the run's streams, for each of the baseline's
}

// Measured are the figures of a comparison.
type Measured struct {
	Frames       report.Count    `json:"frames"` // with a label in both runs
	Pairs        report.Count    `json:"pairs"`  // that both runs have
	Delta        report.Delta    `json:"delta"`
	LabelsDiffer report.Interval `json:"labels_differ"`
	Agreement    report.Interval `json:"agreement"` // 1 − labels_differ
	Flips        FlipCounts      `json:"flips"`
}

// FlipCounts say where the pairs of both runs flip.
type FlipCounts struct {
	Both         report.Count `json:"both"`
	OnlyBaseline report.Count `json:"only_baseline"`
	OnlyRun      report.Count `json:"only_run"`
}

// StreamComparison is one stream of a comparison.
type StreamComparison struct {
	Stream string `json:"stream"`
	Measured
}

// Disagreement is a label of the baseline with another one of the run.
type Disagreement struct {
	Baseline string       `json:"baseline"`
	Run      string       `json:"run"`
	Frames   report.Count `json:"frames"`
}

// Stretch is a row of frames on which the labels differ. Times are null where
// there are none.
type Stretch struct {
	Stream   string        `json:"stream"`
	FromMs   report.Number `json:"from_ms"`
	ToMs     report.Number `json:"to_ms"` // of its last frame
	Frame    report.Count  `json:"frame"` // the first one's number in the table, from 0
	Frames   report.Count  `json:"frames"`
	Baseline string        `json:"baseline"` // the label that each run gives most often
	Run      string        `json:"run"`
}

// WriteJSON writes the result, indented.
func (r *Result) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

func measured(d stability.Delta, flips FlipCounts) Measured {
	differ := report.IntervalOf(d.LabelsDiffer)
	return Measured{
		Frames: report.Count(d.Frames), Pairs: report.Count(d.Pairs),
		Delta:        report.DeltaOf(d),
		LabelsDiffer: differ,
		Agreement:    report.Interval{Value: 1 - differ.Value, Low: 1 - differ.High, High: 1 - differ.Low},
		Flips:        flips,
	}
}
