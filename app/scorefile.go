package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/labels"
	"github.com/flipmeter/flipmeter/pipeline"
	"github.com/flipmeter/flipmeter/report"
)

// scoredFile is one file while it is read.
type scoredFile struct {
	*scoringFiles
	number  int // of the file in the run
	path    string
	base    string // name of its stream, where there is one
	file    *labels.File
	opened  labels.Facts    // as they were at the opening; never written after it
	facts   labels.Facts    // with what the first batch told: the observing goroutine's
	borrows bool            // names of classes, from the files before
	streams []*scoredStream // by their number in the file
	rows    int64           // observed
	told    int64           // flips that the progress knows
	share   int64           // of the progress

	// What the reading goroutine found out of each stream, by its number.
	foundMu sync.Mutex
	found   []foundStream
	merged  []*pipeline.MergedStream
}

// foundStream is a stream with its name in the run and its truth.
type foundStream struct {
	name  string
	truth streamTruth
}

// scoredStream is one stream of it.
type scoredStream struct {
	labels   *pipeline.Labels
	truth    *labels.TruthTrack // nil: none
	recorder event.Recorder
}

// score scores the file, once it is open.
func (f *scoredFile) score(ctx context.Context, clean *cleanups) (ended []scoredOutcome, interrupted bool, err error) {
	var digest *ingest.Digest
	if f.path != "-" {
		digest = ingest.StartFileDigest(ctx, f.path)
		clean.push("hashing "+f.path, func() error { digest.Stop(); return nil })
	}
	ending, err := f.read(ctx)
	if err != nil {
		return nil, false, err
	}
	sum := ""
	if digest != nil && ending == nil {
		if sum, err = digest.Wait(ctx); err != nil {
			f.log.Warn("no hash of the source", "file", f.path, "err", err)
		}
	}
	ended, err = f.finish(ctx, ending, sum)
	return ended, ending != nil, err
}

// batchesAhead is how many batches may be read before they are observed.
const batchesAhead = 4

// read takes the file's rows to their streams: one goroutine reads and
// checks, this one observes. Ending is not nil where it was interrupted.
func (f *scoredFile) read(ctx context.Context) (ending, err error) {
	reading, stop := context.WithCancel(ctx)
	free, full := make(chan *labels.Batch, batchesAhead), make(chan *labels.Batch, batchesAhead)
	for range batchesAhead {
		free <- labels.NewBatch()
	}
	var readErr error
	go func() {
		defer close(full)
		readErr = f.readInto(reading, free, full)
	}()
	for b := range full {
		if err == nil {
			if err = f.observe(ctx, b); err != nil {
				stop()
			}
		}
		free <- b
	}
	stop()
	if err == nil && !errors.Is(readErr, io.EOF) {
		err = readErr
	}
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) && len(f.streams) > 0 {
		return context.Cause(ctx), nil
	}
	return nil, err
}

func (f *scoredFile) readInto(ctx context.Context, free <-chan *labels.Batch, full chan<- *labels.Batch) error {
	for b := range free {
		err := f.file.ReadBatch(ctx, b)
		if err != nil {
			return err
		}
		if err := f.merge(b); err != nil {
			return err
		}
		f.showRead()
		full <- b
	}
	return nil
}

// onStream gives a new stream its name in the run, and finds its truth. It is
// called while the stream's first row is read, so that labels have the same
// numbers in every run.
func (f *scoredFile) onStream(ctx context.Context, name string) error {
	if name == "" {
		name = f.base
	}
	if err := f.lineUp.wait(ctx, f.number, marksNamed); err != nil {
		return err
	}
	f.names[name]++
	if n := f.names[name]; n > 1 {
		name = fmt.Sprintf("%s-%d", name, n)
	}
	apart := f.truth.truth != nil && f.truth.truth.Apart()
	if apart && !f.opened.Streams {
		f.lineUp.reach(f.number, marksNamed)
	}
	if f.borrows || apart && f.classes.Count() == 0 {
		if err := f.turn(ctx); err != nil {
			return err
		}
	}
	truth, err := f.truth.stream(ctx, name)
	if err != nil {
		return err
	}
	if !f.opened.Streams {
		f.lineUp.reach(f.number, marksNamed)
	}
	f.foundMu.Lock()
	f.found = append(f.found, foundStream{name, truth})
	f.foundMu.Unlock()
	return nil
}

// merge merges the labels of a batch, if they are to be.
func (f *scoredFile) merge(b *labels.Batch) error {
	if f.merger == nil {
		return nil
	}
	for len(f.merged) < len(b.Names) {
		f.merged = append(f.merged, f.merger.Stream())
	}
	for i := range b.N {
		o, probs, err := f.merged[b.Stream[i]].Merge(&b.Obs[i], b.RowProbs(i))
		if err != nil {
			return f.file.At(b.Line[i], err)
		}
		b.Merge(i, o, probs)
	}
	return nil
}

