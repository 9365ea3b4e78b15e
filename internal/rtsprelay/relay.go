// Package rtsprelay runs an RTSP server that passes on what ffmpeg sends it,
// and can be told to misbehave: for tests, through package rtsptest, and for
// loads. It is no part of the program.
package rtsprelay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/auth"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"
)

// patience is how long ffmpeg may take to begin.
const patience = 2 * time.Minute

// Server is a running server. Each path that somebody publishes on can be
// played by many. Whoever started it calls Stop.
type Server struct {
	addr string
	udp  int // port for RTP over UDP, the one above for RTCP; 0: TCP only
	srv  *gortsplib.Server

	unsent atomic.Int64

	mu             sync.Mutex
	user, password string // what players must show; "" for none
	streams        map[string]*stream
	stopped        bool
}

type stream struct {
	out    *gortsplib.ServerStream
	from   *gortsplib.ServerSession
	muted  bool
	garble bool
	sent   int
}

// Start runs a server on a free loopback port.
func Start() (*Server, error) {
	var errs []error
	for range 20 { // somebody else may take the port first
		addr, err := freePort()
		if err != nil {
			return nil, err
		}
		s := &Server{addr: addr, stopped: true}
		if err = s.Restart(); err == nil {
			return s, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// StartUDP is Start of a server that sends over UDP, too, to those who ask.
func StartUDP() (*Server, error) {
	var errs []error
	for range 20 { // RTP takes an even port, and RTCP the next: they must both be free
		addr, err := freePort()
		if err != nil {
			return nil, err
		}
		l, err := (&net.ListenConfig{}).ListenPacket(context.Background(), "udp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		port := l.LocalAddr().(*net.UDPAddr).Port &^ 1
		if err := l.Close(); err != nil {
			return nil, err
		}
		s := &Server{addr: addr, udp: port, stopped: true}
		if err = s.Restart(); err == nil {
			return s, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

func freePort() (string, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// Addr is where it listens, as host:port.
func (s *Server) Addr() string { return s.addr }

// URL is where players find a path.
func (s *Server) URL(path string) string { return "rtsp://" + s.addr + "/" + path }

// Authenticate makes players show a user and a password from now on.
func (s *Server) Authenticate(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user, s.password = user, password
}

// Stop ends the server with all its connections, as if it was switched off.
func (s *Server) Stop() {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return
	}
	s.stopped = true
	s.mu.Unlock()
	s.srv.Close()
	_ = s.srv.Wait() // it says that it was closed
}

// Restart switches a stopped server on again, on the same port. Publishers
// must be started again. A connection of somebody else may have come by the
// port meanwhile: that passes.
func (s *Server) Restart() (err error) {
	for deadline := time.Now().Add(restartPatience); ; time.Sleep(restartPatience / 100) {
		if err = s.restart(); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

const restartPatience = 20 * time.Second

func (s *Server) restart() error {
	srv := &gortsplib.Server{Handler: s, RTSPAddress: s.addr, WriteQueueSize: 1024}
	if s.udp != 0 {
		srv.UDPRTPAddress, srv.UDPRTCPAddress = fmt.Sprintf("127.0.0.1:%d", s.udp), fmt.Sprintf("127.0.0.1:%d", s.udp+1)
	}
	s.mu.Lock()
	s.stopped, s.streams, s.srv = false, map[string]*stream{}, srv
	s.mu.Unlock()
	if err := srv.Start(); err != nil {
		return fmt.Errorf("start the rtsp server: %w", err)
	}
	return nil
}

// Mute keeps a path's packets back: it stays connected and says nothing.
func (s *Server) Mute(path string, on bool) { s.with(path, func(st *stream) { st.muted = on }) }

// Garble damages every fourth packet of a path.
func (s *Server) Garble(path string, on bool) { s.with(path, func(st *stream) { st.garble = on }) }

func (s *Server) with(path string, f func(*stream)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.streams[path]; st != nil {
		f(st)
	}
}

// Publish sends what ffmpeg makes of the arguments to a path, until the
// returned function is called. It returns when the path can be played.
func (s *Server) Publish(path string, args ...string) (stop func(), err error) {
	all := append([]string{"-hide_banner", "-loglevel", "error", "-nostdin", "-threads", "1"}, args...)
	all = append(all, "-f", "rtsp", "-rtsp_transport", "tcp", s.URL(path))
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "ffmpeg", all...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("start ffmpeg: %w (apt-get install ffmpeg)", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait() // it is killed
	}()
	stop = func() { cancel(); <-done }
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		st := s.streams[path]
		ready := st != nil && st.sent > 0
		s.mu.Unlock()
		if ready {
			return stop, nil
		}
		select {
		case <-done:
			stop()
			return nil, fmt.Errorf("ffmpeg %q ended: %s", all, stderr.Bytes())
		default:
		}
		if time.Now().After(deadline) {
			stop()
			return nil, fmt.Errorf("ffmpeg %q sent nothing within %v", all, patience)
		}
	}
}

// OnDescribe implements gortsplib's handler.
func (s *Server) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.user != "" {
		// As most cameras have it; FFmpeg does not know the newer ones.
		methods := []auth.ValidateMethod{auth.ValidateMethodDigestMD5}
		if err := auth.Validate(ctx.Request, s.user, s.password, methods, "test", "nonce"); err != nil {
			return &base.Response{
				StatusCode: base.StatusUnauthorized,
				Header:     base.Header{"WWW-Authenticate": auth.GenerateWWWAuthenticate(methods, "test", "nonce")},
			}, nil, nil
		}
	}
	st := s.streams[strings.Trim(ctx.Path, "/")]
	if st == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, st.out, nil
}

// OnAnnounce implements gortsplib's handler.
func (s *Server) OnAnnounce(ctx *gortsplib.ServerHandlerOnAnnounceCtx) (*base.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.Trim(ctx.Path, "/")
	if s.streams[path] != nil {
		return &base.Response{StatusCode: base.StatusBadRequest}, fmt.Errorf("%s is published already", path)
	}
	s.streams[path] = &stream{out: gortsplib.NewServerStream(s.srv, ctx.Description), from: ctx.Session}
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnSetup implements gortsplib's handler.
func (s *Server) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[strings.Trim(ctx.Path, "/")]
	if st == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	if st.from == ctx.Session {
		return &base.Response{StatusCode: base.StatusOK}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, st.out, nil
}

// OnPlay implements gortsplib's handler.
func (s *Server) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnRecord implements gortsplib's handler.
func (s *Server) OnRecord(ctx *gortsplib.ServerHandlerOnRecordCtx) (*base.Response, error) {
	path := strings.Trim(ctx.Path, "/")
	ctx.Session.OnPacketRTPAny(func(m *description.Media, _ format.Format, p *rtp.Packet) { s.pass(path, m, p) })
	return &base.Response{StatusCode: base.StatusOK}, nil
}

func (s *Server) pass(path string, m *description.Media, p *rtp.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[path]
	if st == nil {
		return
	}
	st.sent++
	if st.muted {
		return
	}
	if st.garble && st.sent%4 == 0 && len(p.Payload) > 8 {
		for i := 2; i < len(p.Payload); i += 3 {
			p.Payload[i] ^= 0x5a
		}
	}
	_ = st.out.WritePacketRTP(m, p) // a player that went away is no matter
}

// OnStreamWriteError implements gortsplib's handler: a player does not take
// its packets.
func (s *Server) OnStreamWriteError(*gortsplib.ServerHandlerOnStreamWriteErrorCtx) { s.unsent.Add(1) }

// Unsent is how many packets were thrown away because a player was too slow.
func (s *Server) Unsent() int64 { return s.unsent.Load() }

// OnSessionClose implements gortsplib's handler.
func (s *Server) OnSessionClose(ctx *gortsplib.ServerHandlerOnSessionCloseCtx) {
	s.mu.Lock()
	var gone *gortsplib.ServerStream
	for path, st := range s.streams {
		if st.from == ctx.Session {
			gone = st.out
			delete(s.streams, path)
		}
	}
	s.mu.Unlock()
	if gone != nil {
		gone.Close()
	}
}
