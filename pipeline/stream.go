package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/scene"
	"github.com/flipmeter/flipmeter/stability"
)

// NoPicture says that the source was not asked for a picture.
const NoPicture = -1

// Config is what a run of one stream depends on.
type Config struct {
	Site, Stream string
	// Track is the object of the stream that is followed, "" for all of it.
	Track string
	// Epoch is added to the epochs of frames, which a source counts from 0,
	// or not at all.
	Epoch   uint64
	Tracker stability.Config
	Cuts    scene.Mode
	// Windows are the widths of the windowed measures, and WindowStep is
	// how much video passes between two of their events; 0 sends none.
	Windows    []time.Duration
	WindowStep time.Duration
	// PictureEvery is how often an event carries the frame's thumbnail even
	// without a flip, in the stream's time; 0: never.
	PictureEvery time.Duration
	// Traces are the classes whose probabilities every event carries.
	Traces []int32
	// Smoothing says which smoothers are tried as what-ifs; its Measures are
	// those of Tracker. The zero value tries none.
	Smoothing stability.SmoothingConfig
	// ShowSmoothed lets the first of these smoothers speak in place of the
	// network: recorders, listeners and the result get its labels. There are
	// no what-ifs then, and no windows.
	ShowSmoothed bool
	// InFlight is how many frames of the stream may be classified at once,
	// 0: one more than the classifier runs. Live streams take few, because
	// each waits for those before it.
	InFlight int
	// Tolerant makes a frame that can't be classified a lost one, in place
	// of the stream's end. For live streams.
	Tolerant bool
	// NoiseOver is how far the change map looks back for the picture's own
	// noise, in the stream's time; 0 is to its beginning. Live streams look
	// back a minute, so that night follows day.
	NoiseOver time.Duration
	// Truth tells the true class of each observation, in their order; nil
	// where none is known. TruthConfig is valid where it is not nil.
	Truth       Truth
	TruthConfig stability.TruthConfig
	// Began is the wall clock at the stream's first frame, for sources whose
	// frames carry none.
	Began time.Time
}

// KeepsProbabilities says whether a smoother needs every frame's
// probabilities. The journal holds them then: 4 bytes a class and frame.
func (c *Config) KeepsProbabilities() bool {
	s := &c.Smoothing
	return s.Recommend || stability.MostNeeded(s.Smoothers) >= stability.NeedsCurrent
}

// Truth tells what was really to be seen.
type Truth interface {
	// At is the true class of the stream's next observation, or
	// stability.NoLabel; an error ends the stream.
	At(o *stability.Observation) (int32, error)
}

// Deps is what a stream works with. It owns none of it: the caller closes
// the source, the classifier, the journal and the recorders.
type Deps struct {
	Source     ingest.Source
	Classifier infer.Classifier
	// ModelPicture, LumaPicture and ThumbPicture are places in the source's
	// list of wants: the model's input, the 224×224 luma of the same crop,
	// and an RGB picture of width 256. The last two may be NoPicture: then
	// there is no change map, and no cuts and thumbnails.
	ModelPicture, LumaPicture, ThumbPicture int

	Journal   *Journal // nil: not resumable
	Recorders []event.Recorder
	Listeners []event.Listener
	// Failed is told of frames that could not be classified, if the stream
	// is tolerant; nil is not. It must be quick.
	Failed func(error)
}

// Stream runs one stream, once.
type Stream struct {
	cfg  Config
	deps Deps

	assemble *assembler
	settle   *settler
	ending   error // why reading stopped; read after Run

	inferTime time.Duration
	inferred  int64
}

// New prepares a stream. The configuration is checked.
func New(cfg Config, deps Deps) (*Stream, error) {
	if err := cfg.Tracker.Validate(); err != nil {
		return nil, fmt.Errorf("stream %s: %w", cfg.Stream, err)
	}
	if deps.Source == nil || deps.Classifier == nil {
		return nil, fmt.Errorf("stream %s: a source and a classifier are needed", cfg.Stream)
	}
	s := &Stream{cfg: cfg, deps: deps}
	s.assemble = newAssembler(cfg, deps)
	s.settle = newSettler(cfg, deps)
	return s, nil
}

