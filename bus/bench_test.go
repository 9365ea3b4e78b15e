package bus

import (
	"context"
	"testing"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/internal/natstest"
)

func benchConn(b *testing.B) *Conn {
	b.Helper()
	conn, err := Connect(context.Background(), Config{InProcess: natstest.Start(b), Storage: Storage{InMemory: true}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(conn.nc.Close)
	return conn
}

// One observation an iteration, as most frames are.
func BenchmarkRecordObservation(b *testing.B) {
	r := NewRecorder(benchConn(b), testStream(), RecorderConfig{})
	ev := &event.Event{Observation: observation(1)}
	for b.Loop() {
		ev.Observation.Seq++
		if err := r.Record(context.Background(), ev); err != nil {
			b.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
}

// A flip with its observation and its last revision an iteration, stored and
// acknowledged.
func BenchmarkRecordFlip(b *testing.B) {
	r := NewRecorder(benchConn(b), testStream(), RecorderConfig{})
	var seq uint64
	for b.Loop() {
		seq++
		for _, ev := range []*event.Event{flipEvent(seq), lateEvent(seq)} {
			if err := r.Record(context.Background(), ev); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
}

// What a live stream's goroutine pays for an observation.
func BenchmarkNotify(b *testing.B) {
	p := NewPublisher(benchConn(b), PublisherConfig{})
	l := p.Listener(testStream())
	ev := &event.Event{Observation: observation(1)}
	for b.Loop() {
		ev.Observation.Seq++
		l.Notify(ev)
	}
}
