package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/pipeline"
)

// embeddedNATS in place of a URL starts a server in this process.
const embeddedNATS = "embedded"

// embeddedListen is where other programs reach the embedded server: loopback
// only, any free port, so that two runs don't disturb each other.
const embeddedListen = "127.0.0.1:0"

// closeTimeout bounds the closing of a connection or server.
const closeTimeout = 10 * time.Second

// publishing is the connection that a run's streams publish over.
type publishing struct {
	conn  *bus.Conn
	site  string
	where string // for people, without credentials
	log   *slog.Logger
}

// startPublishing connects to the server that --nats names, or starts one.
func startPublishing(ctx context.Context, o *AnalyzeOptions, log *slog.Logger, clean *cleanups) (*publishing, error) {
	log = log.With("component", "bus")
	cfg := o.Broker
	cfg.URL, cfg.Pictures.Off = o.NATS, !o.Pictures
	if o.NATS == embeddedNATS {
		srv, err := bus.StartEmbedded(ctx, bus.ServerConfig{
			StoreDir: filepath.Join(o.Out, "nats"), Listen: embeddedListen, Log: log,
		})
		if err != nil {
			return nil, err
		}
		clean.push("stopping the NATS server", func() error {
			ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
			defer cancel()
			return srv.Shutdown(ctx)
		})
		cfg = bus.Config{Server: srv, Storage: cfg.Storage, Pictures: cfg.Pictures}
	}
	conn, err := bus.Connect(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	clean.push("closing the NATS connection", func() error {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		return conn.Close(ctx)
	})
	if err := conn.Provision(ctx); err != nil {
		return nil, err
	}
	where := conn.Host()
	if cfg.Server != nil {
		where = cfg.Server.URL() + " (messages are kept in " + filepath.Join(o.Out, "nats") + ")"
	}
	return &publishing{conn: conn, site: o.Site, where: where, log: log}, nil
}

// stream makes the recorder that publishes one stream. The epoch is the
// journal's, so that a continued run tells the same events under the same
// ids.
func (p *publishing) stream(name, identity string, epoch uint64, began time.Time, m *infer.ModelInfo, traces []int32) *bus.Recorder {
	names := make([]string, len(traces))
	for i, class := range traces {
		names[i] = m.Label(class)
	}
	return bus.NewRecorder(p.conn, bus.Stream{
		Site: p.site, Camera: name, Identity: identity, Label: m.Label, Traces: names,
		Epoch: epoch, Start: began,
	}, bus.RecorderConfig{Log: p.log})
}

// finalState is the last event of a stream.
func finalState(site, name string, res *pipeline.Result, began time.Time) *event.Event {
	h := event.Health{State: "ended", Since: began.Add(res.Summary.Last)}
	if !res.Complete && res.Ending != nil {
		h.Error = res.Ending.Error()
	}
	return &event.Event{Site: site, Camera: name, At: h.Since, State: &h}
}
