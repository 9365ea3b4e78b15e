package app

import (
	"context"
	"path/filepath"

	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/ingest/messages/mqtt"
	"github.com/flipmeter/flipmeter/web/metrics"
)

// How many messages wait for a broker that is slow or away: flips, windows,
// states and alerts; observations; and of both for each camera, where there
// are many.
const (
	leastBuffer       = 4096
	leastObservations = 1024
	bufferEach        = 32
)

// startNATS connects to the server, or starts one.
func (w *watching) startNATS(ctx context.Context, clean *cleanups) error {
	n := w.cfg.Watch.NATS
	if m := w.cfg.Watch.MQTT; m.URL != "" {
		w.brokers.mqtt = mqttConfig(&m)
	}
	if n.URL == "" {
		return nil
	}
	log := w.log.With("component", "bus")
	cfg := brokerConfig(n.NATS)
	cfg.URL, cfg.Pictures.Off, cfg.Retry = n.URL, !n.Pictures, true
	if n.URL == configs.Embedded {
		srv, err := bus.StartEmbedded(ctx, bus.ServerConfig{
			StoreDir: filepath.Join(w.cfg.Watch.Data, "nats"), Listen: n.Listen,
			User: n.User, Password: n.Password, Token: n.Token, CertFile: n.CertFile, KeyFile: n.KeyFile, Log: log,
			ListenMQTT: w.cfg.Watch.MQTT.Listen, MQTTUser: w.cfg.Watch.MQTT.User, MQTTPassword: w.cfg.Watch.MQTT.Password,
		})
		if err != nil {
			return err
		}
		clean.push("stopping the NATS server", func() error {
			ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
			defer cancel()
			return srv.Shutdown(ctx)
		})
		cfg = bus.Config{Server: srv, Storage: cfg.Storage, Pictures: cfg.Pictures}
		w.natsURL = srv.URL()
		if b := &w.brokers.mqtt; b.URL == "" {
			b.URL, b.User, b.Password, b.Pinned = srv.MQTT()
			w.mqttURL = b.URL
		}
	}
	w.brokers.nats = cfg
	conn, err := bus.Connect(ctx, cfg, log)
	if err != nil {
		return err
	}
	clean.push("closing the NATS connection", func() error {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		return conn.Close(ctx)
	})
	w.publisher = bus.NewPublisher(conn, bus.PublisherConfig{
		Buffer: max(leastBuffer, bufferEach*len(w.cfg.Cameras)), Observations: max(leastObservations, bufferEach*len(w.cfg.Cameras)),
		DrainTimeout: w.cfg.Watch.Shutdown / 2, Log: log,
	})
	w.metrics.CountEvents(func() metrics.Events {
		s := w.publisher.Stats()
		return metrics.Events{Published: s.Published, Stored: s.Stored, Duplicates: s.Duplicates, Resent: s.Resent, Lost: s.Lost, LostPictures: s.LostPictures}
	})
	return nil
}

// mqttConfig says which broker of the user's is heard, and as whom.
func mqttConfig(m *configs.MQTT) mqtt.Config {
	return mqtt.Config{
		URL: m.URL, User: m.User, Password: m.Password, ClientID: m.ClientID, CAFile: m.CAFile, CertFile: m.CertFile, KeyFile: m.KeyFile,
	}
}
