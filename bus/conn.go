package bus

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	reconnectWait   = 500 * time.Millisecond
	reconnectJitter = 250 * time.Millisecond
	// flusherTimeout bounds one write to a broker that doesn't read.
	flusherTimeout = 10 * time.Second
	// ackTimeout is how long an acknowledgement may take before the message
	// is sent again.
	ackTimeout = 5 * time.Second
	apiTimeout = 5 * time.Second
)

// Conn is a connection to a broker, shared by publishers.
type Conn struct {
	cfg    Config
	host   string // for messages, without credentials
	redact *redactor
	log    *slog.Logger
	nc     *nats.Conn
	js     jetstream.JetStream
	closed chan struct{}

	mu    sync.Mutex // guards what provision found
	ready bool
}

// Connect connects to a broker. It returns an error that says what to do if
// the broker doesn't answer, unless cfg.Retry is set. The caller closes the
// connection after the publishers that use it.
func Connect(ctx context.Context, cfg Config, log *slog.Logger) (*Conn, error) {
	cfg = cfg.withDefaults()
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	target, err := parseTarget(cfg)
	if err != nil {
		return nil, err
	}
	c := &Conn{cfg: cfg, host: target.host, redact: target.redact, log: log, closed: make(chan struct{})}
	opts, err := c.options(target)
	if err != nil {
		return nil, err
	}
	// nats.Connect takes no context; its own timeout bounds the attempt.
	if deadline, ok := ctx.Deadline(); ok {
		opts = append(opts, nats.Timeout(min(cfg.ConnectTimeout, max(time.Until(deadline), time.Millisecond))))
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("connect to nats at %s: %w", c.host, err)
	}
	if c.nc, err = nats.Connect(target.servers, opts...); err != nil {
		return nil, c.connectError(err)
	}
	c.js, err = jetstream.New(c.nc, jetstream.WithPublishAsyncTimeout(ackTimeout), jetstream.WithDefaultTimeout(apiTimeout))
	if err != nil {
		c.nc.Close()
		return nil, fmt.Errorf("connect to nats at %s: %w", c.host, c.redact.error(err))
	}
	return c, nil
}

func (c *Conn) options(target target) ([]nats.Option, error) {
	cfg := c.cfg
	opts := []nats.Option{
		nats.Name(cfg.Name),
		nats.Timeout(cfg.ConnectTimeout),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectJitter, reconnectJitter),
		// What waits while the broker is away waits in our buffers, which
		// are counted and know what may be dropped; the client's would send
		// it a second time.
		nats.ReconnectBufSize(-1),
		nats.FlusherTimeout(flusherTimeout),
		nats.RetryOnFailedConnect(cfg.Retry),
		nats.ConnectHandler(func(*nats.Conn) { c.log.Info("connected to nats", "server", c.host) }),
		nats.ReconnectHandler(func(*nats.Conn) { c.log.Info("connected to nats again", "server", c.host) }),
		nats.DisconnectErrHandler(func(nc *nats.Conn, err error) {
			if err != nil && !nc.IsDraining() {
				c.log.Warn("lost the connection to nats", "server", c.host, "error", c.redact.error(err))
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			c.log.Warn("nats", "server", c.host, "error", c.redact.error(err))
		}),
		nats.ClosedHandler(func(*nats.Conn) { close(c.closed) }),
	}
	if cfg.once {
		opts = append(opts, nats.NoReconnect())
	}
	switch {
	case cfg.Server != nil:
		opts = append(opts, nats.InProcessServer(cfg.Server.ns))
	case cfg.InProcess != nil:
		opts = append(opts, nats.InProcessServer(cfg.InProcess))
	}
	if target.user != "" {
		opts = append(opts, nats.UserInfo(target.user, target.password))
	}
	if target.token != "" {
		opts = append(opts, nats.Token(target.token))
	}
	if cfg.CredsFile != "" {
		opts = append(opts, nats.UserCredentials(cfg.CredsFile))
	}
	if cfg.NKeyFile != "" {
		o, err := nats.NkeyOptionFromSeed(cfg.NKeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the nats key file %s: %w", cfg.NKeyFile, err)
		}
		opts = append(opts, o)
	}
	if t := cfg.TLS; t != (TLS{}) && target.servers != "" {
		opts = append(opts, nats.Secure(&tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}))
		if t.CAFile != "" {
			opts = append(opts, nats.RootCAs(t.CAFile))
		}
		if t.CertFile != "" || t.KeyFile != "" {
			opts = append(opts, nats.ClientCert(t.CertFile, t.KeyFile))
		}
	}
	return opts, nil
}

// connectError says what to do about a failed connection.
func (c *Conn) connectError(err error) error {
	hint := "is the server running there?"
	switch unknown := (x509.UnknownAuthorityError{}); {
	case errors.As(err, &unknown):
		hint = "name the PEM file of the authority that signed the server's certificate"
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired):
		hint = "check the user, token or credentials file"
	case errors.Is(err, nats.ErrSecureConnRequired):
		hint = "the server wants TLS: use tls:// in its url"
	case errors.Is(err, nats.ErrSecureConnWanted):
		hint = "the server offers no TLS: use nats:// in its url"
	}
	return fmt.Errorf("connect to nats at %s: %w (%s)", c.host, c.redact.error(err), hint)
}

// Host names the broker for messages, without credentials.
func (c *Conn) Host() string { return c.host }

// Connected says whether the broker can be reached now.
func (c *Conn) Connected() bool { return c.nc.IsConnected() }

// NATS is the connection itself, for those who read from the broker.
func (c *Conn) NATS() *nats.Conn { return c.nc }

// JetStream asks the broker whether this user may use its JetStream, which
// publishing flips needs.
func (c *Conn) JetStream(ctx context.Context) error {
	if _, err := c.js.AccountInfo(ctx); err != nil {
		return fmt.Errorf("ask %s for JetStream: %w", c.host, c.redact.error(err))
	}
	return nil
}

// Close sends what is buffered and closes the connection, at the latest
// when ctx is done. It may be called again.
func (c *Conn) Close(ctx context.Context) error {
	var err error
	if !c.nc.IsClosed() {
		if err = c.nc.Drain(); err != nil {
			// Nothing to drain to: the broker is away.
			c.nc.Close()
			err = nil
		}
	}
	select {
	case <-c.closed:
	case <-ctx.Done():
		c.nc.Close()
		<-c.closed
		err = fmt.Errorf("close the connection to nats at %s: %w", c.host, context.Cause(ctx))
	}
	return err
}
