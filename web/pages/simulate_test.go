package pages

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/desk"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/history"
	"github.com/flipmeter/flipmeter/internal/clocktest"
	"github.com/flipmeter/flipmeter/stability"
	"github.com/flipmeter/flipmeter/web/access"
	"github.com/flipmeter/flipmeter/web/api"
	"github.com/flipmeter/flipmeter/web/board"
	"github.com/flipmeter/flipmeter/web/live"
)

// plant is a running flipmeter without decoder and network: cameras whose
// labels come from a random sequence, through the real tracker, board, rules
// and server.
type plant struct {
	t       *testing.T
	board   *board.Board
	hub     *live.Hub
	desk    *desk.Desk
	cameras []*camera
	config  api.Config
	address string
	clock   clocktest.Clock
	server  *http.Server
	end     []func()
}

type camera struct {
	mu       sync.Mutex
	name     string
	l        *board.Listener
	tracker  *stability.Tracker
	update   stability.Update
	rng      *rand.Rand
	seq      uint64
	start    time.Time
	every    time.Duration
	label    int32
	away     int // frames until the label comes back
	restless float64
	prev     *frame.Thumb
	pool     *frame.Pool
	desk     *desk.Desk
	step     time.Duration // of the wall clock
	scene    []byte
}

// oddName is a name that would be markup if the page took it for that; in
// pictures for the documentation it is a plain one.
func oddName() string {
	if *screenshots != "" {
		return "yard north"
	}
	return `yard "<i>north</i>"`
}

var classes = [...]string{"street sign", "parking meter", "bicycle", "tricycle & \"sidecar\"", "minibus", "traffic light", "moped", "park bench"}

// newPlant makes n cameras, with a frame each frameTime, and lets them run as
// if they had for some time.
func newPlant(t *testing.T, n int, past, frameTime time.Duration) *plant {
	t.Helper()
	p := &plant{t: t, hub: live.NewHub(live.Config{})}
	p.board = board.New(board.Config{Now: p.clock.Now})
	at := func(v float64) *float64 { return &v }
	var err error
	p.desk, err = desk.New(desk.Config{Rules: []alerts.Rule{
		{Name: "FlickerHigh", Metric: "unexplained_fraction", Window: time.Minute, FireAbove: at(0.08), MinPairs: 20, Severity: "warning", KeepFiringFor: time.Minute},
	}})
	if err != nil {
		t.Fatal(err)
	}
	guard, err := access.New(access.Config{})
	if err != nil {
		t.Fatal(err)
	}
	p.config = api.Config{Board: p.board, Hub: p.hub, Guard: guard, Alerting: p.desk, Version: "test", Started: time.Now(), History: aDay{},
		Controls: idle{}, System: func() map[string]any { return map[string]any{"queue_frames": 3, "sessions": 2} }, Configuration: func() string { return "watch:\n  cameras: []\n" }}
	var pool frame.Pool
	for i := range n {
		name := fmt.Sprintf("camera-%d", i+1)
		if i == 1 {
			name = oddName()
		}
		cfg := stability.DefaultConfig()
		cfg.Windows = []time.Duration{time.Minute}
		c := &camera{name: name, tracker: stability.NewTracker(cfg), every: frameTime, rng: rand.New(rand.NewPCG(uint64(i), 9)), start: time.Now().Add(-past), label: int32(i % 5),
			restless: []float64{0.01, 0.09, 0.002, 0.03}[i%4], pool: &pool, desk: p.desk,
			l: p.board.Camera(board.Info{Name: name, Site: "north", Source: fmt.Sprintf("rtsp://***@10.0.0.%d/1", i+1), Model: "efficientnet-lite0", Label: func(i int32) string { return classes[int(i)%len(classes)] }, Crop: [4]float64{0.125, 0, 0.75, 1}})}
		state := "up"
		if i%17 == 2 {
			state = "backoff"
		}
		c.l.Notify(&event.Event{State: &event.Health{State: state, Since: c.start, Error: map[string]string{"backoff": "open the stream: connection refused"}[state]}})
		p.desk.Health(name, state)
		p.cameras = append(p.cameras, c)
	}
	for _, c := range p.cameras {
		for time.Since(c.start) > time.Duration(c.seq)*c.every {
			c.frame(false)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = p.board.Run(ctx, api.Publisher{Hub: p.hub, Log: slog.New(slog.DiscardHandler)}) })
	p.end = append(p.end, func() { cancel(); wg.Wait() })
	p.serve("127.0.0.1:0")
	t.Cleanup(func() {
		p.stopServing()
		for _, f := range p.end {
			f()
		}
		for _, c := range p.cameras {
			c.prev.Release()
		}
	})
	return p
}

func (p *plant) serve(address string) {
	p.t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.address = l.Addr().String()
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", api.Handler(p.config))
	mux.Handle("/", Handler(p.config.Guard))
	p.server = &http.Server{Handler: p.config.Guard.Wrap(mux)}
	done := make(chan struct{})
	server := p.server
	go func() { defer close(done); _ = server.Serve(l) }()
	p.end = append(p.end, func() { <-done })
}

func (p *plant) stopServing() {
	p.hub.Close()
	_ = p.server.Close()
}

// stepClock sets the wall clock on, or back.
func (p *plant) stepClock(by time.Duration) {
	p.clock.Step(by)
	for _, c := range p.cameras {
		c.mu.Lock()
		c.step += by
		c.mu.Unlock()
	}
}

