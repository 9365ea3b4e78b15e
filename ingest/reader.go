package ingest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/frame"
)

// Opener opens a source anew. The context bounds the opening only.
type Opener func(ctx context.Context) (Source, error)

// ReaderConfig says how a source is supervised. Open is required; a zero
// duration turns off what it bounds.
type ReaderConfig struct {
	Open Opener
	// Live sources go on in real time while they are away, and never end. A
	// stream that turns out to be a recording (Info.Live) is none.
	Live bool
	// Loop begins a source that ended from its start, for files. Each round
	// is an epoch of its own.
	Loop bool
	// Pace holds frames back until their time has come, for files that
	// stand for a camera.
	Pace bool

	OpenTimeout time.Duration
	// StallAfter is how long an open source may be silent before it counts
	// as stalled, ReadTimeout how long before it is given up and opened
	// anew. Sources whose Read heeds its context keep to it.
	StallAfter, ReadTimeout time.Duration
	// FrozenAfter is for how long frames may show the same picture, bit by
	// bit, before the source counts as frozen.
	FrozenAfter time.Duration

	// Stride and FPS choose frames, see NewSampler.
	Stride int
	FPS    float64

	// OnStatus is told of every change of state, OnLost of every loss that
	// another attempt follows, OnDrop of frames that the source lost. They
	// are called one at a time, must be quick, and must not call the reader.
	OnStatus func(Status)
	OnLost   func(Cause, error)
	OnDrop   func(DropReason, int)

	// Now is the clock. What it says is for people; intervals are taken from
	// its monotonic readings. Wait waits before another attempt to open, or
	// until the context is done, whose cause it returns then. Random gives
	// numbers from 0 to 1, for the jitter. Nil takes the real ones.
	Now    func() time.Time
	Wait   func(ctx context.Context, d time.Duration) error
	Random func() float64
}

// Reader makes one steady sequence of frames of a source that may fail: it
// opens it, reads it, and opens it again, with a growing delay. Each opening
// is an epoch; its first frame has a Break "reconnect". PTS never goes back
// or stands still. A Reader is a Source itself: Read returns when there is a
// frame, when the context ends, or when no further attempt will follow.
type Reader struct {
	cfg     ReaderConfig
	backoff Backoff
	sampler *Sampler

	src     Source
	live    bool
	wait    time.Duration // before the next attempt
	quiet   bool          // the next attempt is a file's next round
	opened  int64         // times
	time    timeline
	seq     uint64    // of the next frame to deliver
	srcSeq  uint64    // of the source's last frame
	frames  int64     // of this opening
	first   time.Time // when the first of them came
	carried carried
	lastNew time.Duration // PTS of the last picture that was new
	paced   time.Time     // when PTS 0 was due
	wary    int           // so many frames may come before one that a silence was before

	deadline *deadline // nil: the next read makes one
	silence  *silence  // nil: the next read makes one
	waiter   waiter

	mu      sync.Mutex
	info    Info
	status  Status
	reading *silence // that of the read that is under way; nil: none
}

// NewReader makes a reader; nothing is opened before the first Read.
func NewReader(cfg ReaderConfig) *Reader {
	if cfg.OnStatus == nil {
		cfg.OnStatus = func(Status) {}
	}
	if cfg.OnLost == nil {
		cfg.OnLost = func(Cause, error) {}
	}
	if cfg.OnDrop == nil {
		cfg.OnDrop = func(DropReason, int) {}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Float64
	}
	r := &Reader{cfg: cfg, sampler: NewSampler(cfg.Stride, cfg.FPS), time: timeline{live: cfg.Live}, live: cfg.Live}
	if r.cfg.Wait == nil {
		r.cfg.Wait = r.waiter.wait
	}
	return r
}

// Info describes the source as it was opened last.
func (r *Reader) Info() Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.info
}

