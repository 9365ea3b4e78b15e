package app

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync"

	"github.com/flipmeter/flipmeter/ingest/labels"
	"github.com/flipmeter/flipmeter/pipeline"
	"github.com/flipmeter/flipmeter/report"
)

// filesAhead is how many files for each worker may be under way or wait for
// their turn in the tables behind the first that isn't finished.
const filesAhead = 2

// scoringFiles are the files of a run while they are scored side by side. What
// comes out is what one after the other would give: streams, labels without
// numbers and outcomes come in the order of the files, and of several errors
// that of the first file counts.
type scoringFiles struct {
	*scoring
	workers int
	lineUp  *lineUp
	// rowsAhead is how many rows of a file may be observed before the tables'
	// turn is its; 0: any number.
	rowsAhead int64

	named bool // a file that is open names its classes; in turn

	mu     sync.Mutex // of what follows
	next   int
	failed int // the first file that failed
	stops  []context.CancelFunc
	ends   []fileEnd
}

// fileEnd is what became of a file.
type fileEnd struct {
	streams     []scoredOutcome
	interrupted bool
	err         error
}

// scoredOutcome is a stream that has ended.
type scoredOutcome struct {
	res *pipeline.Result
	out report.StreamOutcome
}

// files scores all files. After an interruption the rest is left out.
func (s *scoring) files(ctx context.Context) error {
	n := len(s.o.Files)
	r := &scoringFiles{
		scoring: s, workers: s.o.Workers, lineUp: newLineUp(n), failed: math.MaxInt,
		stops: make([]context.CancelFunc, n), ends: make([]fileEnd, n),
	}
	if r.workers == 0 {
		r.workers = runtime.GOMAXPROCS(0)
	}
	if s.merger != nil && s.classes.Count() == 0 {
		r.workers = 1 // merged labels get their numbers in the order of their coming
	}
	r.workers = min(r.workers, n)
	if r.workers > 1 && s.o.Tables != "none" {
		r.rowsAhead = report.RowsAhead / int64(filesAhead*r.workers)
	}
	stopProgress := s.showProgress()
	var group sync.WaitGroup
	for range r.workers {
		group.Go(func() { r.work(ctx) })
	}
	group.Wait()
	stopProgress()
	return r.gather(ctx)
}

// work scores files until none is left.
func (r *scoringFiles) work(ctx context.Context) {
	for {
		i, fileCtx, ok := r.take(ctx)
		if !ok {
			return
		}
		end := r.one(fileCtx, i)
		if end.err == nil {
			for m := range marks {
				r.lineUp.reach(i, m)
			}
		}
		r.mu.Lock()
		r.ends[i] = end
		if end.err != nil && i < r.failed {
			r.failed = i
			for _, stop := range r.stops[i+1 : r.next] {
				stop()
			}
		}
		r.stops[i]()
		r.mu.Unlock()
	}
}

// take is the next file, if there is one to begin with, and its context.
func (r *scoringFiles) take(ctx context.Context) (i int, fileCtx context.Context, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i = r.next; i >= len(r.ends) || i > r.failed || ctx.Err() != nil {
		return 0, nil, false
	}
	fileCtx, r.stops[i] = context.WithCancel(ctx)
	r.next++
	return i, fileCtx, true
}

// one scores one file from its opening to its close.
func (r *scoringFiles) one(ctx context.Context, i int) (end fileEnd) {
	f := &scoredFile{scoringFiles: r, number: i, path: r.o.Files[i]}
	if end.err = r.lineUp.wait(ctx, i-filesAhead*r.workers+1, marksFinished); end.err != nil {
		return end
	}
	var clean cleanups
	if end.err = f.open(ctx, &clean); end.err == nil {
		end.streams, end.interrupted, end.err = f.score(ctx, &clean)
	}
	end.err = errors.Join(end.err, clean.run())
	return end
}

// open opens the file, after those before it.
func (f *scoredFile) open(ctx context.Context, clean *cleanups) (err error) {
	if err := f.lineUp.wait(ctx, f.number, marksOpened); err != nil {
		return err
	}
	r := f.scoringFiles
	cfg := labels.Config{
		Path: f.path, Format: labels.Format(r.o.Format), Classes: r.classes,
		FPS: r.o.FPS, Stride: r.o.Stride, Logits: r.o.Logits,
		OnStream: func(name string) error { return f.onStream(ctx, name) },
		Turn:     func() error { return f.turn(ctx) },
	}
	f.base = streamName(f.path)
	if f.path == "-" {
		cfg.In, cfg.Path, f.base = r.streams.In, "standard input", "stdin"
	}
	if f.file, err = labels.Open(cfg); err != nil {
		return err
	}
	clean.push("closing "+f.path, f.file.Close)
	f.opened = f.file.Facts()
	// Where files tell their classes' names and this one doesn't, it has them
	// from those before it.
	f.borrows = r.named && !f.opened.Names && r.classes.Count() == 0
	r.named = r.named || f.opened.Names
	r.lineUp.reach(f.number, marksOpened)
	return nil
}

// turn waits until the files before this one have been observed.
func (f *scoredFile) turn(ctx context.Context) error {
	return f.lineUp.wait(ctx, f.number, marksFinished)
}

// gather takes what the files gave, in their order.
func (r *scoringFiles) gather(ctx context.Context) error {
	interrupted := ctx.Err() != nil && r.next < len(r.ends)
	for i := range r.ends {
		err := r.ends[i].err
		switch {
		case err == nil:
			interrupted = interrupted || r.ends[i].interrupted
		case ctx.Err() != nil && errors.Is(err, context.Canceled):
			interrupted = true // before it gave anything
		default:
			return err
		}
	}
	for _, end := range r.ends {
		for _, s := range end.streams {
			r.truth.add(s.res)
			r.whatIfs.add(s.res.Stream.Name, s.res, &s.out)
			r.outcome.Streams = append(r.outcome.Streams, s.out)
			r.results = append(r.results, s.res.Stream)
		}
	}
	switch {
	case !interrupted:
		return nil
	case len(r.results) > 0:
		return ErrInterrupted // what was read counts
	}
	return context.Cause(ctx)
}
