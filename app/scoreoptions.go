package app

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/infer/labelmap"
	"github.com/flipmeter/flipmeter/ingest/labels"
	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/stability"
)

// ScoreOptions are the options of flipmeter score.
type ScoreOptions struct {
	Files  []string // tables or lists of labels; "-" is standard input
	Out    string   // folder of the results
	Tables string   // parquet, csv, jsonl or none
	Format string   // of the files; auto looks at them

	FPS    float64 // makes times where a table has none; 0: none are made
	Stride int     // by how much seq goes on from frame to frame
	Logits bool    // vectors are logits
	// Labels is a file with the names of all classes, one a line, or
	// "imagenet"; empty: the files say.
	Labels string

	// LabelMap is a file that says which labels are merged or ignored;
	// empty: none.
	LabelMap string
	labelMap *labelmap.Map
	// Truth is a table, or a folder of tables or annotations; empty: none.
	Truth TruthOptions
	// Smooth are the what-ifs.
	Smooth SmoothOptions

	// Measures are the thresholds; no Windows: one of ten seconds. Window,
	// where set, goes before them.
	Measures stability.Config
	Window   time.Duration
	FailOn   []string
	// MinCoverage, Baseline and AllowIdentity are as in AnalyzeOptions.
	// SameContent says that the labels of the baseline are of the same
	// frames, although they were read from another file.
	MinCoverage   float64
	Baseline      string
	AllowIdentity []string
	SameContent   bool
	JSON          bool
	Quiet         bool

	// Workers is how many files are scored side by side; 0: as many as there
	// are processors. The results don't depend on it.
	Workers int

	// Listeners are told of every event of every stream, from several
	// goroutines.
	Listeners []event.Listener

	Tool   string // program name and version, for the report
	Logger *slog.Logger
}

// defaultScoreWindow is the width of the windowed measures: how long a file
// is, isn't known before its end.
const defaultScoreWindow = 10 * time.Second

// DefaultScoreOptions are the options of a plain flipmeter score.
func DefaultScoreOptions() ScoreOptions {
	measures := stability.DefaultConfig()
	measures.Windows = nil
	return ScoreOptions{Out: "flipmeter-out", Tables: string(table.Parquet), Format: string(labels.Auto), Stride: 1, Measures: measures, Smooth: DefaultSmoothOptions(), Truth: DefaultTruthOptions()}
}

// validate checks what can be checked before anything is opened.
func (o *ScoreOptions) validate() ([]alerts.Condition, error) {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{ErrUsage}, args...)...)
	}
	switch {
	case len(o.Files) == 0:
		return nil, bad("nothing to score: name a table of labels, or - for standard input")
	case o.Out == "":
		return nil, bad("--out must name a folder")
	case slices.Contains(o.Files, ""):
		return nil, bad("a file is an empty text: name a table of labels")
	case o.Stride < 1:
		return nil, bad("--stride must be at least 1, got %d", o.Stride)
	case !(o.FPS >= 0 && o.FPS <= 1e6):
		return nil, bad("--fps must lie between 0 and 1000000, got %v", o.FPS)
	case !(o.Measures.MinScore >= 0 && o.Measures.MinScore <= 1):
		return nil, bad("--min-score must lie between 0 and 1, got %v", o.Measures.MinScore)
	case o.Window < 0:
		return nil, bad("--window must not be negative, got %v", o.Window)
	case !table.Format(o.Tables).Valid():
		return nil, bad("--tables must be one of [parquet csv jsonl none], got %q", o.Tables)
	case !slices.Contains(labels.Formats(), o.Format):
		return nil, bad("--format must be one of %v, got %q", labels.Formats(), o.Format)
	}
	if n := countOf(o.Files, "-"); n > 1 {
		return nil, bad("standard input (-) is named %d times", n)
	}
	if _, err := o.Smooth.config(); err != nil {
		return nil, err
	}
	if err := o.Truth.validate(); err != nil {
		return nil, err
	}
	var err error
	if o.labelMap, err = openLabelMap(o.LabelMap); err != nil {
		return nil, err
	}
	if o.SameContent && o.Baseline == "" {
		return nil, bad("--same-content goes with --baseline")
	}
	return gateConditions(o.FailOn, o.MinCoverage, o.Baseline, o.Tables)
}

func countOf(list []string, what string) (n int) {
	for _, s := range list {
		if s == what {
			n++
		}
	}
	return n
}

// tracker are the thresholds of a stream.
func (o *ScoreOptions) tracker(classes int) stability.Config {
	cfg := o.Measures
	if o.Window > 0 {
		cfg.Windows = []time.Duration{o.Window}
	}
	if len(cfg.Windows) == 0 {
		cfg.Windows = []time.Duration{defaultScoreWindow}
	}
	cfg.Classes = classes
	return cfg
}

// LabelFormats are the formats that score reads.
func LabelFormats() []string { return labels.Formats() }
