package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"syscall"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
)

const (
	// defaultSilence is how long a child may say nothing, not even that it
	// lives.
	defaultSilence = 10 * time.Second
	// grace is how long a child has to take leave of its camera.
	grace = 500 * time.Millisecond
	// deathWait is how long the end of a process may take to be known after
	// its pipe was closed.
	deathWait = 5 * time.Second
	// readBuffer is for heads; pixels are read past it.
	readBuffer = 16 << 10
)

// Config says how to run a child. Command and Pool are required.
type Config struct {
	// Command is the program with its arguments that calls Serve.
	Command []string
	// Env is added to the few variables that a child is given.
	Env []string
	// UID and GID, where not 0, are the user that it runs as; this needs
	// root.
	UID, GID uint32
	Groups   []uint32 // further groups of that user

	Request Request
	Pool    *frame.Pool
	Silence time.Duration    // 0 is 10 s
	Now     func() time.Time // nil is time.Now
	Logger  *slog.Logger     // takes what the child writes on standard error; nil discards
}

// Source is a source in another process: an ingest.Source. One goroutine
// uses it.
type Source struct {
	cfg    Config
	proc   *process
	r      *bufio.Reader
	info   ingest.Info
	ended  error
	closed bool
}

var errClosed = errors.New("read from a source that is closed")

// Start starts a child and waits until it has opened its source. The context
// bounds that; the child lives until Close.
func Start(ctx context.Context, cfg Config) (*Source, error) {
	if cfg.Silence == 0 {
		cfg.Silence = defaultSilence
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Source{cfg: cfg}
	var err error
	if s.proc, err = startProcess(cfg); err != nil {
		return nil, ingest.WithCause(ingest.CauseOpen, fmt.Errorf("start a decoding process: %w", err))
	}
	s.r = bufio.NewReaderSize(s.proc.out, readBuffer)
	if err := s.greet(ctx); err != nil {
		return nil, errors.Join(ingest.RedactError(err, cfg.Request.Address), s.Close())
	}
	return s, nil
}

// PID is the process's number.
func (s *Source) PID() int { return s.proc.pid }

// Info describes the source.
func (s *Source) Info() ingest.Info { return s.info }

// greet sends the request and reads up to the description of the source.
func (s *Source) greet(ctx context.Context) error {
	if err := writeJSON(s.proc.in, kindOpen, s.cfg.Request); err != nil {
		return s.broken(ctx, err)
	}
	for _, want := range []kind{kindHello, kindInfo} {
		n, err := s.await(ctx, want)
		if err != nil {
			return err
		}
		if want == kindInfo {
			if err := readJSON(s.r, n, &s.info); err != nil {
				return s.broken(ctx, err)
			}
			continue
		}
		var v int
		if err := readJSON(s.r, n, &v); err != nil {
			return s.broken(ctx, err)
		}
		if v != version {
			return fmt.Errorf("the program was replaced while it ran (its decoding process speaks version %d, this one %d): restart it: %w", v, version, ingest.ErrPermanent)
		}
	}
	return nil
}

// Read reads the next frame. A context that ends in the middle of one makes
// the source useless: close it.
func (s *Source) Read(ctx context.Context, into *frame.Frame) error {
	into.Release()
	switch {
	case s.closed:
		return errClosed
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case s.ended != nil:
		return s.ended
	}
	n, err := s.await(ctx, kindFrame)
	if err != nil {
		s.ended = err
		return err
	}
	age, err := readFrame(s.r, n, into, s.cfg.Pool, s.cfg.Request.Wants)
	if err != nil {
		s.ended = s.broken(ctx, err)
		return s.ended
	}
	into.CapturedAt = s.cfg.Now().Add(-age)
	return nil
}

// await reads up to the head of a message of the kind that is wanted.
func (s *Source) await(ctx context.Context, want kind) (n int, err error) {
	stop := context.AfterFunc(ctx, func() { _ = s.proc.out.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	for {
		if err := s.proc.out.SetReadDeadline(time.Now().Add(s.cfg.Silence)); err != nil {
			return 0, s.broken(ctx, err)
		}
		if ctx.Err() != nil { // its deadline may just have been overwritten
			return 0, context.Cause(ctx)
		}
		k, n, err := readHead(s.r)
		switch {
		case err != nil:
			return 0, s.broken(ctx, err)
		case k == want:
			return n, nil
		case k == kindAlive && n == 0:
		case k == kindEnd:
			var e ending
			if err := readJSON(s.r, n, &e); err != nil {
				return 0, s.broken(ctx, err)
			}
			return 0, e.err()
		default:
			return 0, s.broken(ctx, fmt.Errorf("a message %q where %q was due: %w", byte(k), byte(want), errProtocol))
		}
	}
}

// broken says what a failed read or write of the pipe means.
func (s *Source) broken(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ingest.WithCause(ingest.CauseHang, fmt.Errorf("the decoding process said nothing for %v: %w", s.cfg.Silence, ingest.ErrNotConnected))
	case errors.Is(err, errProtocol):
		return ingest.WithCause(ingest.CauseDecode, fmt.Errorf("%w: %w", err, ingest.ErrNotConnected))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, os.ErrClosed), errors.Is(err, syscall.EPIPE):
		return ingest.WithCause(ingest.CauseCrash, fmt.Errorf("the decoding process died: %s: %w", s.proc.epitaph(deathWait), ingest.ErrNotConnected))
	}
	return ingest.WithCause(ingest.CauseCrash, fmt.Errorf("read from the decoding process: %w", err))
}

// Close ends the process and waits until it is gone. It may be called again.
func (s *Source) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return s.proc.stop()
}
