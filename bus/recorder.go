package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/event"
)

// RecorderConfig bounds a Recorder. Zero values mean the defaults.
type RecorderConfig struct {
	// Buffer is how many stored messages may wait for their
	// acknowledgement before Record blocks, 0 is 256.
	Buffer int
	// GiveUp is how long the broker may be silent before Record returns an
	// error, 0 is 1 min.
	GiveUp time.Duration
	// CloseTimeout bounds Close, 0 is 30 s.
	CloseTimeout time.Duration
	Log          *slog.Logger
}

const (
	defaultInFlight     = 256
	defaultGiveUp       = time.Minute
	defaultCloseTimeout = 30 * time.Second
)

// Recorder publishes the events of one stream and loses none that is
// stored: Record blocks while the broker is slow or away, Close waits for
// the last acknowledgement. It needs no goroutine of its own. It implements
// event.Recorder.
type Recorder struct {
	enc   *encoder
	cfg   RecorderConfig
	count counters

	mu     sync.Mutex
	send   *sender
	err    error // of the first failure; every later call returns it
	closed bool
}

var _ event.Recorder = (*Recorder)(nil)

// NewRecorder makes a recorder for one stream. The connection outlives it.
func NewRecorder(conn *Conn, stream Stream, cfg RecorderConfig) *Recorder {
	setDefault(&cfg.Buffer, defaultInFlight)
	setDefault(&cfg.GiveUp, defaultGiveUp)
	setDefault(&cfg.CloseTimeout, defaultCloseTimeout)
	if cfg.Log == nil {
		cfg.Log = conn.log
	}
	r := &Recorder{enc: newEncoder(stream, !conn.cfg.Pictures.Off, &messagePool{}), cfg: cfg}
	r.send = &sender{conn: conn, js: conn.js, limit: cfg.Buffer, giveUp: cfg.GiveUp, count: &r.count, log: cfg.Log}
	return r
}

// Record publishes what an event tells. It returns when everything is handed
// over, or ctx is done.
func (r *Recorder) Record(ctx context.Context, ev *event.Event) error {
	return r.record(func() error {
		return r.enc.encode(ev, func(m *message) error { return r.send.send(ctx, m) })
	})
}

// RecordAlert publishes a transition of an alert rule for this stream, as
// Record does.
func (r *Recorder) RecordAlert(ctx context.Context, at time.Time, t *alerts.Transition) error {
	return r.record(func() error { return r.send.send(ctx, r.enc.alert(at, t)) })
}

// record runs send unless the recorder has failed or is closed.
func (r *Recorder) record(send func() error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil && r.closed {
		return errors.New("publish to nats: the recorder is closed")
	}
	if r.err == nil {
		r.err = send()
	}
	return r.err
}

// Flush waits until all messages are acknowledged.
func (r *Recorder) Flush(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.flush(ctx)
}

func (r *Recorder) flush(ctx context.Context) error {
	if err := r.send.settle(ctx); err != nil {
		return err
	}
	if _, ok := ctx.Deadline(); !ok { // which nats wants
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.cfg.CloseTimeout)
		defer cancel()
	}
	if err := r.send.conn.nc.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("publish to nats at %s: %w", r.send.conn.host, r.send.conn.redact.error(err))
	}
	return nil
}

// Close waits until all messages are acknowledged, also after a failed
// Record, and returns an error if one was lost. It may be called again.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	ctx, cancel := context.WithTimeoutCause(context.Background(), r.cfg.CloseTimeout,
		fmt.Errorf("no answer within %s", r.cfg.CloseTimeout))
	defer cancel()
	err := r.flush(ctx)
	r.send.abandon()
	if lost := r.count.lost.Load(); err == nil && lost > 0 {
		err = fmt.Errorf("publish to nats at %s: %d messages were lost", r.send.conn.host, lost)
	}
	return err
}

// Stats counts what was sent. Safe for any goroutine.
func (r *Recorder) Stats() Stats { return r.count.snapshot() }
