package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/growing"
	"github.com/flipmeter/flipmeter/internal/sdnotify"
	"github.com/flipmeter/flipmeter/web"
	"github.com/flipmeter/flipmeter/web/api"
	"github.com/flipmeter/flipmeter/web/metrics"
)

// WatchOptions are the options of flipmeter watch.
type WatchOptions struct {
	Config  string   // file
	Environ []string // variables that stand for keys, as of os.Environ
	Home    string   // folder of models and libraries; empty: Home()
	Tool    string   // version, for the metrics

	// Reload asks for the file to be read again, as SIGHUP does.
	Reload <-chan os.Signal

	// OpenModel opens classifiers; nil opens ONNX files.
	OpenModel OpenModel
	// ModelTimeout is how long that may take; 0 is 15 minutes.
	ModelTimeout time.Duration
	// DecodeCommand and DecodeEnv run a decoding process; nil is this
	// program.
	DecodeCommand, DecodeEnv []string
	// OpenSource, where it is set, opens sources in the place of what the
	// cameras' addresses name: frames with the pictures that are wanted, out
	// of the pool. They are read as files that play at their own speed.
	OpenSource func(ctx context.Context, cam configs.Camera, wants []frame.Want, pool *frame.Pool) (ingest.Source, error)
	// Listeners are told of every event of every camera, for programs that
	// embed the monitoring.
	Listeners []event.Listener
	// Now is the clock, for programs that simulate one; nil is time.Now. What
	// it says is told to people and written down; intervals are taken from
	// its monotonic readings. Wait waits before another attempt to open a
	// camera, or until the context is done, whose cause it returns then; nil
	// takes its time. One that skips time needs a Now that does, too, and at
	// most one live camera: for others a skip is a jump of their clocks.
	Now  func() time.Time
	Wait func(ctx context.Context, d time.Duration) error
	// Registry takes the metrics; nil makes one.
	Registry *prometheus.Registry
	// Started is told, once, where the HTTP server and the embedded NATS
	// server listen ("" for none); nil is not.
	Started func(webURL, natsURL string)

	Logger *slog.Logger
}

// watching is one run of Watch while it lasts.
type watching struct {
	o   *WatchOptions
	cfg *configs.Config // its watch section stays as it was at the start
	log *slog.Logger

	decoding  *decoding
	models    *models
	metrics   *metrics.Metrics
	registry  *prometheus.Registry
	board     *board
	publisher *bus.Publisher // nil: not published
	natsURL   string
	mqttURL   string // of the embedded server
	brokers   brokers
	subjects  atomic.Pointer[[]string] // that cameras hear
	web       *web.Server              // nil: off
	operate   *operating
	manager   sdnotify.Manager
	inForce   atomic.Pointer[string] // the configuration, as the API shows it

	// What follows, up to wg, is the waiting loop's alone.
	cameras map[string]*running
	alive   <-chan time.Time // when the service manager wants to hear
	added   []configs.Camera // not in the file: added while it runs
	// defaults are the settings of those that are added.
	defaults configs.CameraSettings
	wg       sync.WaitGroup // the cameras

	changes chan change   // asked of the waiting loop
	ended   chan struct{} // closed when it is left
	hearing chan struct{} // closed when the first camera's labels come in messages
}

// attendant looks after one camera, once.
type attendant interface {
	// follow runs until ctx is done.
	follow(ctx context.Context)
	// pause tells, after that, that somebody halted it.
	pause(at time.Time)
}

// running is a camera that is followed, or paused.
type running struct {
	cam    configs.Camera
	widths []time.Duration // of the windows that rules and the history need
	attend attendant
	stop   context.CancelFunc
	done   chan struct{} // closed when nothing follows it any more
	paused atomic.Bool
	// leaving cameras were taken out, and have not ended yet.
	leaving bool
}

// Watch follows the cameras of a configuration file until ctx is done, and
// returns nil then: that is how it ends in order. What is under way is
// finished and sent before, within the configured time.
func Watch(ctx context.Context, o WatchOptions, streams Streams) (err error) {
	cfg, err := loadWatchConfig(&o)
	if err != nil {
		return err
	}
	w := &watching{o: &o, cfg: cfg, log: o.Logger, board: newBoard(), cameras: map[string]*running{}, defaults: defaultsOf(cfg), changes: make(chan change), ended: make(chan struct{}), hearing: make(chan struct{})}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	var clean cleanups
	defer func() { err = hint(errors.Join(ofConfig(err), clean.run())) }()
	if err := w.start(ctx, &clean); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("%w while starting", ErrInterrupted)
		}
		return err
	}
	w.greet(streams)
	w.manager = sdnotify.FromEnvironment(o.Environ)
	return w.run(ctx)
}

var errNoCamera = errors.New("there is none")

// camerasOf is the configuration that watch would follow, nil if it has no
// cameras.
func camerasOf(path string, environ []string) (*configs.Config, error) {
	cfg, err := loadWatchConfig(&WatchOptions{Config: path, Environ: environ})
	if errors.Is(err, errNoCamera) {
		return nil, nil
	}
	return cfg, err
}

