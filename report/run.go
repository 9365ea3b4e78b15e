package report

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/stability"
)

// Config says what a run writes and where.
type Config struct {
	Dir    string       // created if it is not there
	Tables table.Format // of the tables; table.None writes none
	// Tool names the program with its version, for the page's foot.
	Tool string
	// Created is shown in the page; the zero value shows nothing.
	Created time.Time
	// Window is the width of the windows that events carry, for the page.
	Window time.Duration
	// MaxPictures is the number of flips shown with pictures; 0: 120.
	MaxPictures int
	// Complement adds to the summary what needs the whole tables, which lie
	// in the folder tables, before anything is put in place; nil for nothing.
	Complement func(ctx context.Context, sum *Summary, tables string)
}

// StreamConfig says what is known of a stream before its first event.
type StreamConfig struct {
	Name     string // unique within the run
	Source   Source
	Identity Identity
	// Label names a class. It is called from the stream's recorder.
	Label func(index int32) string
	// Traces are the classes whose probabilities events carry in Traced.
	Traces []int32
	// Crop is the part of the thumbnails that the model sees.
	Crop Rect
	// MinScore is the score from which an observation counts as decided.
	MinScore float64
	// RandomWeights is not empty where the weights are not trained; the
	// page says so first of all.
	RandomWeights string
	// Lacks says what the source can't tell.
	Lacks Lacks
	// Details are further lines of "how it was measured".
	Details []Detail
}

// Outcome is what is known at the end of a run.
type Outcome struct {
	// Streams are in the order in which the streams were registered.
	Streams []StreamOutcome
	// Interrupted is set where the run did not come to all of its sources, or
	// not to their end: it is then incomplete, whatever its streams are.
	Interrupted bool
	// Macro and Micro are the measures over all streams. With one stream
	// both may be nil: they are that stream's.
	Macro, Micro *stability.Summary
	// Truth are the scores against the truth over all streams; nil without
	// one. With one stream it may be nil: it is that stream's.
	Truth *stability.TruthSummary
	// SmoothedMacro and SmoothedMicro are the what-ifs over all streams.
	SmoothedMacro, SmoothedMicro []stability.SmoothedSummary
	Recommendation               *Recommendation // nil unless asked for
}

// StreamOutcome is what is known at the end of a stream.
type StreamOutcome struct {
	Summary *stability.Summary
	Truth   *stability.TruthSummary // nil without a truth
	// Smoothed are the what-ifs, in the order in which they were asked for.
	Smoothed []stability.SmoothedSummary
	FPS      FPS
	// Explained is nil unless the flips were looked at again.
	Explained *Explained
	// Complete is false where the stream was interrupted or ended early;
	// Why then says so in half a sentence ("interrupted after 812 frames").
	Complete bool
	Why      string
	// Notes are further sentences about how the source was read.
	Notes []string
	// SourceSHA256 is set where it became known only during the run.
	SourceSHA256 string
}

// Run writes the files of one run. Its methods may be called from several
// goroutines; each stream's recorder from one at a time.
type Run struct {
	cfg     Config
	made    bool   // Dir did not exist before
	partial string // folder of temporary files within Dir
	tables  *tables

	mu      sync.Mutex
	streams []*stream
	done    bool
}

type stream struct {
	run  *Run
	n    int // streams of the run up to this one
	cfg  StreamConfig
	rows *streamRows // nil without tables
	page *Collector
}

// Names of the files in the output folder; the tables are called
// table.FramesName and table.FlipsName with their format's extension.
const (
	HTMLName    = "report.html"
	SummaryName = "summary.json"
)

// NewRun prepares the output folder. Finish or Abort must follow.
func NewRun(cfg Config) (*Run, error) {
	if !cfg.Tables.Valid() {
		return nil, fmt.Errorf("table format %q is not known: use parquet, csv, jsonl or none", cfg.Tables)
	}
	if cfg.MaxPictures <= 0 {
		cfg.MaxPictures = DefaultMaxPictures
	}
	_, err := os.Stat(cfg.Dir)
	made := errors.Is(err, os.ErrNotExist)
	if err := os.MkdirAll(cfg.Dir, 0o777); err != nil {
		return nil, fmt.Errorf("create output folder (choose another with --out): %w", err)
	}
	partial, err := os.MkdirTemp(cfg.Dir, ".partial-*")
	if err != nil {
		return nil, fmt.Errorf("write into output folder (choose another with --out): %w", err)
	}
	r := &Run{cfg: cfg, made: made, partial: partial}
	if r.tables, err = newTables(partial, cfg.Tables); err != nil {
		return nil, errors.Join(err, r.Abort())
	}
	return r, nil
}

