package app

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/configs"
)

// hear notes what the cameras of a list hear.
func (w *watching) hear(cameras []configs.Camera) {
	subjects := subjectsOf(w.cfg.Watch.NATS.Site, cameras)
	w.subjects.Store(&subjects)
	if len(subjects) > 0 && !closed(w.hearing) {
		close(w.hearing)
	}
}

// countUnknown counts the labels that come in, where flipmeter expects them,
// for cameras that hear no such subject, from the first camera that hears any
// until ctx is done. It hears what comes over MQTT to the embedded server, too.
func (w *watching) countUnknown(ctx context.Context) error {
	select {
	case <-w.hearing:
	case <-ctx.Done():
		return nil
	}
	for ctx.Err() == nil {
		cfg := w.brokers.nats
		cfg.Name = "flipmeter unknown cameras"
		_ = bus.Listen(ctx, cfg, bus.Inbound{
			Subject: bus.InRoot + ".>", Up: func() {},
			Deliver: func(subject string, _ []byte) {
				if !w.hears(subject) {
					w.metrics.UnknownMessages(1)
				}
			},
			Lost: func(int) {}, // they may have been for cameras that are followed
		}, slog.New(slog.DiscardHandler)) // the cameras' states tell of outages
		select {
		case <-time.After(10 * time.Second):
		case <-ctx.Done():
		}
	}
	return nil
}

// subjectsOf are the subjects that the cameras of a configuration hear.
func subjectsOf(site string, cameras []configs.Camera) []string {
	var out []string
	for i := range cameras {
		prefix, topic, ok := heardAt(&cameras[i], site)
		if !ok {
			continue
		}
		if prefix == configs.MQTTPrefix {
			topic = strings.NewReplacer("/", ".", "+", "*", "#", ">").Replace(topic)
		}
		out = append(out, topic)
	}
	return out
}

// hears says whether some camera hears a subject.
func (w *watching) hears(subject string) bool {
	list := w.subjects.Load()
	if list == nil {
		return false
	}
	for _, filter := range *list {
		if matches(filter, subject) {
			return true
		}
	}
	return false
}

// matches says whether a subject is one that a filter stands for.
func matches(filter, subject string) bool {
	for filter != "" && subject != "" {
		f, restOfFilter, _ := strings.Cut(filter, ".")
		s, restOfSubject, _ := strings.Cut(subject, ".")
		if f == ">" {
			return true
		}
		if f != "*" && f != s {
			return false
		}
		filter, subject = restOfFilter, restOfSubject
	}
	return filter == subject
}
