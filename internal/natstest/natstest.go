// Package natstest runs real NATS servers with JetStream in tests: one in
// the process without a port, or one on a loopback port that can be stopped
// and started again with its store.
package natstest

import (
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const startTimeout = time.Minute

// Server is a running server. Tests end it by ending.
type Server struct {
	opts server.Options
	ns   *server.Server
}

// Start runs a server that listens nowhere: connect with Connect, or give
// it to what takes a nats.InProcessConnProvider.
func Start(t testing.TB) *Server {
	t.Helper()
	return start(t, server.Options{DontListen: true})
}

// Listen runs a server on a free loopback port. Options change what it
// runs with, say its credentials.
func Listen(t testing.TB, change ...func(*server.Options)) *Server {
	t.Helper()
	opts := server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT}
	for _, f := range change {
		f(&opts)
	}
	return start(t, opts)
}

func start(t testing.TB, opts server.Options) *Server {
	t.Helper()
	opts.JetStream = true
	opts.StoreDir = t.TempDir()
	opts.DisableJetStreamBanner = true
	opts.NoSigs = true
	opts.NoLog = true
	s := &Server{opts: opts}
	s.run(t)
	if !opts.DontListen {
		// A restart must come back on the same port.
		s.opts.Port = s.ns.Addr().(*net.TCPAddr).Port
	}
	t.Cleanup(s.Stop)
	return s
}

func (s *Server) run(t testing.TB) {
	t.Helper()
	awaitPort(s.opts.Port)
	awaitPort(s.opts.MQTT.Port)
	opts := s.opts // the server writes to its options
	ns, err := server.NewServer(&opts)
	if err != nil {
		t.Fatalf("make a nats server: %v", err)
	}
	ns.Start()
	if !ns.ReadyForConnections(startTimeout) {
		ns.Shutdown()
		t.Fatalf("the nats server was not ready after %s", startTimeout)
	}
	s.ns = ns
	// A restart must come back on the same port; the server has put it here.
	s.opts.MQTT.Port = opts.MQTT.Port
}

// MQTT makes a server of Listen take MQTT, too.
func MQTT(o *server.Options) {
	o.ServerName, o.MQTT.Host, o.MQTT.Port = "broker", "127.0.0.1", server.RANDOM_PORT
}

// MQTTURL is where a server with MQTT takes it.
func (s *Server) MQTTURL() string {
	return "mqtt://" + net.JoinHostPort(s.opts.MQTT.Host, strconv.Itoa(s.opts.MQTT.Port))
}

// URL is where the server listens.
func (s *Server) URL() string { return s.ns.ClientURL() }

// InProcessConn makes the server a nats.InProcessConnProvider.
func (s *Server) InProcessConn() (net.Conn, error) { return s.ns.InProcessConn() }

// Stop stops the server and waits until its files are closed. It may be
// called again.
func (s *Server) Stop() {
	s.ns.Shutdown()
	s.ns.WaitForShutdown()
}

// Restart starts a stopped server again, with the same port and store.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.run(t)
}

// Connect gives a connection that is closed when the test ends, or before
// it is, by Server.Stop.
func (s *Server) Connect(t testing.TB) *nats.Conn {
	t.Helper()
	var opts []nats.Option
	url := ""
	if s.opts.DontListen {
		opts = append(opts, nats.InProcessServer(s))
	} else {
		url = s.URL()
	}
	nc, err := nats.Connect(url, append(opts, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))...)
	if err != nil {
		t.Fatalf("connect to the nats server: %v", err)
	}
	t.Cleanup(nc.Close)
	return nc
}
