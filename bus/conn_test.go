package bus

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/flipmeter/flipmeter/internal/natstest"
)

const canary = "kanarienvogel/17"

// A password must not show, whatever goes wrong.
func TestCredentialsAreNeverShown(t *testing.T) {
	s := natstest.Listen(t, func(o *server.Options) { o.Username, o.Password = "meter", canary })
	host := strings.TrimPrefix(s.URL(), "nats://")
	free := "127.0.0.1:1" // nothing listens there
	log, text := logText()
	ctx := t.Context()
	for name, url := range map[string]string{
		"wrong password": "nats://meter:" + "x" + "kanarienvogel%2F17@" + host,
		"nobody there":   "nats://meter:kanarienvogel%2F17@" + free,
		"token":          "nats://kanarienvogel%2F17@" + free,
		"not a url":      "nats://meter:" + canary + "%zz@" + host,
		"bad scheme":     "http://meter:kanarienvogel%2F17@" + host,
		"no host":        "nats://meter:kanarienvogel%2F17@",
		"bad port":       "nats://meter:kanarienvogel%2F17@host:port",
		"two":            "nats://meter:kanarienvogel%2F17@" + free + ",nats://meter:kanarienvogel%2F17@" + free,
	} {
		_, err := Connect(ctx, Config{URL: url, ConnectTimeout: time.Second}, log)
		if err == nil {
			t.Errorf("%s: connected", name)
			continue
		}
		if strings.Contains(err.Error(), "kanarienvogel") || strings.ContainsRune(err.Error(), '\n') {
			t.Errorf("%s: error %q", name, err)
		}
	}
	conn, err := Connect(ctx, Config{URL: "nats://meter:kanarienvogel%2F17@" + host}, log)
	if err != nil {
		t.Fatalf("with the right password: %v", err)
	}
	if err := conn.Provision(ctx); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	r := NewRecorder(conn, testStream(), RecorderConfig{GiveUp: 10 * time.Millisecond, CloseTimeout: 10 * time.Millisecond})
	for i := uint64(0); err == nil; i++ {
		err = r.Record(ctx, flipEvent(i))
	}
	err = errors.Join(err, r.Close())
	closeConn(t, conn)
	if strings.Contains(err.Error(), "kanarienvogel") {
		t.Errorf("error %q", err)
	}
	if strings.Contains(text(), "kanarienvogel") || strings.Contains(conn.Host(), "meter") {
		t.Errorf("log %q, host %q", text(), conn.Host())
	}
}

