package app

import (
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/infer/labelmap"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/gocv"
	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/resample"
	"github.com/flipmeter/flipmeter/scene"
	"github.com/flipmeter/flipmeter/stability"
)

// AnalyzeOptions are the options of flipmeter analyze.
type AnalyzeOptions struct {
	Sources []string // files, folders, synth:…
	Out     string   // folder of the results
	Tables  string   // parquet, csv, jsonl or none

	Home        string // folder of models and libraries; empty: Home()
	Model       string // name or file; empty: the preferred one that is installed
	Resize, Fit string // override the model's own; empty: as the file says
	Described   ModelDescription
	Accelerator string
	Precision   string
	Sessions    int // runs of the network at once; 0: one more than processors
	Hardware    Hardware
	Explain     bool // look at frames around flips again, moved by a pixel
	TTA         int  // average over so many shifted copies; 0 and 1: no

	ColorMatrix string // auto, bt601 or bt709
	Deinterlace string // off, auto or on
	Region      string // x,y,w,h in pixels; empty: all
	Mask        string // picture file; empty: none
	Stride      int    // every n-th frame
	Start, End  time.Duration
	FPS         float64 // of folders of pictures

	// Measures are the thresholds; no Windows: one, by the length of the
	// footage. Window, where set, goes before them.
	Measures stability.Config
	Cuts     string // adaptive, content or off
	Window   time.Duration
	Trace    []string
	LabelMap string // file; empty: none
	labelMap *labelmap.Map

	NATS, Site string // NATS: empty, "embedded" or a URL
	Pictures   bool   // send pictures of flips over NATS
	// Broker holds credentials and limits; its URL and Server are set from
	// NATS.
	Broker bus.Config
	Smooth SmoothOptions
	// Truth is what was really to be seen.
	Truth  TruthOptions
	FailOn []string
	// MinCoverage is the share of its time that every stream must be covered
	// for; 0: any.
	MinCoverage float64
	// Baseline is the folder of a saved run that this one is compared with,
	// and AllowIdentity the parts of the identity that may differ from it.
	Baseline      string
	AllowIdentity []string
	Resume        bool
	JSON          bool
	Quiet         bool

	// Listeners are told of every event of every stream, for programs that
	// embed an analysis.
	Listeners []event.Listener

	Tool   string // program name and version, for the report
	Logger *slog.Logger

	open sourceOpener // nil: openSource
	// show is the smoother whose labels are shown and measured in place of the
	// network's; nil for the network's own.
	show *stability.Smoother
	// beside are the accelerators of the analyses that run in the same process
	// at the same time, this one included.
	beside []string
}

const maxSessions = 1024

// DefaultAnalyzeOptions are the options of a plain flipmeter analyze.
func DefaultAnalyzeOptions() AnalyzeOptions {
	measures := stability.DefaultConfig()
	measures.Windows = nil
	return AnalyzeOptions{
		Out: "flipmeter-out", Tables: "parquet", Accelerator: "auto", Precision: "", Hardware: Hardware{BatchDelay: 5 * time.Millisecond},
		ColorMatrix: "auto", Deinterlace: "off", Stride: 1, FPS: 25,
		Measures: measures, Cuts: "adaptive", Site: "local", Smooth: DefaultSmoothOptions(), Truth: DefaultTruthOptions(),
	}
}

// validate checks what can be checked before anything is opened, so that a
// typing error does not cost an hour of decoding.
func (o *AnalyzeOptions) validate() ([]alerts.Condition, error) {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{ErrUsage}, args...)...)
	}
	oneOf := func(flag, got string, allowed ...string) error {
		if slices.Contains(allowed, got) {
			return nil
		}
		return bad("%s must be one of %v, got %q", flag, allowed, got)
	}
	switch {
	case len(o.Sources) == 0:
		return nil, bad("nothing to analyse: name a video file, a folder of pictures or synth:…")
	case o.Out == "":
		return nil, bad("--out must name a folder")
	case o.Stride < 1:
		return nil, bad("--stride must be at least 1, got %d", o.Stride)
	case !(o.FPS > 0) || math.IsInf(o.FPS, 0):
		return nil, bad("--fps must be positive, got %v", o.FPS)
	case !(o.Measures.MinScore >= 0 && o.Measures.MinScore <= 1):
		return nil, bad("--min-score must lie between 0 and 1, got %v", o.Measures.MinScore)
	case o.Start < 0 || o.End < 0 || o.End > 0 && o.End <= o.Start:
		return nil, bad("--start must lie before --end, got %v and %v", o.Start, o.End)
	case o.Window < 0:
		return nil, bad("--window must not be negative, got %v", o.Window)
	case o.TTA < 0 || o.TTA > perturb.MaxCopies:
		return nil, bad("--tta must be between 0 and %d, got %d", perturb.MaxCopies, o.TTA)
	case o.Sessions < 0 || o.Sessions > maxSessions:
		return nil, bad("--sessions must be between 0 and %d, got %d", maxSessions, o.Sessions)
	}
	for _, source := range o.Sources {
		if source == "" {
			return nil, bad("a source is an empty text: name a video file, a folder of pictures or synth:…")
		}
		if strings.Contains(source, "://") || gocv.IsLive(source) {
			return nil, bad("%s: analyze reads files, folders of pictures and synth:…; record the stream into a file first, or let flipmeter watch follow it", ingest.RedactURL(source))
		}
	}
	for _, err := range []error{
		oneOf("--tables", o.Tables, string(table.Parquet), string(table.CSV), string(table.JSONL), string(table.None)),
		oneOf("--cuts", o.Cuts, string(scene.ModeAdaptive), string(scene.ModeContent), string(scene.ModeOff)),
		oneOf("--color-matrix", o.ColorMatrix, "auto", "bt601", "bt709"),
		oneOf("--deinterlace", o.Deinterlace, "off", "auto", "on"),
		oneOf("--accelerator", o.Accelerator, "auto", "cpu", "openvino", "cuda", "tensorrt"),
		oneOf("--resize", o.Resize, append([]string{"", "nearest", "linear", "area", "cubic", "lanczos"}, resample.Names()...)...),
		oneOf("--fit", o.Fit, "", "crop", "squash", "letterbox"),
		o.Described.validate(),
	} {
		if err != nil {
			return nil, err
		}
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
	return gateConditions(o.FailOn, o.MinCoverage, o.Baseline, o.Tables)
}

// openLabelMap reads a label map; nil without a file.
func openLabelMap(path string) (*labelmap.Map, error) {
	if path == "" {
		return nil, nil
	}
	m, err := labelmap.Load(path)
	if err != nil {
		return nil, fmt.Errorf("%w: --label-map: %w", ErrUsage, err)
	}
	return m, nil
}

// windowFor picks the width of the windowed measures where the user didn't:
// a round width of which at least four fit into the footage.
func windowFor(length time.Duration) time.Duration {
	best := time.Second
	for _, w := range []time.Duration{2, 5, 10, 30, 60} {
		if 4*w*time.Second <= length {
			best = w * time.Second
		}
	}
	return best
}
