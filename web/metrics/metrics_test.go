package metrics

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

// filled is a registry in which everything has happened once.
func filled(t *testing.T) (*prometheus.Registry, *Metrics, *Camera) {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	now := time.Unix(1000, 0)
	m := New(reg, Build{Version: "v1", Decoder: "OpenCV", Now: func() time.Time { return now }})
	m.CountInference(func() Inference { return Inference{Batches: 3, Frames: 3, Busy: 30 * time.Millisecond} })
	m.CountEvents(func() Events {
		return Events{Published: 1, Stored: 2, Duplicates: 3, Resent: 4, Lost: 5, LostPictures: 6}
	})
	m.CountAlerts(func() (int, int) { return 2, 1 })
	m.Model("lite0", "abc", "cpu", "fp32", "onnxruntime 1", true)
	m.Stage("classify", 7*time.Millisecond)
	m.Reloaded(false)
	c := m.Camera("door")
	at := now.Add(-30 * time.Millisecond)
	obs := func(change func(*event.Event)) {
		ev := &event.Event{At: at, Observation: &stability.Observation{Label: 1}}
		change(ev)
		c.Notify(ev)
	}
	obs(func(*event.Event) {})
	obs(func(ev *event.Event) { ev.Pair = true })
	obs(func(ev *event.Event) { ev.Pair, ev.Flip = true, true })
	obs(func(ev *event.Event) { ev.Repeat = true })
	obs(func(ev *event.Event) { ev.Observation.Label = stability.NoLabel })
	obs(func(ev *event.Event) { ev.Break, ev.Observation.Cut = stability.ReasonGap, true })
	c.Notify(&event.Event{Update: stability.Update{Late: []stability.Flip{
		{Revision: 1, Kind: stability.KindGlitch, Unexplained: true}, {Revision: 1, Kind: stability.KindGlitch},
		{Revision: 2, Kind: stability.KindGlitch, Unexplained: true, Final: true}, // told before
	}}})
	c.Notify(&event.Event{Window: &stability.Window{Width: time.Minute, FlipFraction: stability.Interval{Value: 0.25}, Coverage: 0.5}})
	c.Notify(&event.Event{State: &event.Health{State: "up"}})
	c.Notify(&event.Event{Drop: &event.Drop{Reason: "overload", Frames: 4}})
	c.Lost("timeout", false)
	c.Lost("crash", true)
	return reg, m, c
}