// Result says how a run went.
type Result struct {
	Summary *stability.Summary
	// Stream combines with those of other streams.
	Stream stability.Result
	// Smoothing holds the what-ifs; nil where none were asked for.
	Smoothing *stability.Smoothing
	// Truth are the scores against the truth, nil without one; they merge
	// with those of other streams.
	Truth *stability.TruthSums
	// Complete is false where the run was interrupted or the file was cut
	// off; Ending says why.
	Complete bool
	Ending   error
	// Classified is how many frames the model saw, and InferTime the sum of
	// the times their classification took, waiting included.
	Classified int64
	InferTime  time.Duration
	Elapsed    time.Duration
}

// Run moves the stream's frames until the source ends, something fails, or
// ctx is cancelled. A cancelled run finishes what is under way, flushes the
// tracker and returns nil with an incomplete result: what was read counts.
func (s *Stream) Run(ctx context.Context) (*Result, error) {
	start := time.Now()
	// Reading stops with ctx or when a later stage fails; what follows is
	// finished in either case.
	reading, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	hard := context.WithoutCancel(ctx)

	workers := s.deps.Classifier.Parallel() + 1
	if s.cfg.InFlight > 0 {
		workers = s.cfg.InFlight
	}
	// One slot is being read into, one is with the consumer, the rest wait
	// or are classified.
	w := newWindow(workers + 2)

	readErr := make(chan error, 1)
	go func() { readErr <- s.read(reading, w) }()
	classified := make(chan struct{})
	go func() { defer close(classified); s.classify(hard, w, workers) }()

	err := s.consume(hard, w, stop)
	<-classified
	err = errors.Join(<-readErr, err)
	w.release()
	s.settle.close()
	if err != nil {
		return nil, err
	}
	stream, smoothing := s.settle.follow.result()
	return &Result{
		Summary: stream.Summary, Stream: stream, Smoothing: smoothing, Truth: s.settle.follow.truth(),
		Complete:   errors.Is(s.ending, ingest.ErrEndOfStream) && !errors.Is(s.ending, ingest.ErrTruncated),
		Ending:     s.ending,
		Classified: s.inferred, InferTime: s.inferTime,
		Elapsed: time.Since(start),
	}, nil
}

// consume takes the slots in the stream's order through everything after the
// classification. After a failure it only drains, so that nobody hangs.
func (s *Stream) consume(ctx context.Context, w *window, stop context.CancelCauseFunc) error {
	var failed error
	for sl := range w.order {
		<-sl.done
		if failed == nil {
			if failed = s.handle(ctx, sl); failed != nil {
				stop(failed)
			}
		}
		sl.frame.Release()
		w.free <- sl
	}
	if failed != nil {
		return failed
	}
	return s.settle.finish(ctx)
}

func (s *Stream) handle(ctx context.Context, sl *slot) error {
	if sl.err != nil && (!s.cfg.Tolerant || errors.Is(sl.err, infer.ErrClosed)) {
		return fmt.Errorf("classifying frame %d: %w", sl.frame.Seq, sl.err)
	}
	if sl.took > 0 {
		s.inferTime += sl.took
		s.inferred++
	}
	r := s.settle.newRecord()
	if sl.replay != nil {
		s.assemble.replay(sl, r)
		return s.settle.push(ctx, r)
	}
	if sl.err != nil && s.deps.Failed != nil {
		s.deps.Failed(sl.err)
	}
	s.assemble.fresh(sl, r)
	if s.deps.Journal != nil {
		if err := s.deps.Journal.write(r); err != nil {
			return err
		}
	}
	return s.settle.push(ctx, r)
}

// release gives every slot's buffers back. It is called when no stage runs.
func (w *window) release() {
	for range len(w.free) {
		sl := <-w.free
		sl.frame.Release()
	}
}
