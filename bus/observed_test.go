package bus

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/internal/natstest"
)

// Messages are used again while others are under way: what arrives of each
// camera is nevertheless its own, each observation once and whole, with the
// headers of that one.
func TestObservationsOfCamerasAreNotMixed(t *testing.T) {
	s := natstest.Start(t)
	const cameras, n = 8, 500
	p := NewPublisher(connect(t, s), PublisherConfig{Observations: cameras * n})
	stop := run(t, p)
	heard := make(chan *nats.Msg, cameras*n)
	nc := s.Connect(t)
	if _, err := nc.ChanSubscribe(AllSubjects, heard); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for c := range cameras {
		stream := testStream()
		stream.Camera = fmt.Sprintf("camera%d", c)
		l := p.Listener(stream)
		wg.Go(func() {
			for i := range uint64(n) {
				l.Notify(&event.Event{Observation: observation(i), Track: []string{"", "a much longer name of a track"}[i%2]})
				if i%50 == 0 {
					time.Sleep(time.Millisecond) // so that messages are sent, and used again
				}
			}
		})
	}
	wg.Wait()
	stop()
	seen := map[string]bool{}
	for range cameras * n {
		var m *nats.Msg
		select {
		case m = <-heard:
		case <-time.After(20 * time.Second):
			t.Fatalf("%d of %d observations arrived; %+v", len(seen), cameras*n, p.Stats())
		}
		var o Observation
		if err := json.Unmarshal(m.Data, &o); err != nil {
			t.Fatalf("%v in %s", err, m.Data)
		}
		track := []string{"", "a much longer name of a track"}[o.Seq%2]
		id := eventID(o.Site, o.Camera, track, o.Epoch, TypeObservation, o.Seq, "")
		if o.Track != track || o.ID != id || m.Subject != Subject(o.Site, o.Camera, TypeObservation) || m.Header.Get("ce-id") != id+":0" ||
			m.Header.Get("ce-source") != "/"+o.Site+"/"+o.Camera || m.Header.Get("ce-time") != o.At.Format(time.RFC3339Nano) ||
			int32(o.Seq%2) != o.Index || len(o.Top) != 2 {
			t.Fatalf("%s %v: %s", m.Subject, m.Header, m.Data)
		}
		if seen[o.ID] {
			t.Fatalf("%s came twice", o.ID)
		}
		seen[o.ID] = true
	}
}
