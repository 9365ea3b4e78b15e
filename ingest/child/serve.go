package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

// aliveEvery is how often a child says that it lives.
const aliveEvery = time.Second

// Open opens what a request asks for, with buffers of the pool.
type Open func(ctx context.Context, r Request, pool *frame.Pool) (ingest.Source, error)

// Serve is the child's whole life: it reads a request from in, opens the
// source and writes frames to out, until the source ends, in ends, or ctx is
// done. What goes wrong with the source is told to the parent; the error
// returned is that of the pipes.
func Serve(ctx context.Context, in io.Reader, out io.Writer, open Open) error {
	w := &writer{w: out}
	if err := writeJSON(w, kindHello, version); err != nil {
		return fmt.Errorf("answer the parent process: %w", err)
	}
	k, n, err := readHead(in)
	if err != nil || k != kindOpen {
		return fmt.Errorf("read the request (this command is for flipmeter's own use): %w", errors.Join(err, errProtocol))
	}
	var req Request
	if err := readJSON(in, n, &req); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	for _, want := range req.Wants {
		if err := want.Validate(); err != nil {
			return fmt.Errorf("read the request: %w", err)
		}
	}

	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	// The parent says nothing more: in ends when it closes its side, or
	// dies. The read can't be interrupted, so nobody waits for it.
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	wg.Go(func() { w.sayAlive(ctx) })

	err = serve(ctx, w, req, open)
	if err == nil || ctx.Err() != nil {
		return nil // the parent knows
	}
	if err := writeJSON(w, kindEnd, endingOf(err)); err != nil {
		return fmt.Errorf("tell the parent process: %w", err)
	}
	return nil
}

// serve returns why no frame follows.
func serve(ctx context.Context, w *writer, req Request, open Open) (err error) {
	pool := new(frame.Pool)
	src, err := open(ctx, req, pool)
	if err != nil {
		return ingest.WithCause(ingest.CauseOf(err, ingest.CauseOpen), err)
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	if err := writeJSON(w, kindInfo, src.Info()); err != nil {
		return err
	}
	var f frame.Frame
	defer f.Release()
	var head []byte
	for {
		if err := src.Read(ctx, &f); err != nil {
			return err
		}
		age := time.Duration(0)
		if !f.CapturedAt.IsZero() {
			age = max(time.Since(f.CapturedAt), 0)
		}
		width, height := seen(req, &f)
		head = appendFrame(head[:0], &f, width, height, min(age, time.Hour))
		if err := w.writeFrame(head, &f); err != nil {
			return err
		}
	}
}

// seen is the size of what is seen of a frame: its region of interest.
func seen(req Request, f *frame.Frame) (width, height int) {
	if req.Region.Whole() {
		return f.Width, f.Height
	}
	return req.Region.Width, req.Region.Height
}

// writer keeps messages whole.
type writer struct {
	mu sync.Mutex
	w  io.Writer
}

func (w *writer) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.w.Write(b)
}

func (w *writer) writeFrame(head []byte, f *frame.Frame) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.w.Write(head); err != nil {
		return err
	}
	for _, p := range f.Pictures {
		if _, err := w.w.Write(p.Pix); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) sayAlive(ctx context.Context) {
	t := time.NewTicker(aliveEvery)
	defer t.Stop()
	var b [headSize]byte
	putHead(b[:], kindAlive, 0)
	for {
		select {
		case <-t.C:
			if _, err := w.Write(b[:]); err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