// Stream registers a stream and returns its recorder. The streams' order in
// all outputs is the order of these calls.
func (r *Run) Stream(cfg StreamConfig) (event.Recorder, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.streams {
		if s.cfg.Name == cfg.Name {
			return nil, fmt.Errorf("two streams are called %q: give one of them another name", cfg.Name)
		}
	}
	if cfg.Label == nil {
		return nil, fmt.Errorf("stream %q: no label names given", cfg.Name)
	}
	if cfg.Identity.Model != "" { // else it isn't known whose labels they are
		cfg.Identity.SHA256 = cfg.Identity.Hash()
	}
	s := &stream{run: r, n: len(r.streams) + 1, cfg: cfg}
	s.page = NewCollector(CollectorConfig{
		MaxPictures: r.cfg.MaxPictures, MaxBins: binsOf(len(r.streams) + 1), Label: cfg.Label, Traces: cfg.Traces,
	})
	s.rows = r.tables.stream(cfg.Name, cfg.Label)
	r.streams = append(r.streams, s)
	return s, nil
}

// Record hands the event to the tables and to the page.
func (s *stream) Record(ctx context.Context, ev *event.Event) error {
	if s.rows != nil {
		if err := s.rows.Record(ctx, ev); err != nil {
			return err
		}
	}
	return s.page.Record(ctx, ev)
}

// Close writes out the rows that waited for the kind of their flip. It may
// be called again.
func (s *stream) Close() error {
	var err error
	if s.rows != nil {
		err = s.rows.Close()
	}
	err = errors.Join(err, s.page.Close())
	// What many streams keep together is bounded, too. How many will follow
	// isn't known, and those that are there already may be a matter of chance.
	s.page.shrink(max(4, maxPageBins/s.n), max(4, s.run.cfg.MaxPictures/s.n))
	return err
}

// maxPageBins is the number of timeline bins of a whole page: about 60 bytes
// each, so that hours of many streams stay a few megabytes.
const maxPageBins = 40 << 10

// binsOf is how many bins the n-th stream of a run may fill while it lasts:
// fewer for each stream that is there already, since all may be open at once.
func binsOf(n int) int { return min(defaultMaxBins, max(64, 2*maxPageBins/n)) }

// Finish closes what is still open, writes the page, the summary and the
// tables, and puts all of them in place. After an error nothing was put in
// place, and nothing temporary is left.
func (r *Run) Finish(ctx context.Context, out Outcome) (*Summary, error) {
	sum, err := r.finish(ctx, out)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write results to %s: %w", r.cfg.Dir, err), r.Abort())
	}
	return sum, nil
}

func (r *Run) finish(ctx context.Context, out Outcome) (*Summary, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return nil, errors.New("the run has ended already")
	}
	if len(out.Streams) != len(r.streams) {
		return nil, fmt.Errorf("BUG: %d outcomes for %d streams", len(out.Streams), len(r.streams))
	}
	for _, s := range r.streams {
		if err := s.Close(); err != nil {
			return nil, err
		}
	}
	names, err := r.tables.close()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sum := newSummary(r.streams, out)
	if r.cfg.Complement != nil {
		r.cfg.Complement(ctx, sum, r.partial)
	}
	if err := writeFile(filepath.Join(r.partial, SummaryName), sum.WriteJSON); err != nil {
		return nil, err
	}
	page := newPage(r.cfg, r.streams, out, sum)
	if err := writeFile(filepath.Join(r.partial, HTMLName), page.write); err != nil {
		return nil, err
	}
	// The summary comes last: where it lies, the rest lies too.
	for _, name := range append(names, HTMLName, SummaryName) {
		if err := os.Rename(filepath.Join(r.partial, name), filepath.Join(r.cfg.Dir, name)); err != nil {
			return nil, err
		}
	}
	r.done = true
	return sum, errors.Join(r.removeStale(names), os.RemoveAll(r.partial))
}

// removeStale deletes tables of an earlier run in other formats: beside this
// run's summary they would be taken for its own.
func (r *Run) removeStale(names []string) error {
	var errs []error
	for _, base := range []string{table.FramesName, table.FlipsName} {
		for _, format := range []table.Format{table.Parquet, table.CSV, table.JSONL} {
			name := base + "." + string(format)
			if slices.Contains(names, name) {
				continue
			}
			if err := os.Remove(filepath.Join(r.cfg.Dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				errs = append(errs, fmt.Errorf("remove a table of an earlier run: %w", err))
			}
		}
	}
	return errors.Join(errs...)
}

// Abort throws away what was written so far. After Finish it does nothing;
// it may be called again.
func (r *Run) Abort() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return nil
	}
	r.done = true
	for _, s := range r.streams {
		s.page.release()
	}
	if r.tables != nil {
		r.tables.abort()
	}
	err := os.RemoveAll(r.partial)
	if r.made {
		// Only an empty folder goes; anything else in it is not ours.
		_ = os.Remove(r.cfg.Dir)
	}
	return err
}
