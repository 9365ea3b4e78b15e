// Package live sends updates to web pages as server-sent events. Sending
// never waits: a client that is slow gets the newest of each thing instead
// of all of them, always in the order in which they were sent, and what it
// does not get is counted. It knows nothing of what is sent.
package live

import (
	"errors"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Config bounds a Hub. Zero values mean the defaults.
type Config struct {
	// Clients is how many may listen at once, 0 is 256.
	Clients int
	// Waiting is how many updates wait for a client, 0 is 1024; the oldest
	// give way.
	Waiting int
	// Beat is after how much silence a comment is sent, so that proxies
	// keep the connection and dead ones are noticed; 0 is 15 s.
	Beat time.Duration
	// WriteTimeout is how long a write may take before the client is given
	// up, 0 is 10 s.
	WriteTimeout time.Duration
}

// Hub is safe for any goroutine.
type Hub struct {
	cfg  Config
	sent atomic.Int64
	lost atomic.Int64

	mu      sync.Mutex
	closed  bool
	next    uint64 // number of the next update
	clients map[*client]struct{}
	serving sync.WaitGroup
}

// update is one message; its bytes are shared by all clients.
type update struct {
	number     uint64
	key, event string
	data       []byte
}

// client holds what waits for one connection.
type client struct {
	want    func(topic string) bool
	mu      sync.Mutex
	waiting []update
	first   int               // in waiting; what lies before is sent
	newest  map[string]uint64 // by key, the number of the newest that waits
	wake    chan struct{}
	gone    chan struct{} // closed by leave
	leave   func()        // once or more
}

// NewHub makes a hub without clients.
func NewHub(cfg Config) *Hub {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&cfg.Clients, 256)
	def(&cfg.Waiting, 1024)
	if cfg.Beat == 0 {
		cfg.Beat = 15 * time.Second
	}
	if cfg.WriteTimeout == 0 {
		cfg.WriteTimeout = 10 * time.Second
	}
	return &Hub{cfg: cfg, clients: map[*client]struct{}{}}
}

// Idle says that nobody listens. Who connects later is told to read the state
// anew, so what is not sent meanwhile is missed by no one.
func (h *Hub) Idle() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.clients) == 0
}

// Send gives an update to every client that wants its topic. A later update
// of the same key takes the place of one that waits still; "" is never
// replaced. data must be one line, and is not to be changed afterwards.
func (h *Hub) Send(topic, key, event string, data []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next++
	u := update{number: h.next, key: key, event: event, data: data}
	h.sent.Add(1)
	for c := range h.clients {
		if c.want == nil || c.want(topic) {
			h.lost.Add(c.push(u, h.cfg.Waiting))
		}
	}
}

// push adds an update and returns how many that waited it pushes out.
func (c *client) push(u update, limit int) (lost int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if u.key != "" {
		if _, waits := c.newest[u.key]; waits {
			lost++ // the older one is passed over when its turn comes
		}
		c.newest[u.key] = u.number
	}
	c.waiting = append(c.waiting, u)
	if len(c.waiting)-c.first > limit {
		lost += c.compact(limit)
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return lost
}

// compact takes out what has been replaced, and of what remains the oldest
// beyond the limit.
func (c *client) compact(limit int) (lost int64) {
	kept := make([]update, 0, limit)
	for _, u := range c.waiting[c.first:] {
		if c.current(&u) {
			kept = append(kept, u)
		}
	}
	if extra := len(kept) - limit; extra > 0 {
		for i := range kept[:extra] {
			c.forget(&kept[i])
		}
		kept, lost = kept[extra:], int64(extra)
	}
	c.waiting, c.first = kept, 0
	return lost
}

func (c *client) current(u *update) bool { return u.key == "" || c.newest[u.key] == u.number }

func (c *client) forget(u *update) {
	if u.key != "" && c.newest[u.key] == u.number {
		delete(c.newest, u.key)
	}
}

// take gives the next updates, at most so many.
func (c *client) take(into []update) []update {
	c.mu.Lock()
	defer c.mu.Unlock()
	into = into[:0]
	for ; c.first < len(c.waiting) && len(into) < cap(into); c.first++ {
		if u := c.waiting[c.first]; c.current(&u) {
			c.forget(&u)
			into = append(into, u)
		}
	}
	if c.first == len(c.waiting) {
		c.waiting, c.first = c.waiting[:0], 0
	}
	return into
}

// ErrFull says that no more clients are taken.
var ErrFull = errors.New("too many pages are listening")

func (h *Hub) add(want func(topic string) bool) (*client, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.clients) >= h.cfg.Clients {
		return nil, ErrFull
	}
	c := &client{want: want, newest: map[string]uint64{}, wake: make(chan struct{}, 1), gone: make(chan struct{})}
	c.leave = sync.OnceFunc(func() { close(c.gone) })
	h.clients[c] = struct{}{}
	h.serving.Add(1)
	return c, nil
}

