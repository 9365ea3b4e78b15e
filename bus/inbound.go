package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go"
)

// InRoot begins the subjects on which labels come in, apart from Root so that
// permissions can tell them apart and nothing hears itself.
const InRoot = "flipmeter.in.v1"

// InSubject is where a camera's labels are expected unless it says otherwise.
func InSubject(site, camera string) string {
	return InRoot + "." + Token(site) + "." + Token(camera)
}

// What waits for Deliver at most: more is lost, and counted.
const (
	maxInbound      = 8192
	maxInboundBytes = 8 << 20
)

// Inbound is a subscription to messages of others.
type Inbound struct {
	Subject string
	// Up is told once the broker delivers.
	Up func()
	// Deliver is given every message, one at a time. data is valid during
	// the call.
	Deliver func(subject string, data []byte)
	// Lost is told how many messages came faster than Deliver took them.
	Lost func(n int)
}

// Listen connects to a broker, subscribes and delivers until ctx is done, and
// returns nil then, or until the connection breaks: an error says why. After
// it has returned nothing is called any more. It never connects again by
// itself, so that the caller knows of every outage.
func Listen(ctx context.Context, cfg Config, in Inbound, log *slog.Logger) error {
	cfg.Retry, cfg.once = false, true
	c, err := Connect(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() {
		c.nc.Close()
		<-c.closed
	}()
	sub, err := c.nc.SubscribeSync(in.Subject)
	if err == nil {
		err = sub.SetPendingLimits(maxInbound, maxInboundBytes)
	}
	if err == nil {
		err = c.nc.FlushTimeout(cfg.withDefaults().ConnectTimeout)
	}
	if err != nil {
		return fmt.Errorf("listen to nats at %s: %w", c.host, c.redact.error(err))
	}
	in.Up()
	for told := 0; ; {
		m, err := sub.NextMsgWithContext(ctx)
		if n, dropErr := sub.Dropped(); dropErr == nil && n > told {
			in.Lost(n - told)
			told = n
		}
		switch {
		case err == nil:
			in.Deliver(m.Subject, m.Data)
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, nats.ErrSlowConsumer):
			// Told by Dropped.
		default:
			if last := c.nc.LastError(); last != nil {
				err = last
			}
			return fmt.Errorf("listen to nats at %s: %w", c.host, c.redact.error(err))
		}
	}
}
