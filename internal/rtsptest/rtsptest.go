// Package rtsptest runs a real RTSP server in tests, which passes on what
// ffmpeg sends it, and can be told to misbehave.
package rtsptest

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/flipmeter/flipmeter/internal/rtsprelay"
)

// Server is a running server; tests end it by ending.
type Server struct{ *rtsprelay.Server }

// Start runs a server on a free loopback port.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := rtsprelay.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return &Server{s}
}

// StartUDP is Start of a server that sends over UDP, too, to those who ask.
func StartUDP(t testing.TB) *Server {
	t.Helper()
	s, err := rtsprelay.StartUDP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return &Server{s}
}

// Restart switches a stopped server on again, on the same port. Publishers
// must be started again.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.Server.Restart(); err != nil {
		t.Fatal(err)
	}
}

// Publish sends what ffmpeg makes of the arguments to a path, until the test
// ends or the returned function is called. It returns when the path can be
// played.
func (s *Server) Publish(t testing.TB, path string, args ...string) (stop func()) {
	t.Helper()
	stop, err := s.Server.Publish(path, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return stop
}

// HalfOpen listens, accepts, and never answers. It returns its address.
func HalfOpen(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
		for _, c := range conns {
			c.Close()
		}
	})
	return l.Addr().String()
}

// Doorway passes connections on to the server, and breaks each off when the
// player sends a request of the method (DESCRIBE, SETUP, PLAY), as a server
// that is killed in the middle of a handshake. Once open is called it passes
// everything. It returns the URL of a path.
func (s *Server) Doorway(t testing.TB, path, method string) (url string, open func()) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var opened atomic.Bool
	ctx, cancel := context.WithCancel(context.Background())
	serve := func(player net.Conn) {
		defer player.Close()
		server, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Addr())
		if err != nil {
			return
		}
		defer server.Close()
		defer context.AfterFunc(ctx, func() { player.Close(); server.Close() })()
		wg.Go(func() {
			defer player.Close()
			_, _ = io.Copy(player, server)
		})
		buf := make([]byte, 4096)
		for {
			n, err := player.Read(buf)
			if err != nil || !opened.Load() && bytes.HasPrefix(buf[:n], []byte(method+" ")) {
				return
			}
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
	}
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); cancel(); wg.Wait() })
	return "rtsp://" + l.Addr().String() + "/" + path, func() { opened.Store(true) }
}