// loadWatchConfig reads the file, the environment and the secrets.
func loadWatchConfig(o *WatchOptions) (*configs.Config, error) {
	cfg, err := configs.LoadWith(o.Config, o.Environ)
	if err != nil {
		return nil, wrongConfig{err}
	}
	if err = cfg.ReadSecrets(); err == nil {
		err = cfg.CheckBrokers()
	}
	if err != nil {
		return nil, wrongConfig{fmt.Errorf("%s: %w", o.Config, err)}
	}
	if len(cfg.Cameras) == 0 {
		return nil, wrongConfig{fmt.Errorf("%s: cameras: %w: add one with a name and a url", o.Config, errNoCamera)}
	}
	for i := range cfg.Cameras {
		shareSessions(&cfg.Cameras[i].Settings, cfg)
	}
	return cfg, nil
}

// shareSessions gives a camera whose model says nothing for itself the number
// of sessions of all.
func shareSessions(s *configs.CameraSettings, cfg *configs.Config) {
	if s.Model.Sessions == 0 {
		s.Model.Sessions = cfg.Watch.Sessions
	}
}

// start makes everything that the cameras share, and begins to follow them.
func (w *watching) start(ctx context.Context, clean *cleanups) error {
	if w.o.Home == "" {
		home, err := Home()
		if err != nil {
			return err
		}
		w.o.Home = home
	}
	var err error
	w.decoding = &decoding{command: w.o.DecodeCommand, env: w.o.DecodeEnv, own: w.o.OpenSource, now: w.o.Now, taken: map[string]*growing.Taken{}, records: filepath.Join(w.cfg.Watch.Data, "folders")}
	if w.decoding.command == nil {
		if w.decoding.command, err = decodeCommand(); err != nil {
			return err
		}
	}
	if w.decoding.as, err = decodeUser(w.cfg.Watch); err != nil {
		return err
	}
	if err := w.takeData(clean); err != nil {
		return err
	}
	if w.registry = w.o.Registry; w.registry == nil {
		w.registry = prometheus.NewRegistry()
	}
	w.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	w.metrics = metrics.New(w.registry, metrics.Build{Version: w.o.Tool, Decoder: decoderName(), Now: w.o.Now})
	open := w.o.OpenModel
	if open == nil {
		open = openModel(w.o.Home, w.log)
	}
	w.models = &models{open: open, now: w.o.Now, metrics: w.metrics, log: w.log, used: map[configs.Model]*sharedModel{}}
	clean.push("waiting for models that are being opened", w.models.wait)
	w.metrics.CountInference(w.models.inference)
	if w.operate, err = newOperating(&w.cfg.Watch, w.o.Now, w.log); err != nil {
		return err
	}
	w.metrics.CountAlerts(w.operate.firing)
	if c := w.cfg.Watch.Web; c.Listen != "" {
		w.tellConfiguration(w.cfg)
		w.web, err = web.Listen(ctx, web.Config{
			Listen: c.Listen, Guard: w.operate.guard, CertFile: c.CertFile, KeyFile: c.KeyFile,
			Pages: w.operate.handler(api.Config{
				Controls: controls{w}, MayAdd: c.MayAddCameras,
				System: w.stages, Configuration: func() string { return *w.inForce.Load() }, Version: w.o.Tool, Started: w.o.Now(), Now: w.o.Now, Log: w.log.With("component", "web"),
			}),
			Metrics: w.registry, Health: w.board.health, Logger: w.log.With("component", "web"),
		})
		if err != nil {
			return err
		}
		clean.push("closing the web server", w.web.Close)
	}
	if err := w.startNATS(ctx, clean); err != nil {
		return err
	}
	// Whatever is wrong with a model shows at the start.
	return w.apply(ctx, w.cfg.Cameras, nil, func() {})
}

// takeData makes the data folder this process's own.
func (w *watching) takeData(clean *cleanups) error {
	dir := w.cfg.Watch.Data
	if dir == "" {
		return fmt.Errorf("%w: %s: watch.data: must name a folder", ErrUsage, w.o.Config)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create the data folder (watch.data): %w", err)
	}
	unlock, err := lockFolder(dir, "watch.data")
	if err != nil {
		return fmt.Errorf("use the data folder: %w", err)
	}
	clean.push("unlocking the data folder", unlock)
	return nil
}

// greet tells a person where things are.
func (w *watching) greet(streams Streams) {
	url := ""
	if w.web != nil {
		url = w.web.URL()
		fmt.Fprintf(streams.Err, "dashboard: %s/\nmetrics: %s/metrics\n", url, url)
	}
	if w.natsURL != "" {
		fmt.Fprintf(streams.Err, "events: flipmeter tail --nats %s\n", w.natsURL)
	}
	if w.mqttURL != "" {
		fmt.Fprintf(streams.Err, "labels: %s\n", w.mqttURL)
	}
	fmt.Fprintf(streams.Err, "following %s; Ctrl-C ends it\n", many(len(w.cameras), "camera"))
	if w.o.Started != nil {
		w.o.Started(url, w.natsURL)
	}
}