// observe hands the rows of a batch to their streams.
func (f *scoredFile) observe(ctx context.Context, b *labels.Batch) error {
	hard := context.WithoutCancel(ctx)
	if len(f.streams) == 0 {
		f.facts = f.file.Facts() // the first batch tells whether there are times
	}
	for len(f.streams) < len(b.Names) {
		f.foundMu.Lock()
		found := f.found[len(f.streams)]
		f.foundMu.Unlock()
		if err := f.addStream(ctx, found); err != nil {
			return err
		}
	}
	if f.rowsAhead > 0 && f.rows+int64(b.N) > f.rowsAhead {
		if err := f.turn(ctx); err != nil {
			return err
		}
	}
	for i := range b.N {
		st := f.streams[b.Stream[i]]
		if err := st.labels.ObserveAll(hard, &b.Obs[i], b.RowProbs(i)); err != nil {
			return f.file.At(b.Line[i], err)
		}
	}
	f.rows += int64(b.N)
	f.showObserved(b.N)
	return nil
}

// flips are those of all streams so far.
func (f *scoredFile) flips() (n int64) {
	for _, st := range f.streams {
		n += st.labels.Flips()
	}
	return n
}

// addStream opens the outputs of the file's next stream.
func (f *scoredFile) addStream(ctx context.Context, found foundStream) error {
	if err := f.lineUp.wait(ctx, f.number, marksRegistered); err != nil {
		return err
	}
	name := found.name
	tracker := f.o.tracker(f.classes.Count())
	cfg := pipeline.Config{Stream: name, Tracker: tracker, Windows: tracker.Windows, Smoothing: f.whatIfs.cfg}
	if len(f.o.Listeners) > 0 {
		cfg.Began = f.began // the report needs no wall clock
	}
	if f.facts.Times {
		cfg.WindowStep = tracker.Windows[0] / windowsPerWidth
	}
	source := report.Source{Name: filepath.Base(f.path), Kind: "labels", Notes: f.facts.Unknown()}
	if f.facts.Streams {
		source.Name = name
	}
	if f.path == "-" {
		source.Name = f.base
	}
	identity := report.Identity{Thresholds: report.ThresholdsOf(&tracker, "")}
	if f.o.labelMap != nil {
		identity.Preprocessing.LabelMap = f.o.labelMap.Hash()
	}
	rec, err := f.report.Stream(report.StreamConfig{
		Name: name, Source: source, Identity: identity, Label: f.name, MinScore: tracker.MinScore,
		Lacks: report.Lacks{
			Cuts: !f.facts.Cuts, Repeats: !f.facts.Repeats, Times: !f.facts.Times,
			Reconnects: !f.facts.Epochs && !f.facts.Breaks, Changes: !f.facts.Breaks,
		},
		Details: []report.Detail{{Name: "Labels from", Value: "a file in the format " + string(f.facts.Format)}},
	})
	if err != nil {
		return err
	}
	if !f.facts.Streams {
		f.lineUp.reach(f.number, marksRegistered)
	}
	st := &scoredStream{recorder: rec, truth: found.truth.track}
	f.truth.configure(found.truth, f.facts.Seqs, f.facts.Times && f.o.FPS == 0, &cfg)
	if st.labels, err = pipeline.NewLabels(cfg, []event.Recorder{rec}, f.o.Listeners); err != nil {
		return err
	}
	f.streams = append(f.streams, st)
	return nil
}

// finish ends the file's streams.
func (f *scoredFile) finish(ctx context.Context, ending error, sha256 string) (ended []scoredOutcome, err error) {
	hard := context.WithoutCancel(ctx)
	for _, st := range f.streams {
		res, err := st.labels.Finish(hard, ending)
		if err != nil {
			return nil, err
		}
		if err := st.recorder.Close(); err != nil {
			return nil, err
		}
		out := report.StreamOutcome{
			Summary: res.Summary, Complete: res.Complete, SourceSHA256: sha256,
			FPS: report.FPS{Pipeline: perSecond(res.Summary.Frames, res.Elapsed)},
		}
		if !res.Complete {
			out.Why = fmt.Sprintf("interrupted after %d frames", res.Summary.Frames)
		}
		if err := f.truth.tell(st.truth, res, &out); err != nil {
			return nil, err
		}
		ended = append(ended, scoredOutcome{res, out})
	}
	return ended, nil
}

// showProgress starts the progress display and returns what ends it.
func (s *scoring) showProgress() (stop func()) {
	if s.quiet {
		return func() {}
	}
	name := fmt.Sprintf("%d files", len(s.o.Files))
	if len(s.o.Files) == 1 {
		if name = streamName(s.o.Files[0]); s.o.Files[0] == "-" {
			name = "stdin"
		}
	}
	s.progress = newProgress(s.output.streams.Err, name, 0)
	return s.progress.start()
}

// showRead tells the progress how much of the file was read.
func (f *scoredFile) showRead() {
	if f.progress == nil {
		return
	}
	if done, ok := f.file.Progress(); ok {
		share := int64(done * 1e6 / float64(len(f.ends)))
		f.progress.done.Add(share - f.share)
		f.share = share
	}
}

// showObserved tells it of rows that were observed.
func (f *scoredFile) showObserved(rows int) {
	if f.progress == nil {
		return
	}
	flips := f.flips()
	f.progress.frames.Add(int64(rows))
	f.progress.flips.Add(flips - f.told)
	f.told = flips
}
