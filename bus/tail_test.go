package bus

import (
	"context"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/internal/natstest"
	"github.com/flipmeter/flipmeter/stability"
)

func TestTail(t *testing.T) {
	s := natstest.Start(t)
	conn := connect(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &lockedText{}
	done := make(chan error, 1)
	go func() { done <- Tail(ctx, conn, "", out) }()
	waitFor(t, "the subscription", func() bool { return conn.nc.NumSubscriptions() > 0 })

	r := NewRecorder(conn, testStream(), RecorderConfig{})
	late := lateEvent(3)
	late.Window = &stability.Window{Width: 60e9, Pairs: 40, Flips: 2, FlipFraction: stability.Interval{Value: 0.05}}
	for _, ev := range []*event.Event{
		flipEvent(3), late,
		{At: testStart, State: &event.Health{State: "failed", Error: "no such file"}, Drop: &event.Drop{Reason: "slow", Frames: 3}},
	} {
		if err := r.Record(ctx, ev); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "five lines", func() bool { return strings.Count(out.text(), "\n") == 5 })
	cancel()
	if err := <-done; err != nil {
		t.Errorf("tail: %v", err)
	}
	want := []string{
		"2026-05-01T12:00:00.120Z plant/gate 2 #3 observation dog 0.70 flip",
		"2026-05-01T12:00:00.120Z plant/gate 2 #3 flip        cat 0.60 -> dog 0.70 pending (revision 0)",
		"2026-05-01T12:00:00.120Z plant/gate 2 #3 flip        cat 0.60 -> dog 0.70 transition (revision 1)",
		"2026-05-01T12:00:00.120Z plant/gate 2 #3 window      last 1m0s: 2 flips in 40 pairs, fraction 0.05, unexplained 0, coverage 0",
		"2026-05-01T12:00:00.000Z plant/gate 2 #0 state       failed dropped 3 frames: slow: no such file",
	}
	if got := strings.TrimSpace(out.text()); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// What comes over the bus can't write to a terminal's control channel.
func FuzzLine(f *testing.F) {
	f.Add("flipmeter.v1.a.b.flip", []byte(`{"from":{"index":1,"label":"\u001b[2J"}}`))
	f.Add("flipmeter.v1.a.b.alert", []byte(`{}`))
	f.Add("x", []byte("\n\x00"))
	f.Add("", []byte(nil))
	f.Fuzz(func(t *testing.T, subject string, data []byte) {
		if line := Line(subject, data); strings.ContainsAny(line, "\n\r\x1b\x00\x7f\u0085\u202e") {
			t.Errorf("line %q", line)
		}
	})
}