func TestExposition(t *testing.T) {
	reg, m, c := filled(t)
	const want = `
# HELP flipmeter_flips_total Changes of the top label within pairs, counted when their kind is known.
# TYPE flipmeter_flips_total counter
flipmeter_flips_total{camera="door",kind="censored"} 0
flipmeter_flips_total{camera="door",kind="churn"} 0
flipmeter_flips_total{camera="door",kind="glitch"} 2
flipmeter_flips_total{camera="door",kind="transition"} 0
# HELP flipmeter_frames_total Frames by what became of them: observed, repeat (the same picture again), or dropped_ and the reason.
# TYPE flipmeter_frames_total counter
flipmeter_frames_total{camera="door",outcome="dropped_overload"} 4
flipmeter_frames_total{camera="door",outcome="observed"} 4
flipmeter_frames_total{camera="door",outcome="repeat"} 1
# HELP flipmeter_pairs_total Pairs of adjacent frames that were compared.
# TYPE flipmeter_pairs_total counter
flipmeter_pairs_total{camera="door"} 2
# HELP flipmeter_unexplained_flips_total Flips that nothing in the picture explains.
# TYPE flipmeter_unexplained_flips_total counter
flipmeter_unexplained_flips_total{camera="door"} 1
# HELP flipmeter_pair_breaks_total Pairs that are missing, by reason.
# TYPE flipmeter_pair_breaks_total counter
flipmeter_pair_breaks_total{camera="door",reason="cut"} 0
flipmeter_pair_breaks_total{camera="door",reason="gap"} 1
flipmeter_pair_breaks_total{camera="door",reason="model"} 0
flipmeter_pair_breaks_total{camera="door",reason="reconnect"} 0
flipmeter_pair_breaks_total{camera="door",reason="size"} 0
flipmeter_pair_breaks_total{camera="door",reason="time"} 0
# HELP flipmeter_cuts_total Scene cuts.
# TYPE flipmeter_cuts_total counter
flipmeter_cuts_total{camera="door"} 1
# HELP flipmeter_flip_fraction Flips per pair in the window.
# TYPE flipmeter_flip_fraction gauge
flipmeter_flip_fraction{camera="door",window="1m"} 0.25
# HELP flipmeter_source_up Whether frames come from the source: 1 or 0.
# TYPE flipmeter_source_up gauge
flipmeter_source_up{camera="door"} 1
# HELP flipmeter_source_reconnects_total Losses of the source that another attempt followed, by reason.
# TYPE flipmeter_source_reconnects_total counter
flipmeter_source_reconnects_total{camera="door",reason="crash"} 1
flipmeter_source_reconnects_total{camera="door",reason="timeout"} 1
# HELP flipmeter_child_restarts_total Decoding processes that died or had to be killed, by reason.
# TYPE flipmeter_child_restarts_total counter
flipmeter_child_restarts_total{camera="door",reason="crash"} 1
# HELP flipmeter_last_frame_timestamp_seconds When the newest frame was captured, Unix time.
# TYPE flipmeter_last_frame_timestamp_seconds gauge
flipmeter_last_frame_timestamp_seconds{camera="door"} 999.97
# HELP flipmeter_alerts_firing Alerts that fire now.
# TYPE flipmeter_alerts_firing gauge
flipmeter_alerts_firing{silenced="false"} 2
flipmeter_alerts_firing{silenced="true"} 1
# HELP flipmeter_events_total Messages for NATS by what became of them.
# TYPE flipmeter_events_total counter
flipmeter_events_total{result="duplicate"} 3
flipmeter_events_total{result="lost"} 5
flipmeter_events_total{result="lost_pictures"} 6
flipmeter_events_total{result="published"} 1
flipmeter_events_total{result="resent"} 4
flipmeter_events_total{result="stored"} 2
# HELP flipmeter_batches_total Runs of a network.
# TYPE flipmeter_batches_total counter
flipmeter_batches_total 3
# HELP flipmeter_batch_frames Frames that a run classified at once.
# TYPE flipmeter_batch_frames histogram
flipmeter_batch_frames_bucket{le="+Inf"} 3
flipmeter_batch_frames_sum 3
flipmeter_batch_frames_count 3
# HELP flipmeter_model_info Models that are loaded.
# TYPE flipmeter_model_info gauge
flipmeter_model_info{model="lite0",precision="fp32",provider="cpu",runtime="onnxruntime 1",sha256="abc"} 1
# HELP flipmeter_config_last_reload_successful Whether the newest configuration is in force: 1 or 0.
# TYPE flipmeter_config_last_reload_successful gauge
flipmeter_config_last_reload_successful 0
`
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllStringSubmatch(want, -1) {
		names = append(names, m[1])
	}
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
	c.Remove()
	m.Model("lite0", "abc", "cpu", "fp32", "onnxruntime 1", false)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, metric := range f.Metric {
			for _, l := range metric.Label {
				if l.GetValue() == "door" || l.GetValue() == "lite0" {
					t.Errorf("%s still has %s", f.GetName(), l.GetValue())
				}
			}
		}
	}
}

func TestMetricsKeepToPrometheusRules(t *testing.T) {
	reg, _, _ := filled(t)
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// docs/metrics.md lists every metric with its labels, and no other.
func TestEveryMetricIsDocumented(t *testing.T) {
	reg, _, camera := filled(t)
	camera.Messages([]string{"taken"})
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string][]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(flipmeter_[a-z_]+)(?:\\{([a-z0-9_,]*)\\})?` \\|").FindAllStringSubmatch(string(page), -1) {
		documented[m[1]] = strings.Split(m[2], ",")
	}
	for _, f := range families {
		labels, ok := documented[f.GetName()]
		if !ok {
			t.Errorf("docs/metrics.md does not list %s", f.GetName())
			continue
		}
		delete(documented, f.GetName())
		want := []string{}
		for _, l := range f.Metric[0].Label {
			want = append(want, l.GetName())
		}
		if len(want) == 0 {
			want = []string{""}
		}
		slices.Sort(labels)
		if !slices.Equal(labels, want) {
			t.Errorf("docs/metrics.md gives %s the labels %q, it has %q", f.GetName(), labels, want)
		}
	}
	for name := range documented {
		t.Errorf("docs/metrics.md lists %s, which does not exist", name)
	}
}
