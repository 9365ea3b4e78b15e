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
	*scoring
	path     string
	base     string // name of its stream, where there is one
	file     *labels.File
	facts    labels.Facts
	progress *progress
	streams  []*scoredStream // by their number in the file

	// What the reading goroutine found out of each stream, by its number.
	mu     sync.Mutex
	found  []foundStream
	merged []*pipeline.MergedStream
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

// file scores one file from its opening to its close.
func (s *scoring) file(ctx context.Context, path string) (err error) {
	var clean cleanups
	defer func() { err = errors.Join(err, clean.run()) }()

	cfg := labels.Config{
		Path: path, Format: labels.Format(s.o.Format), Classes: s.classes,
		FPS: s.o.FPS, Stride: s.o.Stride, Logits: s.o.Logits,
	}
	f := &scoredFile{scoring: s, path: path, base: streamName(path)}
	cfg.OnStream = func(name string) error { return f.onStream(ctx, name) }
	if path == "-" {
		cfg.In, cfg.Path, f.base = s.output.streams.In, "standard input", "stdin"
	}
	if f.file, err = labels.Open(cfg); err != nil {
		return err
	}
	clean.push("closing "+path, f.file.Close)
	f.facts = f.file.Facts()
	var digest *ingest.Digest
	if path != "-" {
		digest = ingest.StartFileDigest(ctx, path)
		clean.push("hashing "+path, func() error { digest.Stop(); return nil })
	}
	stopProgress := f.showProgress()
	ending, err := f.read(ctx)
	stopProgress()
	if err != nil {
		return err
	}
	sum := ""
	if digest != nil && ending == nil {
		if sum, err = digest.Wait(ctx); err != nil {
			s.log.Warn("no hash of the source", "file", path, "err", err)
		}
	}
	if err := f.finish(ctx, ending, sum); err != nil {
		return err
	}
	if ending != nil {
		return ErrInterrupted
	}
	return nil
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
	switch {
	case err != nil:
		return nil, err
	case readErr == nil || errors.Is(readErr, io.EOF):
		return nil, nil
	case ctx.Err() != nil && len(f.streams) > 0:
		return context.Cause(ctx), nil
	}
	return nil, readErr
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
		if f.progress != nil {
			f.progress.read(f.file.Progress())
		}
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
	f.scoring.names[name]++
	if n := f.scoring.names[name]; n > 1 {
		name = fmt.Sprintf("%s-%d", name, n)
	}
	truth, err := f.truth.stream(ctx, name)
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.found = append(f.found, foundStream{name, truth})
	f.mu.Unlock()
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
		f.mu.Lock()
		found := f.found[len(f.streams)]
		f.mu.Unlock()
		if err := f.addStream(found); err != nil {
			return err
		}
	}
	for i := range b.N {
		st := f.streams[b.Stream[i]]
		if err := st.labels.ObserveAll(hard, &b.Obs[i], b.RowProbs(i)); err != nil {
			return f.file.At(b.Line[i], err)
		}
	}
	if f.progress != nil {
		f.progress.frames.Add(int64(b.N))
		f.progress.flips.Store(f.flips())
	}
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
func (f *scoredFile) addStream(found foundStream) error {
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
		Name: name, Source: source, Identity: identity, Label: f.scoring.name, MinScore: tracker.MinScore,
		Lacks: report.Lacks{
			Cuts: !f.facts.Cuts, Repeats: !f.facts.Repeats, Times: !f.facts.Times,
			Reconnects: !f.facts.Epochs && !f.facts.Breaks, Changes: !f.facts.Breaks,
		},
		Details: []report.Detail{{Name: "Labels from", Value: "a file in the format " + string(f.facts.Format)}},
	})
	if err != nil {
		return err
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
func (f *scoredFile) finish(ctx context.Context, ending error, sha256 string) error {
	hard := context.WithoutCancel(ctx)
	for _, st := range f.streams {
		res, err := st.labels.Finish(hard, ending)
		if err != nil {
			return err
		}
		if err := st.recorder.Close(); err != nil {
			return err
		}
		out := report.StreamOutcome{
			Summary: res.Summary, Complete: res.Complete, SourceSHA256: sha256,
			FPS: report.FPS{Pipeline: perSecond(res.Summary.Frames, res.Elapsed)},
		}
		if !res.Complete {
			out.Why = fmt.Sprintf("interrupted after %d frames", res.Summary.Frames)
		}
		if err := f.truth.add(st.truth, res, &out); err != nil {
			return err
		}
		f.whatIfs.add(res.Stream.Name, res, &out)
		f.outcome.Streams = append(f.outcome.Streams, out)
		f.results = append(f.results, res.Stream)
	}
	return nil
}

// showProgress starts the progress display and returns what ends it.
func (f *scoredFile) showProgress() (stop func()) {
	if f.quiet {
		return func() {}
	}
	f.progress = newProgress(f.output.streams.Err, f.base, 0)
	return f.progress.start()
}