func TestConnectErrorsSayWhatToDo(t *testing.T) {
	secured := natstest.Listen(t, func(o *server.Options) { o.Authorization = "t0ken" })
	for name, c := range map[string]struct {
		cfg  Config
		want string
	}{
		"no url":     {Config{}, "use nats://host:4222, or embedded"},
		"no server":  {Config{URL: "127.0.0.1:1"}, "is the server running there"},
		"no token":   {Config{URL: secured.URL()}, "check the user, token"},
		"no tls":     {Config{URL: strings.Replace(secured.URL(), "nats://", "tls://", 1), Token: "t0ken"}, "offers no TLS"},
		"no ca file": {Config{URL: secured.URL(), TLS: TLS{CAFile: "/nonexistent/ca.pem"}}, "/nonexistent/ca.pem"},
		"no key":     {Config{URL: secured.URL(), NKeyFile: "/nonexistent/seed"}, "/nonexistent/seed"},
	} {
		c.cfg.ConnectTimeout = 2 * time.Second
		conn, err := Connect(t.Context(), c.cfg, nil)
		if err == nil {
			closeConn(t, conn)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestBrokerWithoutJetStreamIsNamed(t *testing.T) {
	ns, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	defer ns.WaitForShutdown()
	defer ns.Shutdown()
	conn, err := Connect(t.Context(), Config{InProcess: ns}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer closeConn(t, conn)
	if err := conn.Provision(t.Context()); err == nil || !strings.Contains(err.Error(), "start the server with JetStream") {
		t.Errorf("error %v", err)
	}
}

func TestOperatorsStreamStaysAsItIs(t *testing.T) {
	s := natstest.Start(t)
	js, err := s.Connect(t).JetStream()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.AddStream(&nats.StreamConfig{Name: StreamName, Subjects: storedSubjects(), MaxAge: time.Hour, MaxMsgs: 7}); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, s)
	if err := conn.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := js.StreamInfo(StreamName)
	if err != nil {
		t.Fatal(err)
	}
	if info.Config.MaxMsgs != 7 || info.Config.MaxAge != time.Hour {
		t.Errorf("the stream was changed to %+v", info.Config)
	}
}

func TestEmbeddedServerKeepsItsStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nats")
	ctx, cancel := context.WithTimeout(t.Context(), patienceOfTests)
	defer cancel()
	for run := range 2 {
		srv, err := StartEmbedded(ctx, ServerConfig{StoreDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if srv.URL() != "" {
			t.Errorf("a server for this process only listens on %s", srv.URL())
		}
		// Limits that changed in the configuration take effect.
		conn, err := Connect(ctx, Config{Server: srv, Storage: Storage{MaxAge: time.Duration(run+1) * time.Hour}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		stream := testStream()
		stream.Epoch += uint64(run)
		r := NewRecorder(conn, stream, RecorderConfig{})
		if err := r.Record(ctx, lateEvent(1)); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		st, err := conn.js.Stream(ctx, StreamName)
		if err != nil {
			t.Fatal(err)
		}
		if i := st.CachedInfo(); i.State.Msgs != uint64(run+1) || i.Config.MaxAge != time.Duration(run+1)*time.Hour {
			t.Errorf("run %d: %d messages, max age %s", run, i.State.Msgs, i.Config.MaxAge)
		}
		closeConn(t, conn)
		if err := srv.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
		if err := srv.Shutdown(ctx); err != nil {
			t.Errorf("a second shutdown: %v", err)
		}
	}
}

func TestEmbeddedServerOnAPort(t *testing.T) {
	ctx := t.Context()
	srv, err := StartEmbedded(ctx, ServerConfig{Listen: "127.0.0.1:0", Token: canary})
	if err != nil {
		t.Fatal(err)
	}
	temp := srv.tempDir
	if _, err := os.Stat(temp); err != nil {
		t.Errorf("no temporary store: %v", err)
	}
	if strings.Contains(srv.URL(), "kanarienvogel") || !strings.HasPrefix(srv.URL(), "nats://127.0.0.1:") {
		t.Errorf("url %q", srv.URL())
	}
	if _, err := nats.Connect(srv.URL()); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("without the token: %v", err)
	}
	for name, cfg := range map[string]Config{"inside": {Server: srv}, "outside": {URL: srv.URL(), Token: canary}} {
		conn, err := Connect(ctx, cfg, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		closeConn(t, conn)
	}
	taken := strings.TrimPrefix(srv.URL(), "nats://")
	if _, err := StartEmbedded(ctx, ServerConfig{Listen: taken, StartTimeout: time.Hour}); err == nil || !strings.Contains(err.Error(), taken) {
		t.Errorf("on a port that is taken: %v", err)
	}
	if err := srv.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(temp); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary store is still there: %v", err)
	}
}

func TestEmbeddedServerRefusesToBeOpen(t *testing.T) {
	for listen, want := range map[string]string{
		"0.0.0.0:0":         "open to other machines",
		":4222":             "open to other machines",
		"192.168.1.2:4222":  "open to other machines",
		"[::]:4222":         "open to other machines",
		"4222":              "want host:port",
		"127.0.0.1:x":       "port must be a number",
		"127.0.0.1:99999":   "port must be a number",
		"example.test:4222": "open to other machines",
	} {
		if _, err := StartEmbedded(t.Context(), ServerConfig{Listen: listen}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", listen, err, want)
		}
	}
	for _, listen := range []string{"127.0.0.1:0", "[::1]:4222", "localhost:4222"} {
		if _, err := (ServerConfig{Listen: listen}).options(); err != nil {
			t.Errorf("%s: %v", listen, err)
		}
	}
	if _, err := (ServerConfig{Listen: "0.0.0.0:0", Token: "t"}).options(); err != nil {
		t.Errorf("with a token: %v", err)
	}
}

// The broker holds the ids of the window for duplicates in memory. One in this
// process, which is never away, keeps few of them; one that has been there
// before is brought up to date.
func TestWindowOfDuplicates(t *testing.T) {
	ctx := t.Context()
	srv, err := StartEmbedded(ctx, ServerConfig{StoreDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Shutdown(context.Background()) })
	remote := natstest.Listen(t)
	for _, c := range []struct {
		name string
		cfg  Config
		want time.Duration
	}{
		{"embedded, as it was", Config{Server: srv, Storage: Storage{Duplicates: 10 * time.Minute}}, 10 * time.Minute},
		{"embedded", Config{Server: srv}, 2 * time.Minute},
		{"remote", Config{URL: remote.URL()}, 10 * time.Minute},
	} {
		conn, err := Connect(ctx, c.cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Provision(ctx); err != nil {
			t.Fatal(err)
		}
		stream, err := conn.js.Stream(ctx, StreamName)
		if err != nil {
			t.Fatal(err)
		}
		if got := stream.CachedInfo().Config.Duplicates; got != c.want {
			t.Errorf("%s: ids are held for %v, want %v", c.name, got, c.want)
		}
		closeConn(t, conn)
	}
}
