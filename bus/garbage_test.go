//go:build !race

package bus

import (
	"testing"

	"github.com/flipmeter/flipmeter/event"
)

// A frame leaves its names behind as garbage, and nothing else. (The race
// detector lets pools forget on purpose.)
func TestObservationsMakeLittleGarbage(t *testing.T) {
	e, ev := newEncoder(testStream(), false, &messagePool{}), &event.Event{Observation: observation(7)}
	allocs := testing.AllocsPerRun(1000, func() {
		if err := e.encode(ev, func(m *message) error { m.release(); return nil }); err != nil {
			t.Fatal(err)
		}
	})
	// Its id and its time.
	if allocs > 2 {
		t.Errorf("%v allocations an observation", allocs)
	}
}
