package live

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Whatever is sent and however seldom a client reads: the numbers it sees
// grow, the newest of each key arrives, and what waits is bounded.
func TestClientSeesTheNewestInOrder(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 2))
		limit := 4 + rng.IntN(20)
		c := &client{newest: map[string]uint64{}, wake: make(chan struct{}, 1)}
		newest, seen := map[string]uint64{}, map[string]uint64{}
		var last, got, lost uint64
		read := func(n int) int {
			batch := c.take(make([]update, 0, n))
			for _, u := range batch {
				if u.number <= last {
					t.Fatalf("seed %d: %d after %d", seed, u.number, last)
				}
				last = u.number
				seen[u.key] = u.number
				got++
			}
			return len(batch)
		}
		const sent = 500
		for i := range uint64(sent) {
			key := ""
			if rng.IntN(5) > 0 {
				key = strconv.Itoa(rng.IntN(limit - 1))
			}
			newest[key] = i + 1
			lost += uint64(c.push(update{number: i + 1, key: key}, limit))
			if n := len(c.waiting) - c.first; n > limit {
				t.Fatalf("seed %d: %d wait, the limit is %d", seed, n, limit)
			}
			if rng.IntN(10) == 0 {
				read(1 + rng.IntN(10))
			}
		}
		for read(3) > 0 {
		}
		if got+lost != sent {
			t.Fatalf("seed %d: %d arrived and %d were lost of %d", seed, got, lost, sent)
		}
		if len(c.newest) != 0 {
			t.Fatalf("seed %d: %d keys are remembered for ever", seed, len(c.newest))
		}
		for key, n := range newest {
			// With more keys than room the oldest may be gone, not the last.
			if n == sent && seen[key] != n {
				t.Fatalf("seed %d: the last update did not arrive", seed)
			}
		}
	}
}

func serve(t *testing.T, h *Hub) (*httptest.Server, *http.Client) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		topic := r.URL.Query().Get("topic")
		if err := h.Serve(w, r, func(t string) bool { return topic == "" || t == topic }); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	transport := &http.Transport{}
	t.Cleanup(func() {
		h.Close()
		transport.CloseIdleConnections()
		s.Close()
	})
	return s, &http.Client{Transport: transport}
}

// listen connects and returns the lines of its events.
func listen(t *testing.T, client *http.Client, address string) *bufio.Scanner {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("answered %s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() && lines.Text() != "" { // hello
	}
	return lines
}

func next(lines *bufio.Scanner) string {
	var out []string
	for lines.Scan() && lines.Text() != "" {
		out = append(out, lines.Text())
	}
	return strings.Join(out, "|")
}

func TestTopicsAndFormat(t *testing.T) {
	h := NewHub(Config{})
	s, client := serve(t, h)
	all, gate := listen(t, client, s.URL), listen(t, client, s.URL+"?topic=gate")
	h.Send("yard", "a", "camera", []byte(`{"x":1}`))
	h.Send("gate", "b", "camera", []byte(`{"x":2}`))
	if got := next(all); got != `id: 1|event: camera|data: {"x":1}` {
		t.Errorf("got %q", got)
	}
	for _, l := range []*bufio.Scanner{all, gate} {
		if got := next(l); got != `id: 2|event: camera|data: {"x":2}` {
			t.Errorf("got %q", got)
		}
	}
}

