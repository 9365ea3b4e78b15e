package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/ingest"
)

// slot carries one frame through the stream's stages. A stream owns a fixed
// number of them, which bounds what it holds in memory.
type slot struct {
	frame  frame.Frame
	pred   infer.Prediction
	replay *record // result known from the journal: not classified again
	primed bool    // replay only: the frame has its pictures
	err    error
	took   time.Duration // in Classify
	done   chan struct{} // one token when pred or err is there
}

// window is the ordered window: order hands slots to the consumer in the
// stream's order, work hands the same slots to the classifying goroutines.
// Both hold every slot that exists, so that neither ever blocks a sender.
type window struct {
	free, order, work chan *slot
}

func newWindow(size int) *window {
	w := &window{
		free:  make(chan *slot, size),
		order: make(chan *slot, size),
		work:  make(chan *slot, size),
	}
	for range size {
		w.free <- &slot{done: make(chan struct{}, 1)}
	}
	return w
}

// read fills slots from the source until it ends, fails, or ctx does. It
// closes order and work. An interrupted or finished stream returns nil; the
// source's own last words are kept in s.ending.
func (s *Stream) read(ctx context.Context, w *window) error {
	defer close(w.order)
	defer close(w.work)
	if err := s.readJournal(ctx, w); err != nil {
		return s.endOfRead(ctx, err)
	}
	for {
		sl, ok := takeFree(ctx, w)
		if !ok {
			return s.endOfRead(ctx, context.Cause(ctx))
		}
		if err := s.deps.Source.Read(ctx, &sl.frame); err != nil {
			w.free <- sl
			return s.endOfRead(ctx, err)
		}
		sl.frame.Stream = s.cfg.Stream
		sl.frame.Epoch += s.cfg.Epoch
		// After a break a picture is new, whatever it looks like: there is
		// no answer to repeat.
		sl.frame.Repeat = sl.frame.Repeat && sl.frame.Break == frame.BreakNone
		w.submit(sl, sl.frame.Repeat)
	}
}

func takeFree(ctx context.Context, w *window) (*slot, bool) {
	select {
	case sl := <-w.free:
		// Both may be ready: a stop goes first.
		if ctx.Err() != nil {
			w.free <- sl
			return nil, false
		}
		sl.replay, sl.primed, sl.err, sl.took = nil, false, nil, 0
		return sl, true
	case <-ctx.Done():
		return nil, false
	}
}

// submit queues a filled slot; a known one needs no classification.
func (w *window) submit(sl *slot, known bool) {
	w.order <- sl
	if known {
		sl.done <- struct{}{}
		return
	}
	w.work <- sl
}

func (s *Stream) endOfRead(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, ingest.ErrEndOfStream):
		s.ending = err
		return nil
	case ctx.Err() != nil:
		s.ending = context.Cause(ctx)
		return nil
	default:
		return fmt.Errorf("reading %s: %w", s.deps.Source.Info().Name, err)
	}
}

// classify runs workers until work is closed. Frames that are under way when
// the user interrupts are finished, so that what was read is not lost: only
// hard ends a wait.
func (s *Stream) classify(hard context.Context, w *window, workers int) {
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for sl := range w.work {
				start := time.Now()
				sl.err = s.deps.Classifier.Classify(hard, &sl.frame, s.deps.ModelPicture, &sl.pred)
				sl.took = time.Since(start)
				sl.done <- struct{}{}
			}
		})
	}
	wg.Wait()
}
