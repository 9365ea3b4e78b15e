//go:build cgo && gocv_specific_modules

package app_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/internal/natstest"
)

// TestPublishedIsWhatTheSummarySays analyses real footage with a real server
// beside it: every observation is heard, every flip is stored with the kind
// that the summary counts, and the last state is there.
func TestPublishedIsWhatTheSummarySays(t *testing.T) {
	srv := natstest.Listen(t)
	nc := srv.Connect(t)
	var observations atomic.Int64
	if _, err := nc.Subscribe("flipmeter.v1.lab.bigbuckbunny.observation", func(*nats.Msg) { observations.Add(1) }); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	o := nativeOptions(t)
	o.Sources = []string{asset(t, "footage", "bigbuckbunny.mp4")}
	o.NATS, o.Site, o.Pictures = srv.URL(), "lab", true
	sum := analyze(t, o)
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}

	stored := storedMessages(t, nc)
	flips := make(map[string]bus.Flip) // by id, the highest revision
	windows, states := 0, 0
	for _, m := range stored {
		kind := m.Subject()[strings.LastIndexByte(m.Subject(), '.')+1:]
		switch kind {
		case "flip":
			var f bus.Flip
			if err := json.Unmarshal(m.Data(), &f); err != nil {
				t.Fatal(err)
			}
			if f.Identity != sum.Streams[0].Identity.SHA256 {
				t.Errorf("flip %s has identity %s, the summary %s", f.ID, f.Identity, sum.Streams[0].Identity.SHA256)
			}
			if old, ok := flips[f.ID]; ok && old.Revision == f.Revision {
				t.Errorf("revision %d of flip %s is stored twice", f.Revision, f.ID)
			} else if !ok || old.Revision < f.Revision {
				flips[f.ID] = f
			}
		case "window":
			windows++
		case "state":
			states++
			if !strings.Contains(string(m.Data()), `"ended"`) {
				t.Errorf("the last state is %s", m.Data())
			}
		}
	}
	kinds := make(map[string]int64)
	for id, f := range flips {
		kinds[f.Kind]++
		if !f.Final {
			t.Errorf("flip %s has no final revision", id)
		}
		if f.Pictures == nil {
			t.Errorf("flip %s has no pictures", id)
		}
	}
	m := sum.Streams[0].Measures
	if int64(len(flips)) != int64(m.Flips) || kinds["churn"] != int64(m.Kinds.Churn) || kinds["transition"] != int64(m.Kinds.Transition) {
		t.Errorf("%d flips of kinds %v are stored; the summary counts %d: %+v", len(flips), kinds, m.Flips, m.Kinds)
	}
	if got := observations.Load(); got != int64(m.Frames) {
		t.Errorf("%d observations were heard, want %d", got, m.Frames)
	}
	if windows == 0 || states != 1 {
		t.Errorf("%d windows and %d states are stored, want some and one", windows, states)
	}
}

func storedMessages(t *testing.T, nc *nats.Conn) []jetstream.Msg {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, err := js.Stream(ctx, "FLIPMETER")
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var out []jetstream.Msg
	for uint64(len(out)) < info.State.Msgs {
		m, err := c.Next(jetstream.FetchMaxWait(5 * time.Second))
		if err != nil {
			t.Fatalf("%d of %d messages: %v", len(out), info.State.Msgs, err)
		}
		out = append(out, m)
	}
	return out
}
