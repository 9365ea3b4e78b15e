package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	retryFirst = 100 * time.Millisecond
	retryMost  = 5 * time.Second
)

// sender sends messages in order and resends what is not acknowledged. It
// keeps a bounded number of stored messages under way and waits for the
// oldest when there are more. One goroutine uses it.
type sender struct {
	conn   *Conn
	js     jetstream.JetStream
	limit  int           // messages under way
	giveUp time.Duration // without an answer, 0: never
	// dropCore is set where an observation that can't be sent at once is
	// lost rather than waited with.
	dropCore bool
	count    *counters
	log      *slog.Logger

	underway []flight // oldest first
	core     nats.Msg // is being published
}

type flight struct {
	m   *message
	ack jetstream.PubAckFuture // nil where handing it over failed
	err error                  // why
}

// send hands a message over. It blocks while too many are under way, or the
// broker is away, until ctx is done. It owns m from then on. An error means
// that this message or an older one will not arrive.
func (s *sender) send(ctx context.Context, m *message) error {
	switch m.route {
	case routeStream:
		return s.store(ctx, m)
	case routeCore:
		return s.publishCore(ctx, m)
	case routeState:
		// What the bucket's own Put sends; that waits for the answer, one
		// state after the other, while a thousand cameras come up.
		m.subject = "$KV." + StateBucket + "." + m.subject
		return s.store(ctx, m)
	case routePicture:
		chunk, info := pictureFile(m.subject, m.thumb.JPEG())
		m.release()
		if err := s.store(ctx, chunk); err != nil {
			return err
		}
		return s.store(ctx, info)
	}
	panic("BUG: a message with an unknown route")
}

// store sends a message that the broker acknowledges, without waiting for
// that unless too many are under way.
func (s *sender) store(ctx context.Context, m *message) error {
	for len(s.underway) >= s.limit {
		if err := s.settleOldest(ctx); err != nil {
			s.count.lose(m)
			return err
		}
	}
	if err := s.prepared(ctx); err != nil {
		s.count.lose(m)
		return err
	}
	s.underway = append(s.underway, s.fly(m))
	return s.collect(ctx)
}

// settle waits until everything under way is acknowledged.
func (s *sender) settle(ctx context.Context) error {
	for len(s.underway) > 0 {
		if err := s.settleOldest(ctx); err != nil {
			return err
		}
	}
	return nil
}

// abandon counts what is under way as lost.
func (s *sender) abandon() {
	for _, f := range s.underway {
		s.count.lose(f.m)
	}
	s.underway = nil
}

// collect takes the acknowledgements that are there already.
func (s *sender) collect(ctx context.Context) error {
	for len(s.underway) > 0 {
		f := &s.underway[0]
		if f.ack == nil {
			return s.settleOldest(ctx)
		}
		select {
		case ack := <-f.ack.Ok():
			s.landed(ack)
		case err := <-f.ack.Err():
			f.ack, f.err = nil, err
			return s.settleOldest(ctx)
		default:
			return nil
		}
	}
	return nil
}

// oldest gives the channels that tell about the oldest message under way,
// nil if there is none, or it was not handed over.
func (s *sender) oldest() (<-chan *jetstream.PubAck, <-chan error) {
	if len(s.underway) == 0 || s.underway[0].ack == nil {
		return nil, nil
	}
	return s.underway[0].ack.Ok(), s.underway[0].ack.Err()
}

func (s *sender) fly(m *message) flight {
	ack, err := s.js.PublishMsgAsync(&nats.Msg{Subject: m.subject, Header: m.header, Data: m.data},
		jetstream.WithRetryAttempts(0))
	if err != nil {
		return flight{m: m, err: err}
	}
	return flight{m: m, ack: ack}
}

func (s *sender) landed(ack *jetstream.PubAck) {
	if s.underway[0].m.route == routeStream {
		s.count.stored.Add(1)
		if ack.Duplicate {
			s.count.duplicates.Add(1)
		}
	} else {
		s.count.published.Add(1)
	}
	s.underway[0] = flight{}
	s.underway = s.underway[1:]
}

