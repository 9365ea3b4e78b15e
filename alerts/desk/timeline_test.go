package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/alertmanager"
	"github.com/flipmeter/flipmeter/alerts/dispatch"
	"github.com/flipmeter/flipmeter/alerts/webhook"
	"github.com/flipmeter/flipmeter/stability"
)

// pipes is a network in memory: a host is a handler, whose server ends with
// the test. Time is the bubble's.
type pipes struct {
	http.Transport
	servers map[string]*pipeServer
}

type pipeServer struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (s *pipeServer) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return c, nil
	case <-s.done:
		return nil, net.ErrClosed
	}
}
func (s *pipeServer) Close() error   { s.once.Do(func() { close(s.done) }); return nil }
func (s *pipeServer) Addr() net.Addr { return &net.TCPAddr{} }

// network serves each host by its handler; a nil one refuses connections.
func network(hosts map[string]http.Handler) (n *pipes, end func()) {
	n = &pipes{servers: map[string]*pipeServer{}}
	var wg sync.WaitGroup
	var running []*http.Server
	for host, handler := range hosts {
		if handler == nil {
			continue
		}
		l := &pipeServer{conns: make(chan net.Conn), done: make(chan struct{})}
		n.servers[host+":80"] = l
		s := &http.Server{Handler: handler, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
		running = append(running, s)
		wg.Go(func() { _ = s.Serve(l) })
	}
	n.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) {
		l := n.servers[address]
		if l == nil {
			return nil, fmt.Errorf("connect to %s: connection refused", address)
		}
		here, there := net.Pipe()
		select {
		case l.conns <- there:
			return here, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return n, func() {
		n.CloseIdleConnections()
		for _, s := range running {
			_ = s.Close()
		}
		wg.Wait()
	}
}

// manager keeps alerts as an Alertmanager does: by their labels, until their
// end.
type manager struct {
	mu    sync.Mutex
	began time.Time
	ends  map[string]time.Time
	posts int
}

func (m *manager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var list []struct {
		Labels           map[string]string
		StartsAt, EndsAt time.Time
	}
	if r.URL.Path != "/api/v2/alerts" || json.NewDecoder(r.Body).Decode(&list) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.posts++
	for _, a := range list {
		m.ends[a.Labels["camera"]+" "+a.Labels["alertname"]] = a.EndsAt
	}
}

func (m *manager) firing() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for name, end := range m.ends {
		if end.After(time.Now()) {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// hook is a webhook's server that may hang, or answer 500.
type hook struct {
	mu     sync.Mutex
	began  time.Time
	secret string
	hang   time.Duration // until then
	broken time.Duration // until then
	got    []string
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := time.Since(h.began)
	body, _ := io.ReadAll(r.Body)
	if at < h.hang {
		<-r.Context().Done()
		return
	}
	if at < h.broken {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if err := webhook.Verify(h.secret, r.Header, body, time.Now(), time.Minute); err != nil {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	var b webhook.Body
	_ = json.Unmarshal(body, &b)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range b.Alerts {
		h.got = append(h.got, fmt.Sprintf("%s %s %s #%d", a.Camera, a.Rule, a.State, a.Revision))
	}
}

func (h *hook) heard() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.got, ", ")
}

func rules() []alerts.Rule {
	at := func(v float64) *float64 { return &v }
	return []alerts.Rule{
		{Name: "Flicker", Metric: "unexplained_fraction", Window: time.Minute, FireAbove: at(0.05), ClearBelow: at(0.02), For: 10 * time.Second, KeepFiringFor: 20 * time.Second, MinPairs: 10},
		{Name: "Down", Metric: alerts.Up, FireBelow: at(1), For: 15 * time.Second},
	}
}

// site is a desk with receivers that misbehave.
type site struct {
	t       *testing.T
	dir     string
	net     *pipes
	desk    *Desk
	stop    func()
	told    []string // transitions, as NATS is told them
	logs    bytes.Buffer
	manager *manager
	hooks   map[string]*hook
}

func (s *site) start() {
	s.t.Helper()
	am, err := alertmanager.New(alertmanager.Config{URL: "http://manager", Site: "north", ResolveAfter: 5 * time.Minute, Transport: s.net})
	if err != nil {
		s.t.Fatal(err)
	}
	lanes := []dispatch.Lane{{Name: "alertmanager", Receiver: am}}
	for _, name := range []string{"works", "hangs", "broken", "gone"} {
		w, err := webhook.New(webhook.Config{URL: "http://" + name + "/alerts", Secret: "s3cret-" + name, Transport: s.net})
		if err != nil {
			s.t.Fatal(err)
		}
		lanes = append(lanes, dispatch.Lane{Name: name, Receiver: w, RemindEvery: time.Hour})
	}
	s.desk, err = New(Config{
		Rules: rules(), Dir: s.dir, Lanes: lanes, Log: slog.New(slog.NewTextHandler(&s.logs, nil)),
		Transition: func(_ time.Time, tr *alerts.Transition) {
			if tr.From != alerts.Firing || tr.To != alerts.Firing {
				s.told = append(s.told, fmt.Sprintf("%s %s %s", tr.Stream, tr.Rule.Name, tr.To))
			}
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.desk.Run(ctx) }()
	s.stop = func() { cancel(); <-done }
}

// see lets a camera deliver windows for some time.
func (s *site) see(d time.Duration, v float64) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second) {
		s.desk.Window("gate", &stability.Window{Width: time.Minute, Pairs: 300, UnexplainedFraction: v})
	}
}

// A camera flickers, the program is restarted in the middle of it, the
// flicker ends, the camera dies: with an Alertmanager, and webhooks of which
// one works, one hangs for three minutes, one answers 500 for a minute, and
// one is gone.
func TestTimeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := &site{t: t, dir: t.TempDir(), manager: &manager{began: began, ends: map[string]time.Time{}}, hooks: map[string]*hook{
			"works":  {began: began, secret: "s3cret-works"},
			"hangs":  {began: began, secret: "s3cret-hangs", hang: 3 * time.Minute},
			"broken": {began: began, secret: "s3cret-broken", broken: 90 * time.Second},
		}}
		var end func()
		s.net, end = network(map[string]http.Handler{"manager": s.manager, "works": s.hooks["works"], "hangs": s.hooks["hangs"], "broken": s.hooks["broken"], "gone": nil})
		defer end()
		expect := func(what, got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("after %s, %s: %q, want %q", time.Since(began), what, got, want)
			}
		}

		s.start()
		s.desk.Health("gate", "up")
		s.see(20*time.Second, 0)
		expect("the manager", s.manager.firing(), "")
		s.see(9*time.Second, 0.2)
		expect("before for, the manager", s.manager.firing(), "")
		s.see(5*time.Second, 0.2)
		expect("the manager", s.manager.firing(), "gate Flicker")
		expect("the webhook", s.hooks["works"].heard(), "gate Flicker firing #0")
		expect("what answers 500", s.hooks["broken"].heard(), "")

		// A restart: nothing is resolved, nothing told again.
		s.stop()
		expect("at shutdown, the manager", s.manager.firing(), "gate Flicker")
		time.Sleep(5 * time.Second)
		s.start()
		s.desk.Health("gate", "connecting")
		time.Sleep(10 * time.Second)
		s.desk.Health("gate", "up")
		s.see(2*time.Minute, 0.2)
		expect("the manager", s.manager.firing(), "gate Flicker")
		expect("the webhook", s.hooks["works"].heard(), "gate Flicker firing #0")
		if got := s.hooks["broken"].heard(); !strings.HasPrefix(got, "gate Flicker firing") || strings.Count(got, "firing") != 1 {
			t.Errorf("what answered 500 heard %q", got)
		}
		if n := len(s.desk.Alerts()); n != 1 {
			t.Errorf("%d alerts are open", n)
		}

		// It ends.
		s.see(19*time.Second, 0)
		expect("before keep_firing_for, the manager", s.manager.firing(), "gate Flicker")
		s.see(5*time.Second, 0)
		expect("the manager", s.manager.firing(), "")

		// The camera dies, which fires no flicker.
		s.desk.Health("gate", "backoff")
		time.Sleep(5 * time.Minute)
		expect("the manager", s.manager.firing(), "gate Down")
		// One firing, told once, resolved once, and then the next, to each.
		for _, name := range []string{"works", "hangs", "broken"} {
			var states []string
			for _, line := range strings.Split(s.hooks[name].heard(), ", ") {
				states = append(states, line[:strings.LastIndexByte(line, '#')-1])
			}
			expect(name, strings.Join(states, ", "), "gate Flicker firing, gate Flicker resolved, gate Down firing")
		}
		expect("nats", strings.Join(s.told, ", "), "gate Flicker pending, gate Flicker firing, "+
			"gate Down pending, gate Down inactive, "+ // while it connects
			"gate Flicker resolved, gate Down pending, gate Down firing")

		// The program ends for good: the Alertmanager gets over it.
		s.stop()
		expect("at shutdown, the manager", s.manager.firing(), "gate Down")
		time.Sleep(6 * time.Minute)
		expect("the manager", s.manager.firing(), "")
		if logs := s.logs.String(); strings.Contains(logs, "s3cret") || !strings.Contains(logs, "could not be delivered") {
			t.Errorf("logged:\n%s", logs)
		}
		stats := s.desk.Receivers()
		if gone := stats[len(stats)-1]; gone.Queued == 0 || gone.Sent != 0 {
			t.Errorf("who is gone: %+v", gone)
		}
	})
}

func TestSilencesOutlastARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &site{t: t, dir: t.TempDir(), manager: &manager{ends: map[string]time.Time{}}}
		var end func()
		s.net, end = network(map[string]http.Handler{"manager": s.manager})
		defer end()
		s.start()
		s.desk.Health("gate", "up")
		made, err := s.desk.Silence(alerts.Silence{Camera: "gate", Until: time.Now().Add(10 * time.Minute), By: "me"})
		if err != nil {
			t.Fatal(err)
		}
		s.see(time.Minute, 1)
		s.stop()
		s.start()
		s.desk.Health("gate", "up")
		s.see(time.Minute, 1)
		if got := s.manager.firing(); got != "" {
			t.Errorf("told under a silence: %s", got)
		}
		if a := s.desk.Alerts(); len(a) != 1 || !a[0].Silenced {
			t.Errorf("alerts %+v", a)
		}
		if !s.desk.EndSilence(made.ID) {
			t.Error("the silence is gone")
		}
		s.see(3*time.Second, 1)
		if got := s.manager.firing(); got != "gate Flicker" {
			t.Errorf("after the silence: %q", got)
		}
		told := make(chan struct{})
		s.desk.Remove("gate", func() { close(told) })
		time.Sleep(2 * time.Second)
		select {
		case <-told:
		default:
			t.Error("nobody is told that all was told")
		}
		if got := s.manager.firing(); got != "" {
			t.Errorf("after the camera was removed: %q", got)
		}
		s.stop()
	})
}

func TestAStateThatCantBeReadIsPutAside(t *testing.T) {
	for _, text := range []string{"{", `{"schema":"other"}`} {
		dir := t.TempDir()
		path := filepath.Join(dir, stateFile)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var logs bytes.Buffer
		if _, err := New(Config{Rules: rules(), Dir: dir, Log: slog.New(slog.NewTextHandler(&logs, nil))}); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path + ".unreadable"); err != nil || string(b) != text || !strings.Contains(logs.String(), "put aside") {
			t.Errorf("%q, %v, logged %s", b, err, logs.String())
		}
	}
}

func TestStateIsForTheUserOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := write(dir, stateFile, 1); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{dir, filepath.Join(dir, stateFile)} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", p, info.Mode(), err)
		}
	}
}