// never connects pages that ask for updates and never read them.
func never(t *testing.T, s *httptest.Server, n int) {
	t.Helper()
	for range n {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.(*net.TCPConn).SetReadBuffer(4096)
		if _, err := fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
}

// reads follows a page until it has the last round of every camera.
func reads(lines *bufio.Scanner, cameras, rounds int) error {
	last, newest := 0, map[string]bool{}
	for len(newest) < cameras {
		text := next(lines)
		if text == "" {
			return fmt.Errorf("the updates ended after %d: %w", last, lines.Err())
		}
		var id, round int
		var camera string
		for _, line := range strings.Split(text, "|") {
			if v, ok := strings.CutPrefix(line, "id: "); ok {
				id, _ = strconv.Atoi(v)
			}
			if v, ok := strings.CutPrefix(line, "data: "); ok {
				_, _ = fmt.Sscanf(v, "%s %d", &camera, &round)
			}
		}
		if id <= last {
			return fmt.Errorf("update %d after %d", id, last)
		}
		last = id
		if round == rounds-1 {
			newest[camera] = true
		}
	}
	return nil
}

// Two hundred pages listen, and twenty never read: sending waits for none of
// them, and the others get the last update of every camera, in order.
func TestTwoHundredClients(t *testing.T) {
	const clients, stuck, cameras, rounds = 200, 20, 20, 8
	h := NewHub(Config{WriteTimeout: 2 * time.Minute, Beat: time.Hour, Waiting: 64})
	s, client := serve(t, h)
	t.Cleanup(s.CloseClientConnections) // else the hub's end waits for the stuck
	never(t, s, stuck)
	var wg sync.WaitGroup
	errs := make(chan error, clients)
	for range clients {
		lines := listen(t, client, s.URL)
		wg.Go(func() {
			if err := reads(lines, cameras, rounds); err != nil {
				errs <- err
			}
		})
	}
	waitFor(t, func() bool { return h.Stats().Clients == clients+stuck })
	pad := strings.Repeat(".", 500)
	for round := range rounds {
		for i := range cameras {
			h.Send("", fmt.Sprint("camera", i), "camera", fmt.Appendf(nil, "gate%d %d %s", i, round, pad))
		}
	}
	if n := h.Stats().Clients; n != clients+stuck {
		t.Errorf("sending went on until a page was given up: %d are left", n)
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	t.Logf("%+v", h.Stats())
}

// A page that never reads is given up.
func TestWhoNeverReadsIsGivenUp(t *testing.T) {
	h := NewHub(Config{WriteTimeout: 50 * time.Millisecond})
	s, _ := serve(t, h)
	never(t, s, 1)
	waitFor(t, func() bool { return h.Stats().Clients == 1 })
	pad := []byte(strings.Repeat(".", 1<<20)) // more than sockets hold
	waitFor(t, func() bool {
		h.Send("", "", "x", pad)
		return h.Stats().Clients == 0
	})
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited for 30 s")
		}
	}
}

func TestTooManyAndClosed(t *testing.T) {
	h := NewHub(Config{Clients: 1})
	s, client := serve(t, h)
	first := listen(t, client, s.URL)
	status := func() int {
		resp, err := client.Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	if got := status(); got != http.StatusServiceUnavailable {
		t.Errorf("a second client: %d", got)
	}
	h.Close()
	if next(first) != "" || first.Err() != nil {
		t.Errorf("after the end: %v", first.Err())
	}
	if got := status(); got != http.StatusServiceUnavailable {
		t.Errorf("a client after the end: %d", got)
	}
	h.Send("", "", "x", nil)
}

// The HTTP server's Shutdown comes to an end if the hub's Close came before.
func TestShutdownAfterClose(t *testing.T) {
	h := NewHub(Config{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _ = h.Serve(w, r, nil) })}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	listen(t, &http.Client{Transport: transport}, "http://"+l.Addr().String())
	h.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	<-done
}

func TestBeat(t *testing.T) {
	h := NewHub(Config{Beat: 10 * time.Millisecond})
	s, client := serve(t, h)
	if got := next(listen(t, client, s.URL)); got != ": beat" {
		t.Errorf("got %q", got)
	}
}

// Everybody is sent away, may come back, and leaves by himself at the same
// time.
func TestDisconnect(t *testing.T) {
	h := NewHub(Config{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _ = h.Serve(w, r, nil) }))
	defer s.Close()
	defer h.Close()
	for range 2 {
		res, err := http.Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(res.Body)
		for lines.Scan() && lines.Text() != "event: hello" {
		}
		h.Disconnect()
		h.Disconnect()
		for lines.Scan() { // to the end
		}
		if err := lines.Err(); err != nil {
			t.Errorf("the end is not in order: %v", err)
		}
		_ = res.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
}
