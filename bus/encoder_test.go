package bus

import (
	"math"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/stability"
)

// told collects the messages of events.
func told(t *testing.T, e *encoder, evs ...*event.Event) (out []*message) {
	t.Helper()
	for _, ev := range evs {
		if err := e.encode(ev, func(m *message) error { out = append(out, m); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func ofSchema[T any](t *testing.T, messages []*message, typ Type) (out []T) {
	t.Helper()
	for _, m := range messages {
		if m.route != routeState && m.header.Get("ce-type") == SchemaName(typ) {
			out = append(out, decode[T](t, m.data))
		}
	}
	return out
}

func TestTimesOfFilesComeFromPTS(t *testing.T) {
	e := newEncoder(testStream(), false, &messagePool{})
	flips := ofSchema[Flip](t, told(t, e, flipEvent(25), flipEvent(50), lateEvent(25)), TypeFlip)
	for i, want := range []time.Duration{time.Second, 2 * time.Second, time.Second} {
		if !flips[i].At.Equal(testStart.Add(want)) {
			t.Errorf("flip %d at %s, want %s after the start", i, flips[i].At, want)
		}
	}
}

func TestLateFlipKeepsItsTimeLive(t *testing.T) {
	stream := testStream()
	stream.Start = time.Time{}
	e := newEncoder(stream, false, &messagePool{})
	first, second := flipEvent(25), flipEvent(50)
	first.At, second.At = testStart.Add(time.Hour), testStart.Add(2*time.Hour) // nothing like the PTS
	flips := ofSchema[Flip](t, told(t, e, first, second, lateEvent(25)), TypeFlip)
	if !flips[2].At.Equal(first.At) {
		t.Errorf("the late revision is at %s, the flip was at %s", flips[2].At, first.At)
	}
	if len(e.flips) != 1 {
		t.Errorf("%d flips are remembered, one is not final", len(e.flips))
	}
}

func TestIDsDependOnNoClock(t *testing.T) {
	var ids [2][]string
	for i := range ids {
		e := newEncoder(testStream(), false, &messagePool{})
		ev, state := flipEvent(3), &event.Event{State: &event.Health{State: "up"}}
		ev.At = testStart.Add(time.Duration(i) * time.Hour)
		state.At = ev.At
		ev.Window = &stability.Window{Width: time.Minute, At: time.Second}
		for _, m := range told(t, e, ev, state) {
			if m.route != routeState {
				ids[i] = append(ids[i], m.header.Get("ce-id"))
			}
		}
	}
	if len(ids[0]) != 4 {
		t.Fatalf("ids %v", ids[0])
	}
	for i, id := range ids[0] {
		if ids[1][i] != id {
			t.Errorf("ids %s and %s differ with the time of day", id, ids[1][i])
		}
	}
}

func TestWindowToldAgainIsARevision(t *testing.T) {
	e := newEncoder(testStream(), false, &messagePool{})
	ev := func(seq uint64, width time.Duration) *event.Event {
		return &event.Event{Observation: observation(seq), Window: &stability.Window{Width: width, At: time.Duration(seq) * 6 * time.Second}}
	}
	last := &event.Event{Window: &stability.Window{Width: time.Minute, At: 12 * time.Second}, Last: true}
	got := ofSchema[Window](t, told(t, e, ev(1, time.Minute), ev(1, time.Second), ev(2, time.Minute), last), TypeWindow)
	for i, want := range []int{0, 0, 0, 1} {
		if got[i].Revision != want {
			t.Errorf("window %d has revision %d, want %d", i, got[i].Revision, want)
		}
	}
	if got[2].ID != got[3].ID || got[0].ID == got[1].ID || got[0].ID == got[2].ID {
		t.Errorf("ids %s %s %s %s", got[0].ID, got[1].ID, got[2].ID, got[3].ID)
	}
}

func TestWindowsAreToldEveryTenthOfTheirWidth(t *testing.T) {
	e := newEncoder(testStream(), false, &messagePool{})
	var events []*event.Event
	const seconds = 122
	for s := range seconds {
		for _, width := range []time.Duration{10 * time.Second, 25 * time.Second, time.Minute, 10 * time.Minute} {
			w := &stability.Window{Width: width, At: time.Duration(s)*time.Second + time.Millisecond}
			events = append(events, &event.Event{Window: w, Last: s == seconds-1})
		}
	}
	times := map[int64]int{}
	for _, w := range ofSchema[Window](t, told(t, e, events...), TypeWindow) {
		times[int64(w.WidthMs)]++
	}
	for width, want := range map[int64]int{10_000: 122, 25_000: 50, 60_000: 22, 600_000: 4} {
		if got := times[width]; got != want {
			t.Errorf("windows of %d ms are told %d times, want %d", width, got, want)
		}
	}
}

func TestUnknownIsNull(t *testing.T) {
	nan := math.NaN()
	o := &stability.Observation{Seq: 1, Label: stability.NoLabel, Score: float32(nan), PrevLabelScore: float32(nan), Change: -1}
	ev := &event.Event{Observation: o, Window: &stability.Window{
		Width: time.Second, FlipFraction: stability.Interval{Value: nan, Low: nan, High: nan}, MAC: math.Inf(1),
	}}
	e := newEncoder(testStream(), false, &messagePool{})
	messages := told(t, e, ev)
	got := decode[map[string]any](t, messages[0].data)
	for _, field := range []string{"pts_ms", "score", "margin", "prev_label_score", "change", "change_max", "still"} {
		if v, ok := got[field]; !ok || v != nil {
			t.Errorf("%s is %v, want null", field, v)
		}
	}
	if got["label"] != "" || got["index"] != -1.0 {
		t.Errorf("label %v, index %v", got["label"], got["index"])
	}
	w := decode[map[string]any](t, messages[1].data)
	if w["mac"] != nil || w["flip_fraction"].(map[string]any)["value"] != nil {
		t.Errorf("window %s", messages[1].data)
	}
	if back := decode[Window](t, messages[1].data); !math.IsNaN(float64(back.MAC)) {
		t.Errorf("null is read as %v", back.MAC)
	}
}

func TestScoresHaveTheDigitsOfAFloat32(t *testing.T) {
	if b, _ := Score(0.1).MarshalJSON(); string(b) != "0.1" {
		t.Errorf("0.1 is written as %s", b)
	}
}

func TestFlipMemoryIsBounded(t *testing.T) {
	e := newEncoder(testStream(), false, &messagePool{})
	for i := range uint64(3 * maxOpenFlips) {
		told(t, e, flipEvent(i))
	}
	if len(e.flips) > maxOpenFlips {
		t.Errorf("%d flips are remembered", len(e.flips))
	}
}
