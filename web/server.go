package web

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/flipmeter/flipmeter/web/access"
)

// Bounds of a request, and of the end of those under way.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second
	endTimeout    = 3 * time.Second
)

// Config describes a server. Listen, Guard, Metrics and Health are required.
type Config struct {
	Listen string // host:port; port 0 takes a free one
	// Guard says who may what. Nobody has to show anything for health
	// checks; metrics are for viewers.
	Guard             *access.Guard
	CertFile, KeyFile string // PEM; turn TLS on. A changed one is read anew
	// Pages, if set, serves whatever is not said here.
	Pages http.Handler

	Metrics prometheus.Gatherer
	Health  func() Health
	Logger  *slog.Logger // nil discards
}

// Health is what /readyz tells.
type Health struct {
	Ready  bool   `json:"ready"`
	Reason string `json:"reason,omitempty"` // why not
	// Cameras are the states of the cameras by name.
	Cameras map[string]Camera `json:"cameras"`
}

// Camera is the state of one camera.
type Camera struct {
	State string    `json:"state"`
	Since time.Time `json:"since"`
	Error string    `json:"error,omitempty"` // the last one
}

// Server listens from the moment it is made. Run serves.
type Server struct {
	cfg      Config
	log      *slog.Logger
	listener net.Listener
	srv      *http.Server
}

// Listen opens the address.
func Listen(ctx context.Context, cfg Config) (*Server, error) {
	s := &Server{cfg: cfg, log: cfg.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var certificate *access.Certificate
	var err error
	if cfg.CertFile != "" {
		if certificate, err = access.LoadCertificate(cfg.CertFile, cfg.KeyFile, s.log); err != nil {
			return nil, fmt.Errorf("web server: %w", err)
		}
	}
	if s.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen); err != nil {
		return nil, fmt.Errorf("listen for HTTP on %s (is another program using it?): %w", cfg.Listen, err)
	}
	if certificate != nil {
		// Without HTTP/2, which the server offers only where it makes the
		// TLS connections itself.
		c := certificate.Config()
		c.NextProtos = nil
		s.listener = tls.NewListener(s.listener, c)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", cfg.Guard.Require(access.Viewer, promhttp.HandlerFor(cfg.Metrics, promhttp.HandlerOpts{
		ErrorLog: errorLog{s.log}, ErrorHandling: promhttp.ContinueOnError, EnableOpenMetrics: true,
	})))
	if cfg.Pages != nil {
		mux.Handle("/", cfg.Pages)
	}
	s.srv = &http.Server{
		Handler: cfg.Guard.Wrap(mux), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// URL is where the server listens.
func (s *Server) URL() string {
	scheme := "http"
	if s.cfg.CertFile != "" {
		scheme = "https"
	}
	return scheme + "://" + s.listener.Addr().String()
}

// Run serves until ctx is done, and waits for the requests under way.
func (s *Server) Run(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- s.srv.Serve(s.listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve HTTP on %s: %w", s.cfg.Listen, err)
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	err := s.srv.Shutdown(end)
	if err != nil {
		err = errors.Join(err, s.srv.Close())
	}
	if served := <-done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Close closes the address of a server that was never run.
func (s *Server) Close() error {
	if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// healthz says that the process lives.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // who asked may be gone
}

// readyz says whether all that was started runs. The cameras' states are
// told to whoever may read the metrics.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	h := s.cfg.Health()
	if !s.cfg.Guard.Allowed(r, access.Viewer) {
		h.Cameras = nil
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !h.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(h) // who asked may be gone
}

// errorLog passes on what Prometheus' handler complains of.
type errorLog struct{ log *slog.Logger }

func (l errorLog) Println(v ...any) { l.log.Warn("metrics", "error", fmt.Sprint(v...)) }