// remove takes a client away before anything of it is closed, so that
// nobody sends to one that is not there.
func (h *Hub) remove(c *client) {
	h.mu.Lock()
	delete(h.clients, c)
	h.mu.Unlock()
	h.serving.Done()
}

// Serve answers a request with the updates of the topics that it wants, nil
// is all, until the client leaves or the hub is closed. It begins with an
// event "hello", after which a page reads the state anew: nothing is sent of
// what was before. It returns ErrFull, with nothing written, if there are
// too many clients or the hub is closed.
func (h *Hub) Serve(w http.ResponseWriter, r *http.Request, want func(topic string) bool) error {
	c, err := h.add(want)
	if err != nil {
		return err
	}
	defer h.remove(c)
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	_ = out.SetReadDeadline(time.Time{}) // the request is read; not every writer can
	write := func(b []byte) error {
		_ = out.SetWriteDeadline(time.Now().Add(h.cfg.WriteTimeout)) // not every writer can
		if _, err := w.Write(b); err != nil {
			return err
		}
		return out.Flush()
	}
	// A page that lost its connection comes back after so many
	// milliseconds.
	if write([]byte("retry: 2000\nevent: hello\ndata: {}\n\n")) != nil {
		return nil
	}
	beat := time.NewTicker(h.cfg.Beat)
	defer beat.Stop()
	batch, buf := make([]update, 0, 64), make([]byte, 0, 4096)
	for {
		buf = buf[:0]
		batch = c.take(batch)
		for i := range batch {
			buf = batch[i].appendTo(buf)
		}
		if len(buf) > 0 {
			if write(buf) != nil {
				return nil
			}
			continue
		}
		select {
		case <-c.wake:
		case <-beat.C:
			if write([]byte(": beat\n\n")) != nil {
				return nil
			}
		case <-c.gone:
			return nil
		case <-r.Context().Done():
			return nil
		}
	}
}

func (u *update) appendTo(b []byte) []byte {
	b = append(b, "id: "...)
	b = strconv.AppendUint(b, u.number, 10)
	b = append(b, "\nevent: "...)
	b = append(b, u.event...)
	b = append(b, "\ndata: "...)
	b = append(b, u.data...)
	return append(b, "\n\n"...)
}

// Disconnect ends all connections, so that whoever may still listen comes
// back and shows who he is. It does not wait.
func (h *Hub) Disconnect() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.clients {
		c.leave()
	}
}

// Close ends all connections and waits for them. It comes before the HTTP
// server's Shutdown, which would wait for them.
func (h *Hub) Close() {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		for c := range h.clients {
			c.leave()
		}
	}
	h.mu.Unlock()
	h.serving.Wait()
}

// Stats of a hub.
type Stats struct {
	Clients int   `json:"clients"`
	Sent    int64 `json:"sent"` // updates, however many clients there were
	// Passed are updates that a client did not get because it was slow: a
	// newer one took their place, or there was no room.
	Passed int64 `json:"passed"`
}

// Stats tells how it goes.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Stats{Clients: len(h.clients), Sent: h.sent.Load(), Passed: h.lost.Load()}
}
