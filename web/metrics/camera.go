package metrics

import (
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
	"github.com/prometheus/client_golang/prometheus"
)

// Camera counts what happens to one camera. It is an event.Listener and may
// be used by several goroutines.
type Camera struct {
	m    *Metrics
	name string

	observed, repeats, pairs, unexplained, cuts prometheus.Counter

	lag  prometheus.Observer
	last prometheus.Gauge
}

var _ event.Listener = (*Camera)(nil)

// states are the words of event.Health.State.
var states = [...]string{"connecting", "up", "frozen", "stalled", "backoff", "ended", "failed", "paused"}

// Camera makes the metrics of a camera, all at zero, so that a rate over
// them is known from the start.
func (m *Metrics) Camera(name string) *Camera {
	c := &Camera{
		m: m, name: name,
		observed: m.frames.WithLabelValues(name, "observed"), repeats: m.frames.WithLabelValues(name, "repeat"),
		pairs: m.pairs.WithLabelValues(name), unexplained: m.unexplained.WithLabelValues(name),
		cuts: m.cuts.WithLabelValues(name), lag: m.lag.WithLabelValues(name), last: m.lastFrame.WithLabelValues(name),
	}
	for k := stability.KindGlitch; k <= stability.KindCensored; k++ {
		m.flips.WithLabelValues(name, k.String())
	}
	for r := stability.ReasonGap; r <= stability.ReasonCut; r++ {
		m.breaks.WithLabelValues(name, r.String())
	}
	m.setState(name, "connecting")
	return c
}

// Notify counts an event.
func (c *Camera) Notify(ev *event.Event) {
	if o := ev.Observation; o != nil {
		switch {
		case ev.Held:
			c.m.frames.WithLabelValues(c.name, "held").Inc()
		case ev.Repeat:
			c.repeats.Inc()
		case o.Label != stability.NoLabel:
			c.observed.Inc()
		}
		if !ev.At.IsZero() && !ev.Held {
			c.last.Set(float64(ev.At.UnixMilli()) / 1e3)
			c.lag.Observe(max(c.m.now().Sub(ev.At), 0).Seconds())
		}
		if o.Cut {
			c.cuts.Inc()
		}
	}
	if ev.Pair {
		c.pairs.Inc()
	}
	if ev.Break != stability.ReasonNone {
		c.m.breaks.WithLabelValues(c.name, ev.Break.String()).Inc()
	}
	if ev.Flip && ev.FlipAt.Final { // without times there are no kinds
		c.m.flips.WithLabelValues(c.name, "unknown").Inc()
	}
	for i := range ev.Late {
		// The first revision after the flip itself is the one that knows its
		// kind.
		if f := &ev.Late[i]; f.Revision == 1 {
			c.m.flips.WithLabelValues(c.name, f.Kind.String()).Inc()
			if f.Unexplained {
				c.unexplained.Inc()
			}
		}
	}
	if w := ev.Window; w != nil {
		width := windowName(w.Width)
		c.m.fraction.WithLabelValues(c.name, width).Set(w.FlipFraction.Value)
		c.m.coverage.WithLabelValues(c.name, width).Set(w.Coverage)
	}
	if s := ev.State; s != nil {
		c.m.setState(c.name, s.State)
	}
	if d := ev.Drop; d != nil {
		c.m.frames.WithLabelValues(c.name, "dropped_"+d.Reason).Add(float64(d.Frames))
	}
}

// windowName is a window's width without the zero units that Duration.String
// appends: 1m, 10s.
func windowName(d time.Duration) string {
	s := d.String()
	if rest, ok := strings.CutSuffix(s, "m0s"); ok {
		s = rest + "m"
	}
	if rest, ok := strings.CutSuffix(s, "h0m"); ok {
		s = rest + "h"
	}
	return s
}

func (m *Metrics) setState(camera, state string) {
	for _, s := range states {
		v := 0.0
		if s == state {
			v = 1
		}
		m.state.WithLabelValues(camera, s).Set(v)
	}
	up := 0.0
	if state == "up" {
		up = 1
	}
	m.up.WithLabelValues(camera).Set(up)
}

// Lost counts a loss of the source that another attempt follows. Child says
// that its decoding process had to be started anew for it.
func (c *Camera) Lost(reason string, child bool) {
	c.m.reconnects.WithLabelValues(c.name, reason).Inc()
	if child {
		c.m.restarts.WithLabelValues(c.name, reason).Inc()
	}
}

// Losses makes the counters of losses, at zero: those that Lost is told of, for
// which of them a decoding process is started anew, and those of frames that
// are dropped.
func (c *Camera) Losses(reasons, child, drops []string) {
	for _, r := range reasons {
		c.m.reconnects.WithLabelValues(c.name, r)
	}
	for _, r := range child {
		c.m.restarts.WithLabelValues(c.name, r)
	}
	for _, r := range drops {
		c.m.frames.WithLabelValues(c.name, "dropped_"+r)
	}
}

// Message counts what became of a message with a label.
func (c *Camera) Message(outcome string) { c.m.messages.WithLabelValues(c.name, outcome).Inc() }

// UnknownMessages counts messages for cameras that nobody follows; their names
// are not told, because anybody may make up more.
func (m *Metrics) UnknownMessages(n int) {
	m.messages.WithLabelValues("", "unknown_camera").Add(float64(n))
}

// Messages makes the counters of messages, at zero.
func (c *Camera) Messages(outcomes []string) {
	for _, o := range outcomes {
		c.m.messages.WithLabelValues(c.name, o)
	}
}

// Remove takes the camera's series away, when it is no longer followed.
func (c *Camera) Remove() {
	labels := prometheus.Labels{"camera": c.name}
	m := c.m
	for _, v := range []*prometheus.MetricVec{
		m.frames.MetricVec, m.pairs.MetricVec, m.flips.MetricVec, m.unexplained.MetricVec, m.breaks.MetricVec,
		m.cuts.MetricVec, m.fraction.MetricVec, m.coverage.MetricVec, m.up.MetricVec, m.state.MetricVec,
		m.reconnects.MetricVec, m.messages.MetricVec, m.restarts.MetricVec, m.lastFrame.MetricVec, m.lag.MetricVec,
	} {
		v.DeletePartialMatch(labels)
	}
}
