package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/messages"
	"github.com/flipmeter/flipmeter/ingest/messages/mqtt"
	"github.com/flipmeter/flipmeter/pipeline"
	"github.com/flipmeter/flipmeter/stability"
	panel "github.com/flipmeter/flipmeter/web/board"
	"github.com/flipmeter/flipmeter/web/metrics"
)

// labelsEvery is how often time passes for a camera whose labels come in
// messages: labels hold, tracks end, windows are due.
const labelsEvery = 250 * time.Millisecond

// brokers are those that labels are heard from.
type brokers struct {
	nats bus.Config
	mqtt mqtt.Config
}

// heard follows one camera whose labels a classifier elsewhere gives.
type heard struct {
	w       *watching
	cam     configs.Camera
	log     *slog.Logger
	metrics *metrics.Camera
	bus     *bus.Listener // nil: not published
	all     []event.Listener
	step    time.Duration // between two windows
	base    time.Time     // PTS 0
	quiet   bool          // told that it is stalled

	mu      sync.Mutex // messages and time come from two goroutines
	intake  *messages.Intake
	objects *pipeline.Objects
	next    time.Duration // when windows are due
	state   ingest.State

	ready  *means
	merger *pipeline.Merger                  // nil: labels stay as they come
	merged map[string]*pipeline.MergedStream // by track
}

var _ attendant = (*heard)(nil)

func (w *watching) newHeard(cam configs.Camera, ready *means) *heard {
	return &heard{ready: ready, w: w, cam: cam, log: w.log.With("camera", cam.Name), metrics: w.counters(cam.Name)}
}

// pause tells that somebody halted it.
func (h *heard) pause(time.Time) { h.set(ingest.StatePaused, nil) }

// follow hears such a camera until ctx is done.
func (h *heard) follow(ctx context.Context) {
	var outcomes []string
	for _, o := range messages.Outcomes() {
		outcomes = append(outcomes, string(o))
	}
	h.metrics.Messages(outcomes)
	if err := h.prepare(h.w.o.Now()); err != nil { // the configuration was checked
		h.set(ingest.StateFailed, err)
		<-ctx.Done()
		return
	}
	ticking, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { h.tick(ticking) })
	var wait ingest.Backoff
	for ctx.Err() == nil {
		h.set(ingest.StateConnecting, nil)
		began := h.w.o.Now()
		err := h.listen(ctx)
		if ctx.Err() != nil {
			break
		}
		if h.w.o.Now().Sub(began) > time.Minute {
			wait.Reset()
		}
		h.lost(err)
		_ = h.w.o.Wait(ctx, wait.Next(rand.Float64())) //nolint:gosec // a jitter; the loop asks ctx
	}
	stop()
	wg.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.intake.Close(h.w.o.Now())
	h.windows(h.w.o.Now())
}

// prepare makes what the camera's labels go through.
func (h *heard) prepare(now time.Time) error {
	site := h.w.cfg.Watch.NATS.Site
	s := &h.cam.Settings
	cfg := s.Messages.Intake(h.cam.Name)
	classes := messages.NewClasses(s.Messages.MaxLabels)
	label, said := classes.Name, fmt.Appendf(nil, "labels of %s %+v", h.cam.URL, s.Messages)
	if m := h.ready.labelMap; m != nil {
		var err error
		if h.merger, err = pipeline.NewMerger(m, heardClasses{classes}); err != nil {
			return err
		}
		h.merged = map[string]*pipeline.MergedStream{}
		label, said = h.merger.Name, fmt.Append(said, m.Hash())
	}
	h.base = now.Add(-cfg.Mapping.MaxSkew)
	epoch := bus.NewEpoch(now)
	h.all = []event.Listener{h.metrics, h.w.board}
	if p := h.w.publisher; p != nil {
		sum := sha256.Sum256(said)
		h.bus = p.Listener(bus.Stream{
			Site: site, Camera: h.cam.Name, Label: label, Epoch: epoch, Start: h.base, Identity: hex.EncodeToString(sum[:]),
		})
		h.all = append(h.all, h.bus)
	}
	_, more := h.w.operate.listeners(panel.Info{
		Name: h.cam.Name, Epoch: epoch, Site: site, Source: h.cam.URL, Model: "labels from elsewhere", Label: label,
	}, h.bus)
	h.all = append(append(h.all, more...), h.w.o.Listeners...)

	var measures stability.Config
	measures, h.step = h.w.measures(s)
	var err error
	h.objects, err = pipeline.NewObjects(pipeline.ObjectsConfig{Config: pipeline.Config{
		Site: site, Stream: h.cam.Name, Tracker: measures, Windows: measures.Windows,
	}}, h.all)
	if err == nil {
		h.intake, err = messages.New(cfg, classes, h.base, h)
	}
	return err
}