// Status is the state now. It may be called from any goroutine.
func (r *Reader) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// Read gives the next frame. Epoch counts the openings from 0.
func (r *Reader) Read(ctx context.Context, into *frame.Frame) error {
	for {
		into.Release()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := r.connect(ctx); err != nil {
			return err
		}
		err := r.readSource(ctx, into)
		if ctx.Err() != nil {
			into.Release()
			return context.Cause(ctx)
		}
		if err != nil {
			if err = r.lose(err); err != nil {
				return err
			}
			continue
		}
		if !r.accept(into) {
			continue
		}
		return r.pace(ctx, into)
	}
}

// Close closes the source. It may be called again.
func (r *Reader) Close() error {
	r.dropDeadline()
	if r.src == nil {
		return nil
	}
	src := r.src
	r.src = nil
	return src.Close()
}

// connect opens the source unless it is open, waiting as long as it takes.
func (r *Reader) connect(ctx context.Context) error {
	for r.src == nil {
		if r.wait > 0 {
			if err := r.cfg.Wait(ctx, r.wait); err != nil {
				return err
			}
			r.wait = 0
		}
		if !r.quiet {
			r.set(Status{State: StateConnecting})
		}
		r.quiet = false
		src, err := r.open(ctx)
		switch {
		case err == nil:
			r.src, r.frames, r.wary = src, 0, 0
			if r.opened++; r.opened > 1 {
				r.time.reopened()
				r.seq = 0
			}
			r.mu.Lock()
			r.info = src.Info()
			r.live = r.cfg.Live && r.info.Live
			r.mu.Unlock()
			r.time.live = r.live
		case ctx.Err() != nil:
			return context.Cause(ctx)
		default:
			if err := r.retry(CauseOf(err, CauseOpen), err); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Reader) open(ctx context.Context) (Source, error) {
	if r.cfg.OpenTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, r.cfg.OpenTimeout,
			WithCause(CauseTimeout, fmt.Errorf("it did not open within %v", r.cfg.OpenTimeout)))
		defer cancel()
	}
	return r.cfg.Open(ctx)
}

// readSource reads one frame of the source and watches the time.
func (r *Reader) readSource(ctx context.Context, into *frame.Frame) error {
	ctx = r.beginDeadline(ctx)
	r.beginSilence()
	err := r.src.Read(ctx, into)
	r.endSilence()
	r.endDeadline()
	return err
}

// lose closes a source that gave no frame, and decides what follows: nil for
// another attempt, else the error that ends the stream.
func (r *Reader) lose(err error) error {
	closeErr := r.Close()
	if !errors.Is(err, ErrEndOfStream) {
		return r.retry(CauseOf(err, CauseLost), err)
	}
	switch {
	case r.live || r.cfg.Loop && r.frames == 0:
		return r.retry(CauseOf(err, CauseLost), err)
	case r.cfg.Loop:
		r.quiet = true
		r.cfg.OnLost(CauseLoop, nil)
		return nil
	}
	r.set(Status{State: StateEnded, Err: closeErr})
	return err
}

// retry plans another attempt, unless it would be of no use.
func (r *Reader) retry(cause Cause, err error) error {
	if errors.Is(err, ErrPermanent) {
		r.set(Status{State: StateFailed, Cause: cause, Err: err})
		return err
	}
	if r.frames > 0 && r.cfg.Now().Sub(r.first) >= settled {
		r.backoff.Reset()
	}
	r.frames = 0
	r.cfg.OnLost(cause, err)
	r.wait = r.backoff.Next(r.cfg.Random())
	r.set(Status{State: StateBackoff, Cause: cause, Err: err, Retry: r.wait})
	return nil
}

func (r *Reader) set(s Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.setLocked(s)
}

// setLocked tells of a change of state; a state that goes on is told once,
// except for another reason to wait.
func (r *Reader) setLocked(s Status) {
	if s.State == r.status.State && s.State != StateBackoff {
		return
	}
	s.Since = r.cfg.Now()
	r.status = s
	r.cfg.OnStatus(s)
}
