package infer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

// BatchRunner runs a network on several pictures at once, for one goroutine
// at a time.
type BatchRunner interface {
	// Size is the largest number of pictures of a run.
	Size() int
	// RunBatch classifies pictures made for the model's Want, 1 to Size of
	// them, and returns what the network emitted for each. The slices belong
	// to the runner and hold until its next call.
	RunBatch(pictures []frame.Picture) ([][]float32, error)
	Close() error
}

// Batcher is a Classifier for devices that want several pictures at once.
// Calls wait until a batch is full or the first of them has waited for the
// delay, whichever comes first; a batch is also put together as long as all
// runners are busy. As with [Scheduler], all streams get the same share.
//
// A call that is cancelled while it waits returns at once; one whose batch
// has begun returns with it.
type Batcher struct {
	served
	runners []BatchRunner
	delay   time.Duration
	release func() error

	mu     sync.Mutex
	queue  fairQueue
	closed bool

	arrived   chan struct{} // holds one when calls have come
	gathering chan struct{} // holds one while nobody puts a batch together
	closing   chan struct{}
	lanes     sync.WaitGroup
	active    sync.WaitGroup // Classify calls, from entry to return
	done      chan struct{}  // closed when all is closed
	closeErr  error          // to be read once done is closed
}

// batchJob is what a waiting call wants done.
type batchJob struct {
	since   time.Time
	picture frame.Picture
	out     *Prediction
	err     error
}

// NewBatcher takes over the runners and starts a goroutine for each: Close
// ends them, closes the runners and then calls release if it is not nil. With
// two runners one runs while the next batch is put together. A delay of 0
// never waits for company.
func NewBatcher(model ModelInfo, runners []BatchRunner, delay time.Duration, release func() error) (*Batcher, error) {
	if len(runners) == 0 {
		return nil, errors.New("schedule inference: at least one session is needed")
	}
	b := &Batcher{runners: runners, delay: delay, release: release,
		arrived: make(chan struct{}, 1), gathering: make(chan struct{}, 1),
		closing: make(chan struct{}), done: make(chan struct{})}
	if err := b.serve(model); err != nil {
		return nil, err
	}
	b.gathering <- struct{}{}
	for _, r := range runners {
		b.lanes.Go(func() { b.lane(r) })
	}
	return b, nil
}

// Parallel is the number of pictures that all runners hold.
func (b *Batcher) Parallel() int {
	n := 0
	for _, r := range b.runners {
		n += r.Size()
	}
	return n
}

// Classify implements [Classifier]. Its errors are the context's cause,
// ErrClosed, a picture that doesn't fit the model, or the network's own.
func (b *Batcher) Classify(ctx context.Context, f *frame.Frame, picture int, out *Prediction) error {
	p, err := PictureFor(f, picture, b.want)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	w, err := b.enter(f.Stream, batchJob{since: time.Now(), picture: p, out: out})
	if err != nil {
		return err
	}
	defer b.active.Done()
	ran, err := b.await(ctx, w)
	switch {
	case !ran:
		return err
	case err == nil:
		b.frames.Add(1)
		err = out.finish(b.output(out.Probs))
	}
	if err != nil {
		return fmt.Errorf("classify frame %d: %w", f.Seq, err)
	}
	return nil
}

// enter puts a call into the queue and counts it as active.
func (b *Batcher) enter(stream string, job batchJob) (*waiter, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, ErrClosed
	}
	w := b.queue.push(stream)
	w.job = job
	b.active.Add(1)
	select {
	case b.arrived <- struct{}{}:
	default: // whoever gathers has not looked since the last one
	}
	return w, nil
}

// await waits until the call's batch has run, or until it gives up before
// that. What is in err is then the run's error, or the reason.
func (b *Batcher) await(ctx context.Context, w *waiter) (ran bool, err error) {
	var granted int
	select {
	case granted = <-w.grant:
	case <-ctx.Done():
		b.mu.Lock()
		waits := w.stream != nil
		if waits {
			b.queue.drop(w)
			b.queue.free(w)
		}
		b.mu.Unlock()
		if waits {
			return false, context.Cause(ctx)
		}
		granted = <-w.grant // the batch writes to the caller's prediction
	}
	err = w.job.err
	b.mu.Lock()
	b.queue.free(w)
	b.mu.Unlock()
	if granted < 0 {
		return false, ErrClosed
	}
	return true, err
}

// lane puts batches together for one runner and runs them, until Close.
func (b *Batcher) lane(r BatchRunner) {
	batch := make([]*waiter, 0, r.Size())
	pictures := make([]frame.Picture, 0, r.Size())
	alarm := time.NewTimer(time.Hour)
	defer alarm.Stop()
	for {
		select {
		case <-b.gathering:
		case <-b.closing:
			return
		}
		batch = b.gather(batch[:0], r.Size(), alarm)
		b.gathering <- struct{}{}
		if len(batch) == 0 {
			return
		}
		b.run(r, batch, pictures[:0])
	}
}

// gather waits for a batch. It is empty when the batcher closes.
func (b *Batcher) gather(batch []*waiter, size int, alarm *time.Timer) []*waiter {
	for {
		b.mu.Lock()
		n, since := b.queue.waiting()
		left := b.delay - time.Since(since)
		if n >= size || n > 0 && left <= 0 {
			for range min(n, size) {
				batch = append(batch, b.queue.pop())
			}
			b.mu.Unlock()
			return batch
		}
		b.mu.Unlock()
		if n == 0 {
			left = time.Hour // until somebody comes
		}
		alarm.Reset(left)
		select {
		case <-b.arrived:
		case <-alarm.C:
		case <-b.closing:
			return nil
		}
	}
}

// run runs a batch and tells its calls.
func (b *Batcher) run(r BatchRunner, batch []*waiter, pictures []frame.Picture) {
	for _, w := range batch {
		pictures = append(pictures, w.job.picture)
	}
	start := time.Now()
	rows, err := r.RunBatch(pictures)
	b.busyNS.Add(int64(time.Since(start)))
	b.batches.Add(1)
	for i, w := range batch {
		if err == nil {
			w.job.out.fill(rows[i])
		}
		w.job.err = err
		w.grant <- 0 // has room for one
	}
}

// Close refuses new calls and those that still wait (with ErrClosed), waits
// for the batches that run, and closes the runners. It may be called again,
// and by several goroutines: each returns when all is closed.
func (b *Batcher) Close() error {
	b.mu.Lock()
	first := !b.closed
	b.closed = true
	for w := b.queue.pop(); w != nil; w = b.queue.pop() {
		w.grant <- -1
	}
	b.mu.Unlock()
	if !first {
		<-b.done
		return b.closeErr
	}
	close(b.closing)
	b.lanes.Wait()
	b.active.Wait()
	var errs []error
	for _, r := range b.runners {
		errs = append(errs, r.Close())
	}
	if b.release != nil {
		errs = append(errs, b.release())
	}
	b.closeErr = errors.Join(errs...)
	close(b.done)
	return b.closeErr
}
