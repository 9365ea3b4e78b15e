package infer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

// ErrClosed is what Classify returns once Close was called.
var ErrClosed = errors.New("the classifier is closed")

// Runner runs a network on one picture at a time, for one goroutine at a
// time. The scheduler shares several of them between streams.
type Runner interface {
	// Run classifies a picture made for the model's Want and returns what
	// the network emitted, one number a class. The slice belongs to the
	// runner and holds until its next call.
	Run(p frame.Picture) ([]float32, error)
	Close() error
}

// Scheduler is a Classifier that shares runners between streams. A call runs
// in its caller's goroutine as soon as a runner is free. Where calls wait, all
// streams (by frame.Stream) get the same share and the calls of one stream
// start in the order in which they came; a stream with one frame in flight
// gets as much as one with ten.
//
// A call that is cancelled while it waits returns at once; one that has begun
// runs to its end, which is one frame away.
type Scheduler struct {
	served
	runners []Runner
	release func() error

	mu     sync.Mutex
	idle   []int // runners at rest
	queue  fairQueue
	closed bool

	active   sync.WaitGroup // Classify calls, from entry to return
	done     chan struct{}  // closed when all is closed
	closeErr error          // to be read once done is closed
}

// NewScheduler takes over the runners: Close closes them, and then calls
// release if it is not nil. The model's Labels must name every class that the
// runners emit. Where model.Output is unknown, the first frame decides (see
// [DecideOutput]) and Model says so from then on.
func NewScheduler(model ModelInfo, runners []Runner, release func() error) (*Scheduler, error) {
	if len(runners) == 0 {
		return nil, errors.New("schedule inference: at least one session is needed")
	}
	s := &Scheduler{runners: runners, release: release,
		idle: make([]int, len(runners)), done: make(chan struct{})}
	if err := s.serve(model); err != nil {
		return nil, err
	}
	for i := range runners {
		s.idle[i] = i
	}
	return s, nil
}

// Parallel is the number of runners.
func (s *Scheduler) Parallel() int { return len(s.runners) }

// Classify implements [Classifier]. Its errors are the context's cause,
// ErrClosed, a picture that doesn't fit the model, or the network's own.
func (s *Scheduler) Classify(ctx context.Context, f *frame.Frame, picture int, out *Prediction) error {
	p, err := PictureFor(f, picture, s.want)
	if err != nil {
		return err
	}
	i, err := s.acquire(ctx, f.Stream)
	if err != nil {
		return err
	}
	defer s.active.Done()
	start := time.Now()
	scores, err := s.runners[i].Run(p)
	s.busyNS.Add(int64(time.Since(start)))
	if err == nil {
		out.fill(scores)
	}
	s.giveBack(i)
	if err != nil {
		return fmt.Errorf("classify frame %d: %w", f.Seq, err)
	}
	s.frames.Add(1)
	if err := out.finish(s.output(out.Probs)); err != nil {
		return fmt.Errorf("classify frame %d: %w", f.Seq, err)
	}
	return nil
}

// acquire waits for a runner, counts the call as active and returns the
// runner's index.
func (s *Scheduler) acquire(ctx context.Context, stream string) (int, error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return 0, ErrClosed
	}
	if n := len(s.idle); n > 0 { // then nobody waits
		i := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.active.Add(1)
		s.mu.Unlock()
		return i, nil
	}
	w := s.queue.push(stream)
	s.active.Add(1)
	s.mu.Unlock()

	var err error
	i := -1
	select {
	case i = <-w.grant:
		if i < 0 {
			err = ErrClosed
		}
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	s.mu.Lock()
	if err != nil && i < 0 {
		if w.stream != nil {
			s.queue.drop(w)
		} else if len(w.grant) > 0 { // granted at the same moment
			i = <-w.grant
		}
	}
	s.queue.free(w)
	s.mu.Unlock()
	if err == nil {
		return i, nil
	}
	if i >= 0 {
		s.giveBack(i)
	}
	s.active.Done()
	return 0, err
}

// giveBack hands a runner to the call whose turn it is, or lays it to rest.
func (s *Scheduler) giveBack(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.queue.pop(); w != nil {
		w.grant <- i // has room for one
		return
	}
	s.idle = append(s.idle, i)
}

// Close refuses new calls and those that still wait (with ErrClosed), waits
// for those that run, and closes the runners. It may be called again, and by
// several goroutines: each returns when all is closed.
func (s *Scheduler) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	for w := s.queue.pop(); w != nil; w = s.queue.pop() {
		w.grant <- -1
	}
	s.mu.Unlock()
	if !first {
		<-s.done
		return s.closeErr
	}
	s.active.Wait()
	var errs []error
	for _, r := range s.runners {
		errs = append(errs, r.Close())
	}
	if s.release != nil {
		errs = append(errs, s.release())
	}
	s.closeErr = errors.Join(errs...)
	close(s.done)
	return s.closeErr
}
