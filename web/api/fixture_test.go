package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/desk"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/history"
	"github.com/flipmeter/flipmeter/stability"
	"github.com/flipmeter/flipmeter/web/access"
	"github.com/flipmeter/flipmeter/web/board"
	"github.com/flipmeter/flipmeter/web/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary is a password that must appear nowhere.
const canary = "kanarienvogel"

// controls remember what they were asked.
type controls struct{ asked []string }

func (c *controls) do(what, name string) error {
	switch name {
	case "gate":
		c.asked = append(c.asked, what+" "+name)
		return nil
	case "busy":
		return fmt.Errorf("%s busy: %w", what, ErrConflict)
	case "leaving":
		return fmt.Errorf("%s leaving: %w", what, ErrUnavailable)
	case "broken":
		return errors.New("the disk with " + canary + " burns")
	}
	return ErrNoCamera
}

func (c *controls) Pause(_ context.Context, n string) error    { return c.do("pause", n) }
func (c *controls) Resume(_ context.Context, n string) error   { return c.do("resume", n) }
func (c *controls) Remove(_ context.Context, n string) error   { return c.do("remove", n) }
func (c *controls) Add(_ context.Context, n, src string) error { return c.do("add", n) }

type pastTense struct{}

func (pastTense) Windows(_ context.Context, q history.Query) ([]history.Series, error) {
	v := 0.5
	return []history.Series{{Camera: "gate", StepMs: 60000, FromMs: q.Since.UnixMilli(), Pairs: []int64{1}, Flips: []int64{1}, Unexplained: []int64{0},
		UnexplainedFraction: []*float64{nil}, DecidedFlipFraction: []*float64{nil}, FlipFraction: []*float64{&v}, Coverage: []*float64{&v}, MeanScore: []*float64{&v}}}, nil
}

func (pastTense) Flips(_ context.Context, q history.Query) ([]history.Flip, error) {
	return []history.Flip{{Camera: "gate", ID: "1-2", At: q.Since}}, nil
}

func (pastTense) Alerts(_ context.Context, q history.Query) ([]alerts.Notice, error) {
	return []alerts.Notice{{ID: "x", State: alerts.Firing, At: q.Since}}, nil
}

// Newest is as after a step of the clock by half an hour, for one camera.
func (pastTense) Newest(_ context.Context, camera string, now time.Time) (time.Time, error) {
	if camera == "stepped" {
		now = now.Add(30 * time.Minute)
	}
	return now, nil
}

// site is a server with one camera that flipped once, and an alert.
type site struct {
	*httptest.Server
	client   *http.Client
	api      *server
	hub      *live.Hub
	board    *board.Board
	controls *controls
	log      bytes.Buffer
	tokens   map[access.Role]string
	flip     string
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{controls: &controls{}, hub: live.NewHub(live.Config{}), board: board.New(board.Config{Every: 10 * time.Millisecond}), tokens: map[access.Role]string{}}
	log := slog.New(slog.NewTextHandler(&s.log, nil))
	var credentials []access.Credential
	for _, role := range []access.Role{access.Viewer, access.Admin} {
		token, hash := access.NewToken()
		s.tokens[role] = token
		credentials = append(credentials, access.Credential{Name: "a-" + role.String(), Role: role, Token: hash})
	}
	guard, err := access.New(access.Config{Credentials: credentials, Audit: log})
	if err != nil {
		t.Fatal(err)
	}
	at := func(v float64) *float64 { return &v }
	d, err := desk.New(desk.Config{Rules: []alerts.Rule{{Name: "Flicker", Metric: "flip_fraction", Window: time.Minute, FireAbove: at(0)}}})
	if err != nil {
		t.Fatal(err)
	}
	d.Window("gate", &stability.Window{Width: time.Minute, Pairs: 10, FlipFraction: stability.Interval{Value: 0.5}})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.board.Run(ctx, Publisher{Hub: s.hub, Log: log}) }()
	cfg := Config{
		Board: s.board, Hub: s.hub, Guard: guard, Alerting: d, Controls: s.controls, MayAdd: true, History: pastTense{}, Log: log, Version: "test",
		System: func() map[string]any { return map[string]any{"queue": 3} }, Configuration: func() string { return "watch: {}\n" },
		Report: func(_ context.Context, w io.Writer, q history.Query) error {
			_, err := fmt.Fprintf(w, "<!doctype html><title>%s</title>", q.Camera)
			return err
		},
	}
	s.api = newServer(cfg)
	s.flip = s.watch(t)
	s.Server = httptest.NewServer(guard.Wrap(Handler(cfg)))
	transport := &http.Transport{}
	s.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		s.hub.Close()
		transport.CloseIdleConnections()
		s.Close()
		cancel()
		<-done
		if strings.Contains(s.log.String(), canary+"@") {
			t.Errorf("a password is in the log:\n%s", s.log.String())
		}
	})
	return s
}

// watch lets a camera flip, and waits until its pictures are there.
func (s *site) watch(t testing.TB) (flip string) {
	t.Helper()
	l := s.board.Camera(board.Info{Name: "gate", Source: "rtsp://***@cam/1"})
	l.Notify(&event.Event{State: &event.Health{State: "up", Since: time.Now()}})
	tracker := stability.NewTracker(stability.DefaultConfig())
	var pool frame.Pool
	thumb := func() *frame.Thumb {
		var f frame.Frame
		f.Prepare(&pool, []frame.Want{{Width: 16, Height: 9, Fit: frame.FitSquash, Filter: frame.FilterLinear}}, 16, 9)
		return f.TakeThumb(0)
	}
	var u stability.Update
	for i := range 4 {
		o := stability.Observation{Seq: uint64(i), PTS: time.Duration(i) * time.Second, HasPTS: true, Label: int32(i / 2), Score: 0.5, Change: -1}
		tracker.Observe(&o, &u)
		ev := event.Event{At: time.Now(), Observation: &o, Update: u, Window: &stability.Window{Width: time.Minute}}
		if u.Flip {
			ev.Prev, ev.Cur = thumb(), thumb()
		}
		l.Notify(&ev)
		ev.Prev.Release()
		ev.Cur.Release()
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if list := s.board.Flips(board.Filter{}); len(list) == 1 && list[0].Pictures {
			return list[0].ID
		}
		if time.Now().After(deadline) {
			t.Fatal("no flip with pictures after 20 s")
		}
	}
}

// ask makes a request; body "" is none.
func (s *site) ask(t testing.TB, role access.Role, method, path, body string) (*http.Response, []byte) {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, r)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if role != access.Nobody {
		req.Header.Set("Authorization", "Bearer "+s.tokens[role])
	}
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Type") == "text/event-stream" {
		return resp, nil
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, b
}
