//go:build cgo && gocv_specific_modules && !race

package app_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/event"
)

// chronicle writes down the states of cameras as listeners are told of them,
// and whether the metrics say the same at that moment.
type chronicle struct {
	registry *prometheus.Registry

	mu     sync.Mutex
	told   map[string][]string // by camera: state, or state and error
	differ []string
}

func (c *chronicle) listen(o *app.WatchOptions) {
	c.registry, c.told = o.Registry, map[string][]string{}
	o.Listeners = append(o.Listeners, c)
}

// Notify implements event.Listener.
func (c *chronicle) Notify(ev *event.Event) {
	if ev.State == nil {
		return
	}
	families, err := c.registry.Gather()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.differ = append(c.differ, err.Error())
	}
	c.told[ev.Camera] = append(c.told[ev.Camera], strings.TrimSpace(ev.State.State+" "+ev.State.Error))
	up, values := 0.0, valuesOf(families)
	if ev.State.State == "up" {
		up = 1
	}
	for key, v := range values {
		if name, state, ok := strings.Cut(key, " state="); ok && name == "flipmeter_source_state camera="+ev.Camera && (v == 1) != (state == ev.State.State) {
			c.differ = append(c.differ, fmt.Sprintf("%s is %v, told %s", key, v, ev.State.State))
		}
	}
	if v := values["flipmeter_source_up camera="+ev.Camera]; v != up {
		c.differ = append(c.differ, fmt.Sprintf("up of %s is %v, told %s", ev.Camera, v, ev.State.State))
	}
}

// of is what a camera's states were so far.
func (c *chronicle) of(camera string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.told[camera])
}

// check compares what was told with what was stored, after the end.
func (c *chronicle) check(t *testing.T, stored map[string][]string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, line := range c.differ {
		t.Error(line)
	}
	for _, camera := range slices.Sorted(maps.Keys(c.told)) {
		if !slices.Equal(stored[camera], c.told[camera]) {
			t.Errorf("%s: the stored states are %q, told %q", camera, stored[camera], c.told[camera])
		}
	}
}

// match says whether states are those that are wanted, in their order. A
// wanted one may be the beginning only, where it ends in "…".
func match(states, want []string) bool {
	return slices.EqualFunc(states, want, func(got, want string) bool {
		if begin, ok := strings.CutSuffix(want, "…"); ok {
			return strings.HasPrefix(got, begin)
		}
		return got == want
	})
}