// run lets all cameras deliver until the function that it returns is called.
func (p *plant) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, c := range p.cameras {
		wg.Go(func() {
			tick := time.NewTicker(c.every)
			defer tick.Stop()
			for ctx.Err() == nil {
				select {
				case <-tick.C:
					c.frame(true)
				case <-ctx.Done():
				}
			}
		})
	}
	return func() { cancel(); wg.Wait() }
}

// picture is a scene that differs between cameras, with something that moves.
func (c *camera) picture() *frame.Thumb {
	const w, h = 256, 144
	var f frame.Frame
	f.Prepare(c.pool, []frame.Want{{Width: w, Height: h, Fit: frame.FitSquash, Filter: frame.FilterLinear}}, w, h)
	if c.scene == nil {
		hue := c.rng.Float64() * 6
		for y := range h {
			for x := range w {
				v := 110 + 60*math.Sin(float64(x)/31+hue) + 30*math.Cos(float64(y)/17)
				c.scene = append(c.scene, byte(v*(0.7+0.2*math.Sin(hue))), byte(v*0.9), byte(v*(0.7+0.2*math.Cos(hue))))
			}
		}
	}
	pix := f.Pictures[0].Pix
	copy(pix, c.scene)
	left := 20 + (int(c.seq)*5)%196
	for y := 54; y < 106; y++ {
		copy(pix[3*(y*w+left):], bytes.Repeat([]byte{200, 120, 60}, 36))
	}
	return f.TakeThumb(0)
}

func (c *camera) frame(timely bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	label, still := c.label, true
	switch {
	case c.away > 0:
		c.away--
		label = (c.label + 1) % int32(len(classes))
	case c.rng.Float64() < c.restless:
		c.away = 0
		label = (c.label + 1) % int32(len(classes))
	case c.rng.Float64() < 0.004:
		c.label = int32(c.rng.IntN(len(classes)))
		label, still = c.label, false
	}
	pts := time.Duration(c.seq) * c.every
	if timely {
		pts = max(pts, time.Since(c.start))
	}
	o := stability.Observation{Epoch: 1, Seq: c.seq, PTS: pts, HasPTS: true, Label: label, Score: 0.4 + 0.5*c.rng.Float32(), N: 3, PrevLabelScore: 0.3, Change: 0}
	if !still {
		o.Change, o.ChangeMax = 40, 30
	}
	for i := range o.N {
		o.Top[i] = stability.Ranked{Index: (label + int32(i)) % int32(len(classes)), Score: o.Score / float32(i+1)}
	}
	c.tracker.Observe(&o, &c.update)
	ev := event.Event{Site: "north", Camera: c.name, At: clocktest.Step(c.start.Add(pts), c.step), Observation: &o, Update: c.update}
	cur := c.picture()
	if c.update.Flip {
		ev.Prev, ev.Cur, ev.PrevTop = c.prev, cur, []stability.Ranked{{Index: c.update.FlipAt.From, Score: 0.6}, {Index: c.update.FlipAt.To, Score: 0.3}}
		if !still {
			ev.ChangedCells = []uint16{300, 301, 302, 332, 333, 334, 365, 366}
		}
	} else if c.seq%10 == 0 {
		ev.Cur = cur
	}
	if c.seq%5 == 0 {
		var w stability.Window
		c.tracker.Snapshot(time.Minute, &w)
		ev.Window = &w
		if timely || time.Since(ev.At) < time.Minute {
			c.desk.Window(c.name, &w)
		}
	}
	c.l.Notify(&ev)
	c.prev.Release()
	c.prev = cur
	c.seq++
}

// aDay is a made-up past.
type aDay struct{}

func (aDay) Windows(_ context.Context, q history.Query) ([]history.Series, error) {
	const n = 288
	s := history.Series{Camera: q.Camera, StepMs: q.Until.Sub(q.Since).Milliseconds() / n, FromMs: q.Since.UnixMilli()}
	for i := range n {
		v := 0.02 + 0.015*math.Sin(float64(i)/23) + 0.004*math.Sin(float64(i*i))
		if i > 200 && i < 215 {
			v += 0.09
		}
		p := &v
		if i > 90 && i < 97 {
			p = nil
		}
		s.Pairs, s.Flips, s.Unexplained = append(s.Pairs, 100), append(s.Flips, 3), append(s.Unexplained, 2)
		s.UnexplainedFraction, s.FlipFraction, s.DecidedFlipFraction = append(s.UnexplainedFraction, p), append(s.FlipFraction, p), append(s.DecidedFlipFraction, p)
		s.Coverage, s.MeanScore = append(s.Coverage, p), append(s.MeanScore, p)
	}
	return []history.Series{s}, nil
}

func (aDay) Flips(context.Context, history.Query) ([]history.Flip, error) { return nil, nil }

func (aDay) Newest(_ context.Context, _ string, now time.Time) (time.Time, error) { return now, nil }

func (aDay) Alerts(_ context.Context, q history.Query) ([]alerts.Notice, error) {
	begin := q.Until.Add(-3 * time.Hour)
	return []alerts.Notice{{ID: "a", State: alerts.Resolved, Revision: 1, Camera: "camera-1", Rule: "FlickerHigh", At: begin.Add(8 * time.Minute), StartsAt: begin, EndsAt: begin.Add(8 * time.Minute)}}, nil
}

// idle changes no camera.
type idle struct{}

func (idle) Pause(context.Context, string) error       { return nil }
func (idle) Resume(context.Context, string) error      { return nil }
func (idle) Add(context.Context, string, string) error { return nil }
func (idle) Remove(context.Context, string) error      { return nil }