// settleOldest waits for the acknowledgement of the oldest message, sending
// it again as often as needed.
func (s *sender) settleOldest(ctx context.Context) error {
	wait := s.newPatience()
	for {
		f := &s.underway[0]
		err := f.err
		if f.ack != nil {
			select {
			case ack := <-f.ack.Ok():
				s.landed(ack)
				return nil
			case err = <-f.ack.Err():
			case <-ctx.Done():
				return s.interrupted(ctx)
			}
		}
		if isRefusal(err) {
			m := f.m
			s.underway[0] = flight{}
			s.underway = s.underway[1:]
			s.count.lose(m)
			return s.refusal(m, err)
		}
		f.ack, f.err = nil, err
		if s.superseded() {
			s.count.published.Add(1)
			s.underway[0] = flight{}
			s.underway = s.underway[1:]
			return nil
		}
		if err := wait.before(ctx, err); err != nil {
			return err
		}
		if err := s.prepared(ctx); err != nil {
			return err
		}
		s.count.resent.Add(1)
		*f = s.fly(f.m)
	}
}

// superseded says whether the oldest message under way is a last state that a
// later one has taken the place of: sent again now, it would be the last.
func (s *sender) superseded() bool {
	oldest := s.underway[0].m
	return oldest.route == routeState && slices.ContainsFunc(s.underway[1:], func(f flight) bool {
		return f.m.route == routeState && f.m.subject == oldest.subject
	})
}

// prepared makes sure that the stream exists, before a first message and
// after the broker lost it.
func (s *sender) prepared(ctx context.Context) error {
	wait := s.newPatience()
	for {
		err := s.conn.Provision(ctx)
		if err == nil {
			return nil
		}
		if isRefusal(err) {
			return err
		}
		if err := wait.before(ctx, err); err != nil {
			return err
		}
	}
}

// publishCore publishes an observation. The client copies what it is given.
func (s *sender) publishCore(ctx context.Context, m *message) error {
	s.core.Subject, s.core.Header, s.core.Data = m.subject, m.header, m.data
	wait := s.newPatience()
	for {
		err := s.conn.nc.PublishMsg(&s.core)
		switch {
		case err == nil:
			s.count.published.Add(1)
			m.release()
			return nil
		case s.dropCore:
			s.count.lose(m)
			return nil
		case isRefusal(err):
			err = s.refusal(m, err)
			s.count.lose(m)
			return err
		}
		if err := wait.before(ctx, err); err != nil {
			s.count.lose(m)
			return err
		}
	}
}

// refusal is the error of a message that will never arrive. A flip goes out
// without its pictures, so one of those is no error.
func (s *sender) refusal(m *message, err error) error {
	if m.route == routePicture {
		s.log.Debug("a picture of a flip was not stored in nats", "server", s.conn.host, "error", s.conn.redact.error(err))
		return nil
	}
	return fmt.Errorf("publish %s to nats at %s: %w", m.subject, s.conn.host, s.conn.redact.error(err))
}

func (s *sender) interrupted(ctx context.Context) error {
	return fmt.Errorf("publish to nats at %s: %d messages were not acknowledged: %w",
		s.conn.host, len(s.underway), context.Cause(ctx))
}

// isRefusal tells errors that will be the same next time from those that
// pass: a broker that is away, busy, or lost its stream.
func isRefusal(err error) bool {
	if errors.Is(err, nats.ErrMaxPayload) || errors.Is(err, nats.ErrBadSubject) ||
		errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrConnectionDraining) ||
		errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) ||
		errors.Is(err, nats.ErrPermissionViolation) {
		return true
	}
	var api *jetstream.APIError
	const (
		unavailable = 503
		storeFailed = 10077 // a 503, too: the limits of a stream that refuses new messages
	)
	return errors.As(err, &api) && (api.Code != unavailable || api.ErrorCode == storeFailed)
}
