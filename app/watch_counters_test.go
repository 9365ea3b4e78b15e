package app

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/flipmeter/flipmeter/web/metrics"
)

// What has not happened yet is there, at zero: increase() over a series that
// begins at one says nothing of that one.
func TestCountersAreThereFromTheStart(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	w := &watching{metrics: metrics.New(reg, metrics.Build{})}
	c := w.counters("door")
	const want = `
# HELP flipmeter_child_restarts_total Decoding processes that died or had to be killed, by reason.
# TYPE flipmeter_child_restarts_total counter
flipmeter_child_restarts_total{camera="door",reason="crash"} 0
flipmeter_child_restarts_total{camera="door",reason="hang"} 0
# HELP flipmeter_config_reloads_total Attempts to apply a changed configuration.
# TYPE flipmeter_config_reloads_total counter
flipmeter_config_reloads_total{result="applied"} 0
flipmeter_config_reloads_total{result="refused"} 0
# HELP flipmeter_frames_total Frames by what became of them: observed, repeat (the same picture again), or dropped_ and the reason.
# TYPE flipmeter_frames_total counter
flipmeter_frames_total{camera="door",outcome="dropped_classify"} 0
flipmeter_frames_total{camera="door",outcome="dropped_decode"} 0
flipmeter_frames_total{camera="door",outcome="dropped_overload"} 0
flipmeter_frames_total{camera="door",outcome="dropped_shutdown"} 0
flipmeter_frames_total{camera="door",outcome="observed"} 0
flipmeter_frames_total{camera="door",outcome="repeat"} 0
# HELP flipmeter_pair_breaks_total Pairs that are missing, by reason.
# TYPE flipmeter_pair_breaks_total counter
flipmeter_pair_breaks_total{camera="door",reason="cut"} 0
flipmeter_pair_breaks_total{camera="door",reason="gap"} 0
flipmeter_pair_breaks_total{camera="door",reason="model"} 0
flipmeter_pair_breaks_total{camera="door",reason="reconnect"} 0
flipmeter_pair_breaks_total{camera="door",reason="size"} 0
flipmeter_pair_breaks_total{camera="door",reason="time"} 0
# HELP flipmeter_source_reconnects_total Losses of the source that another attempt followed, by reason.
# TYPE flipmeter_source_reconnects_total counter
flipmeter_source_reconnects_total{camera="door",reason="crash"} 0
flipmeter_source_reconnects_total{camera="door",reason="decode"} 0
flipmeter_source_reconnects_total{camera="door",reason="hang"} 0
flipmeter_source_reconnects_total{camera="door",reason="loop"} 0
flipmeter_source_reconnects_total{camera="door",reason="lost"} 0
flipmeter_source_reconnects_total{camera="door",reason="open"} 0
flipmeter_source_reconnects_total{camera="door",reason="size"} 0
flipmeter_source_reconnects_total{camera="door",reason="timeout"} 0
`
	names := []string{
		"flipmeter_child_restarts_total", "flipmeter_config_reloads_total", "flipmeter_frames_total",
		"flipmeter_pair_breaks_total", "flipmeter_source_reconnects_total",
	}
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
	c.Remove()
	if n, err := testutil.GatherAndCount(reg, names...); err != nil || n != 2 {
		t.Errorf("%d series are left of a camera that was taken out, error %v", n-2, err)
	}
}
