package bus

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/event"
)

// PublisherConfig bounds a Publisher. Zero values mean the defaults.
type PublisherConfig struct {
	// Buffer is how many flips, windows, states and alerts wait while the
	// broker is slow or away, 0 is 4096: with a flip a second, an hour.
	Buffer int
	// Observations and Pictures are the same for those, 0 is 1024 and 64.
	Observations, Pictures int
	// InFlight is how many stored messages may wait for their
	// acknowledgement at once, 0 is 256.
	InFlight int
	// DrainTimeout bounds what Run sends after its context is done, 0 is
	// 5 s.
	DrainTimeout time.Duration
	Log          *slog.Logger
}

const (
	defaultBuffer       = 4096
	defaultObservations = 1024
	defaultPictures     = 64
	defaultDrain        = 5 * time.Second
	lossReportEvery     = 10 * time.Second
)

// Publisher publishes the events of live streams. Its listeners never block:
// what doesn't fit its buffers pushes out the oldest, and is counted. It
// outlasts any outage of the broker.
type Publisher struct {
	conn  *Conn
	cfg   PublisherConfig
	queue *queue
	count counters
	pool  messagePool // of observations
}

// NewPublisher makes a publisher; Run sends. The connection outlives it.
func NewPublisher(conn *Conn, cfg PublisherConfig) *Publisher {
	setDefault(&cfg.Buffer, defaultBuffer)
	setDefault(&cfg.Observations, defaultObservations)
	setDefault(&cfg.Pictures, defaultPictures)
	setDefault(&cfg.InFlight, defaultInFlight)
	setDefault(&cfg.DrainTimeout, defaultDrain)
	if cfg.Log == nil {
		cfg.Log = conn.log
	}
	return &Publisher{conn: conn, cfg: cfg, queue: newQueue([numRoutes]int{
		routeCore: cfg.Observations, routeStream: cfg.Buffer, routeState: cfg.Buffer, routePicture: cfg.Pictures,
	})}
}

// Listener takes the events of one stream. It never blocks and may be used
// by several goroutines.
func (p *Publisher) Listener(stream Stream) *Listener {
	return &Listener{p: p, enc: newEncoder(stream, !p.conn.cfg.Pictures.Off, &p.pool)}
}

// Listener takes what happens to one live stream. It implements
// event.Listener.
type Listener struct {
	p   *Publisher
	enc *encoder
}

var _ event.Listener = (*Listener)(nil)

// Notify publishes what an event tells. It never blocks.
func (l *Listener) Notify(ev *event.Event) {
	_ = l.enc.encode(ev, l.p.enqueue) // enqueue never fails
}

// SetIdentity changes the identity of the results from now on: it is known
// once the source is open.
func (l *Listener) SetIdentity(identity string) { l.enc.setIdentity(identity) }

// NotifyAlert publishes a transition of an alert rule for this stream; at is
// the wall clock. It never blocks.
func (l *Listener) NotifyAlert(at time.Time, t *alerts.Transition) {
	_ = l.p.enqueue(l.enc.alert(at, t))
}

func (p *Publisher) enqueue(m *message) error {
	if lost := p.queue.push(m); lost != nil {
		p.count.lose(lost)
	}
	return nil
}

// Stats counts what was sent and lost. Safe for any goroutine.
func (p *Publisher) Stats() Stats { return p.count.snapshot() }

// Run sends until ctx is done, then what is left, for at most DrainTimeout.
// It is called once and returns nil: an absent broker is no failure.
func (p *Publisher) Run(ctx context.Context) error {
	// What is being sent when ctx ends is not given up, it becomes part of
	// what is left.
	sending, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(p.cfg.DrainTimeout)
		defer t.Stop()
		select {
		case <-t.C:
			cancel(fmt.Errorf("no answer within %s", p.cfg.DrainTimeout))
		case <-sending.Done():
		}
	})
	defer stop()

	s := &sender{conn: p.conn, js: p.conn.js, limit: p.cfg.InFlight, dropCore: true, count: &p.count, log: p.cfg.Log}
	tick := time.NewTicker(lossReportEvery)
	defer tick.Stop()
	report := &lossReport{log: p.cfg.Log, host: p.conn.host, count: &p.count}
	for ctx.Err() == nil {
		report.due(time.Now())
		if m := p.queue.pop(); m != nil {
			report.note(s.send(sending, m))
			continue
		}
		ok, failed := s.oldest()
		if len(s.underway) > 0 && ok == nil {
			// It was never handed over: there is nothing to wait for.
			report.note(s.settleOldest(sending))
			continue
		}
		select {
		case <-p.queue.wake:
		case ack := <-ok:
			s.landed(ack)
		case err := <-failed:
			s.underway[0].ack, s.underway[0].err = nil, err
			report.note(s.settleOldest(sending))
		case <-tick.C:
		case <-ctx.Done():
		}
	}

	p.queue.end()
	for m := p.queue.pop(); m != nil; m = p.queue.pop() {
		if sending.Err() != nil {
			p.count.lose(m)
			continue
		}
		report.note(s.send(sending, m))
	}
	for sending.Err() == nil && len(s.underway) > 0 {
		report.note(s.settleOldest(sending))
	}
	s.abandon()
	report.tell()
	return nil
}

// lossReport logs lost messages now and then instead of one by one.
type lossReport struct {
	log   *slog.Logger
	host  string
	count *counters

	next time.Time
	told int64
	last error // of a message that was refused
}

func (r *lossReport) note(err error) {
	if err != nil {
		r.last = err
	}
}

func (r *lossReport) due(now time.Time) {
	if now.After(r.next) {
		r.next = now.Add(lossReportEvery)
		r.tell()
	}
}

func (r *lossReport) tell() {
	lost := r.count.lost.Load()
	if lost == r.told {
		return
	}
	args := []any{"server", r.host, "lost", lost - r.told, "total", lost}
	if r.last != nil {
		args = append(args, "error", r.last)
	}
	r.log.Warn("messages for nats were lost", args...)
	r.told, r.last = lost, nil
}
