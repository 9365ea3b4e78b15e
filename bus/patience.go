package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// patience waits between attempts, none before the
// second and longer each time after that, and ends when a broker
// has not answered for too long.
type patience struct {
	s     *sender
	pause time.Duration
	until time.Time // zero: for ever
}

func (s *sender) newPatience() patience {
	p := patience{s: s}
	if s.giveUp > 0 {
		p.until = time.Now().Add(s.giveUp)
	}
	return p
}

// before waits before the next attempt after err. It returns an error when
// there should be none.
func (p *patience) before(ctx context.Context, err error) error {
	if errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, jetstream.ErrStreamNotFound) {
		p.s.conn.forget()
	}
	if !p.until.IsZero() && time.Now().After(p.until) {
		return fmt.Errorf("publish to nats at %s: no answer for %s, the last error is: %w: start the server again, or run without --nats",
			p.s.conn.host, p.s.giveUp, p.s.conn.redact.error(err))
	}
	t := time.NewTimer(p.pause)
	defer t.Stop()
	p.pause = min(max(2*p.pause, retryFirst), retryMost)
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return p.s.interrupted(ctx)
	}
}
