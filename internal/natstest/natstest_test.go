package natstest

import (
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRestartKeepsPortAndStore(t *testing.T) {
	s := Listen(t)
	url := s.URL()
	nc := s.Connect(t)
	// A request that was written into the connection that ended is never
	// answered: each may take only a part of the deadline below.
	js, err := nc.JetStream(nats.MaxWait(500 * time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.CreateKeyValue(&nats.KeyValueConfig{Bucket: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.PutString("k", "v"); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	s.Restart(t)
	if s.URL() != url {
		t.Fatalf("url is %s after the restart, was %s", s.URL(), url)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		e, err := kv.Get("k")
		if err == nil && string(e.Value()) == "v" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the value did not outlive the restart: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestStartListensNowhere(t *testing.T) {
	s := Start(t)
	nc := s.Connect(t)
	if err := nc.Publish("a", nil); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	if a := s.ns.Addr(); a != nil {
		t.Fatalf("listens on %s", a)
	}
}

// A restart waits for a port that somebody came by meanwhile.
func TestRestartWaitsForItsPort(t *testing.T) {
	s := Listen(t)
	address := s.ns.Addr().String()
	s.Stop()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(300*time.Millisecond, func() { _ = l.Close() })
	s.Restart(t)
	if got := s.ns.Addr().String(); got != address {
		t.Errorf("it is at %s, was at %s", got, address)
	}
}
