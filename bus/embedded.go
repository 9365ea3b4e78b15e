package bus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// ServerConfig says how the embedded broker runs.
type ServerConfig struct {
	// StoreDir is where JetStream keeps its files; "" keeps them in a
	// temporary folder that goes with the server.
	StoreDir string
	// Listen is the address for other programs, as host:port; "" is for
	// this process only. Port 0 takes a free one, see Server.URL. Any host
	// but loopback needs a Token or a User.
	Listen string
	// User with Password, or Token, is what clients must show.
	User, Password, Token string
	// CertFile and KeyFile (PEM) turn TLS on for Listen and ListenMQTT.
	CertFile, KeyFile string
	// ListenMQTT is the address for clients that speak MQTT 3.1.1, as
	// Listen. MQTTUser with MQTTPassword is what they must show, else what
	// Listen's must; a Token as their password.
	ListenMQTT             string
	MQTTUser, MQTTPassword string

	// MaxStore bounds the files, 0 is 4 GiB.
	MaxStore int64
	// StartTimeout bounds the start, 0 is 10 s.
	StartTimeout time.Duration
	// Log takes the broker's warnings and errors; nil drops them.
	Log *slog.Logger
}

const (
	defaultMaxStore     = 4 << 30
	maxMemory           = 256 << 20
	defaultStartTimeout = 10 * time.Second
)

// Server is a NATS server with JetStream inside this process.
type Server struct {
	cfg     ServerConfig
	ns      *server.Server
	opts    *server.Options
	tempDir string
}

// EmbeddedVersion is the version of the server that StartEmbedded runs.
const EmbeddedVersion = server.VERSION

// StartEmbedded starts a broker and returns when it answers. The caller
// shuts it down, after the connections to it.
func StartEmbedded(ctx context.Context, cfg ServerConfig) (*Server, error) {
	setDefault(&cfg.MaxStore, defaultMaxStore)
	setDefault(&cfg.StartTimeout, defaultStartTimeout)
	opts, err := cfg.options()
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg}
	if opts.StoreDir == "" {
		if s.tempDir, err = os.MkdirTemp("", "flipmeter-nats-"); err != nil {
			return nil, fmt.Errorf("start the embedded nats server: %w", err)
		}
		opts.StoreDir = s.tempDir
	} else if err := os.MkdirAll(opts.StoreDir, 0o700); err != nil {
		return nil, fmt.Errorf("start the embedded nats server: make its store: %w", err)
	}
	s.opts = opts
	if s.ns, err = server.NewServer(opts); err != nil {
		s.removeTemp()
		return nil, fmt.Errorf("start the embedded nats server: %w", err)
	}
	started := &serverLog{log: cfg.Log, fatal: make(chan struct{})}
	s.ns.SetLoggerV2(started, false, false, false)
	s.ns.Start()
	if err := s.waitReady(ctx, started.fatal); err != nil {
		if cause := started.firstError(); cause != "" {
			err = errors.New(cause)
		}
		s.ns.Shutdown()
		s.ns.WaitForShutdown()
		s.removeTemp()
		if cfg.Listen != "" {
			return nil, fmt.Errorf("start the embedded nats server on %s: %w (is another program using that address or %s?)", cfg.Listen, err, opts.StoreDir)
		}
		return nil, fmt.Errorf("start the embedded nats server in %s: %w", opts.StoreDir, err)
	}
	return s, nil
}

func (c ServerConfig) options() (*server.Options, error) {
	opts := &server.Options{
		ServerName:             "flipmeter",
		JetStream:              true,
		StoreDir:               c.StoreDir,
		JetStreamMaxMemory:     maxMemory,
		JetStreamMaxStore:      c.MaxStore,
		DisableJetStreamBanner: true,
		NoSigs:                 true, // the process's signals are ours
		DontListen:             true,
		Username:               c.User,
		Password:               c.Password,
		Authorization:          c.Token,
	}
	if c.StoreDir != "" {
		dir, err := filepath.Abs(c.StoreDir)
		if err != nil {
			return nil, fmt.Errorf("find the embedded nats server's store: %w", err)
		}
		opts.StoreDir = dir
	}
	if c.ListenMQTT != "" {
		if err := c.mqttOptions(opts); err != nil {
			return nil, err
		}
	}
	if c.Listen == "" {
		return opts, nil
	}
	var err error
	if opts.Host, opts.Port, err = splitListen("nats", c.Listen); err != nil {
		return nil, err
	}
	if !isLoopback(opts.Host) && c.Token == "" && (c.User == "" || c.Password == "") {
		return nil, fmt.Errorf("nats listen address %q is open to other machines: give it a token or a user with a password, or listen on 127.0.0.1", c.Listen)
	}
	opts.DontListen = false
	if c.CertFile != "" {
		if opts.TLSConfig, err = c.certificate(); err != nil {
			return nil, err
		}
		opts.TLS = true
		opts.TLSTimeout = server.TLS_TIMEOUT.Seconds()
	}
	return opts, nil
}

// splitListen divides an address; port 0 becomes a random one.
func splitListen(what, address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("%s listen address %q: want host:port, as 127.0.0.1:4222", what, address)
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("%s listen address %q: the port must be a number from 0 to 65535", what, address)
	}
	if n == 0 {
		return host, server.RANDOM_PORT, nil
	}
	return host, int(n), nil
}

func (c ServerConfig) certificate() (*tls.Config, error) {
	t, err := server.GenTLSConfig(&server.TLSConfigOpts{CertFile: c.CertFile, KeyFile: c.KeyFile})
	if err != nil {
		return nil, fmt.Errorf("read the embedded nats server's certificate: %w", err)
	}
	return t, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// waitReady waits until the server answers. When it has told of a fatal error
// it won't any more, though it runs.
func (s *Server) waitReady(ctx context.Context, fatal <-chan struct{}) error {
	const step = 50 * time.Millisecond
	for deadline := time.Now().Add(s.cfg.StartTimeout); time.Now().Before(deadline); {
		if s.ns.ReadyForConnections(step) && s.ns.JetStreamEnabled() {
			return nil
		}
		if !s.ns.Running() {
			return errors.New("it stopped while starting")
		}
		select {
		case <-fatal:
			return errors.New("it could not start")
		case <-ctx.Done():
			return context.Cause(ctx)
		default:
		}
	}
	return fmt.Errorf("it was not ready after %s", s.cfg.StartTimeout)
}

// URL is where other programs reach the server, without credentials; "" if
// it does not listen.
func (s *Server) URL() string {
	if s.cfg.Listen == "" {
		return ""
	}
	return s.ns.ClientURL()
}

// Shutdown stops the server and waits until its files are closed, or until
// ctx is done. It may be called again.
func (s *Server) Shutdown(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ns.Shutdown()
		s.ns.WaitForShutdown()
		s.removeTemp()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop the embedded nats server: %w", context.Cause(ctx))
	}
}

func (s *Server) removeTemp() {
	if s.tempDir != "" {
		_ = os.RemoveAll(s.tempDir) // nothing to be done about what stays in a temporary folder
	}
}
