package bus

import (
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/internal/natstest"
	"github.com/flipmeter/flipmeter/stability"
)

const patienceOfTests = 20 * time.Second

var testStart = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func testStream() Stream {
	return Stream{
		Site: "plant", Camera: "gate 2", Identity: strings.Repeat("ab", 32),
		Label: func(i int32) string { return [...]string{"cat", "dog", "fox"}[i%3] },
		Epoch: NewEpoch(testStart), Start: testStart, Traces: []string{"fox"},
	}
}

// flipEvent is the event of frame seq, in which the label changes.
func flipEvent(seq uint64) *event.Event {
	o := observation(seq)
	ev := &event.Event{Camera: "gate 2", Observation: o, Traced: []float32{0.1}, ChangedCells: []uint16{3, 40},
		PrevTop: []stability.Ranked{{Index: 1, Score: 0.6}, {Index: 0, Score: 0.2}}}
	ev.Pair, ev.Flip, ev.Decided, ev.Still = true, true, true, stability.False
	ev.FlipAt = testFlip(seq, 0)
	return ev
}

func observation(seq uint64) *stability.Observation {
	return &stability.Observation{
		Seq: seq, PTS: time.Duration(seq) * 40 * time.Millisecond, HasPTS: true,
		Label: int32(seq % 2), Score: 0.7, N: 2, Top: [stability.TopK]stability.Ranked{{Index: int32(seq % 2), Score: 0.7}, {Index: 2, Score: 0.1}},
		PrevLabelScore: float32(math.NaN()), Change: 2, ChangeMax: 12.5,
	}
}

func testFlip(seq uint64, revision int) stability.Flip {
	f := stability.Flip{
		Seq: seq, PTS: time.Duration(seq) * 40 * time.Millisecond, HasPTS: true,
		From: int32((seq + 1) % 2), To: int32(seq % 2), FromScore: 0.6, ToScore: 0.7,
		MarginBefore: 0.4, MarginAfter: float32(math.NaN()), Decided: true, Still: stability.False, Change: 2,
		Kind: stability.KindPending, HeldBefore: 400 * time.Millisecond, Revision: revision,
	}
	if revision > 0 {
		f.Kind, f.HeldAfter, f.Final = stability.KindTransition, time.Second, true
	}
	return f
}

// lateEvent tells the last revision of some flips.
func lateEvent(seqs ...uint64) *event.Event {
	ev := &event.Event{Camera: "gate 2"}
	for _, s := range seqs {
		ev.Late = append(ev.Late, testFlip(s, 1))
	}
	return ev
}

func thumbs() (prev, cur *frame.Thumb) {
	var f frame.Frame
	f.Prepare(&frame.Pool{}, []frame.Want{{Width: 16, Height: 9, Fit: frame.FitSquash, Format: frame.RGB}, {Width: 16, Height: 9, Fit: frame.FitSquash, Format: frame.RGB}}, 32, 18)
	return f.TakeThumb(0), f.TakeThumb(1)
}

func connect(t *testing.T, s *natstest.Server, change ...func(*Config)) *Conn {
	t.Helper()
	cfg := Config{InProcess: s, Storage: Storage{InMemory: true}}
	for _, f := range change {
		f(&cfg)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patienceOfTests)
	defer cancel()
	c, err := Connect(ctx, cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeConn(t, c) })
	return c
}

func overTCP(s *natstest.Server) func(*Config) {
	return func(c *Config) { c.InProcess, c.URL, c.Storage.InMemory = nil, s.URL(), false }
}

func closeConn(t *testing.T, c *Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patienceOfTests)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

// stored reads everything that the stream holds.
func stored(t *testing.T, s *natstest.Server) []*nats.Msg {
	t.Helper()
	nc := s.Connect(t)
	defer nc.Close()
	js, err := nc.JetStream()
	if err != nil {
		t.Fatal(err)
	}
	info, err := js.StreamInfo(StreamName)
	if err != nil {
		t.Fatal(err)
	}
	sub, err := js.SubscribeSync(AllSubjects, nats.BindStream(StreamName), nats.OrderedConsumer())
	if err != nil {
		t.Fatal(err)
	}
	var out []*nats.Msg
	for range info.State.Msgs {
		m, err := sub.NextMsg(patienceOfTests)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

func decode[T any](t *testing.T, data []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return v
}

// countIDs says how often each message id is stored.
func countIDs(messages []*nats.Msg) map[string]int {
	out := map[string]int{}
	for _, m := range messages {
		out[m.Header.Get(nats.MsgIdHdr)]++
	}
	return out
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patienceOfTests); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// run starts a publisher; stop ends it and waits.
func run(t *testing.T, p *Publisher) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// logText is a logger whose output can be read.
func logText() (*slog.Logger, func() string) {
	w := &lockedText{}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})), w.text
}

type lockedText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedText) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