// heardAt is where a camera's labels are expected: over what, and the subject
// or topic, if need be the one that stands for the camera.
func heardAt(cam *configs.Camera, site string) (prefix, topic string, ok bool) {
	prefix, topic, ok = cam.InMessages()
	if !ok || topic != "" {
		return prefix, topic, ok
	}
	topic = bus.InSubject(site, cam.Name)
	if prefix == configs.MQTTPrefix {
		topic = strings.ReplaceAll(topic, ".", "/")
	}
	return prefix, topic, true
}

// listen hears one connection to its end.
func (h *heard) listen(ctx context.Context) error {
	prefix, topic, _ := heardAt(&h.cam, h.w.cfg.Watch.NATS.Site)
	up := func() { h.set(ingest.StateUp, nil) }
	if prefix == configs.NATSPrefix {
		cfg := h.w.brokers.nats
		cfg.Name = "flipmeter " + h.cam.Name
		return bus.Listen(ctx, cfg, bus.Inbound{
			Subject: topic, Up: up,
			Deliver: func(subject string, data []byte) {
				h.message(&messages.Message{Topic: subject, Subject: true, Payload: data, Received: h.w.o.Now()})
			},
			Lost: func(n int) {
				for range n {
					h.Message(messages.Flood)
				}
			},
		}, slog.New(slog.DiscardHandler)) // states tell what its log would
	}
	return mqtt.Listen(ctx, h.w.brokers.mqtt, mqtt.Inbound{
		Topic: topic, Up: up,
		Deliver: func(topic string, payload []byte, retained bool) {
			h.message(&messages.Message{Topic: topic, Payload: payload, Retained: retained, Received: h.w.o.Now()})
		},
	})
}

func (h *heard) message(m *messages.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.intake.Message(m)
	if h.quiet && !h.intake.Quiet(m.Received) {
		h.quiet = false
		h.setLocked(ingest.StateUp, nil)
	}
}

// tick lets time pass until ctx is done.
func (h *heard) tick(ctx context.Context) {
	t := time.NewTicker(labelsEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		now := h.w.o.Now()
		h.mu.Lock()
		h.intake.Tick(now)
		if quiet := h.intake.Quiet(now); quiet && !h.quiet && h.state == ingest.StateUp {
			h.quiet = true
			h.setLocked(ingest.StateStalled, nil)
		}
		if pts := now.Sub(h.base); h.step > 0 && pts >= h.next {
			h.windows(now)
			h.next = (pts/h.step + 1) * h.step
		}
		h.mu.Unlock()
	}
}

func (h *heard) windows(now time.Time) { h.objects.Windows(now.Sub(h.base), now) }

// lost tells of a connection that broke, or never was.
func (h *heard) lost(err error) {
	if err == nil {
		err = errors.New("the connection ended")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	cause := ingest.CauseLost
	if h.state == ingest.StateConnecting {
		cause = ingest.CauseOpen
	}
	h.metrics.Lost(string(cause), false)
	h.intake.Lost(h.w.o.Now())
	h.quiet = false
	h.setLocked(ingest.StateBackoff, err)
}

func (h *heard) set(s ingest.State, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.setLocked(s, err)
}

func (h *heard) setLocked(s ingest.State, err error) {
	h.state = s
	state := event.Health{State: string(s), Since: h.w.o.Now()}
	if err != nil {
		state.Error = oneLine{err}.Error()
	}
	h.log.Info("state", "state", state.State, "error", state.Error)
	h.notify(&event.Event{At: state.Since, State: &state})
}

func (h *heard) notify(ev *event.Event) {
	ev.Site, ev.Camera = h.w.cfg.Watch.NATS.Site, h.cam.Name
	for _, l := range h.all {
		l.Notify(ev)
	}
}

// Observe, End and Message make it a messages.Sink.
func (h *heard) Observe(track string, o *stability.Observation, at time.Time, held bool) {
	if h.merger != nil {
		s := h.merged[track]
		if s == nil {
			s = h.merger.Stream()
			h.merged[track] = s
		}
		var err error
		if o, _, err = s.Merge(o, nil); err != nil { // two groups have it
			h.log.Warn("a label can't be merged, and its message is left out", "error", oneLine{err})
			return
		}
	}
	h.objects.Observe(track, o, at, held)
}

// End ends a track.
func (h *heard) End(track string) {
	delete(h.merged, track)
	h.objects.End(track)
}

// heardClasses are classes of which only those that came are known.
type heardClasses struct{ *messages.Classes }

// WNID is not known of any.
func (heardClasses) WNID(int32) string { return "" }

// Count says that there may be more.
func (heardClasses) Count() int { return 0 }

// Message counts a message.
func (h *heard) Message(o messages.Outcome) { h.metrics.Message(string(o)) }
