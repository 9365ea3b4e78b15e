package bus

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/internal/natstest"
)

func TestPublisherStoresEveryFlipAndRevisionOnce(t *testing.T) {
	s := natstest.Start(t)
	conn := connect(t, s)
	p := NewPublisher(conn, PublisherConfig{InFlight: 16})
	stop := run(t, p)
	const cameras, n = 4, 200
	var wg sync.WaitGroup
	for c := range cameras {
		stream := testStream()
		stream.Camera = string(rune('a' + c))
		l := p.Listener(stream)
		wg.Go(func() {
			for i := range uint64(n) {
				l.Notify(flipEvent(i))
				l.Notify(lateEvent(i))
			}
		})
	}
	wg.Wait()
	stop() // sends what is left
	ids := countIDs(stored(t, s))
	if len(ids) != cameras*n*2 {
		t.Fatalf("%d messages are stored, want %d; %+v", len(ids), cameras*n*2, p.Stats())
	}
	for id, times := range ids {
		if times != 1 {
			t.Errorf("%s is stored %d times", id, times)
		}
	}
}

func TestPublisherOutlivesAnOutage(t *testing.T) {
	s := natstest.Listen(t)
	conn := connect(t, s, overTCP(s))
	// A server that is stopped while it makes a stream leaves goroutines
	// behind (nats-server 2.15.2).
	if err := conn.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	log, text := logText()
	p := NewPublisher(conn, PublisherConfig{Log: log})
	stop := run(t, p)
	l := p.Listener(testStream())
	const n = 300
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("stats %+v, log %s", p.Stats(), text())
		}
	})
	for i := range uint64(n) {
		switch i {
		case n / 3:
			s.Stop()
		case 2 * n / 3:
			s.Restart(t)
		}
		l.Notify(flipEvent(i))
	}
	waitFor(t, "all flips stored", func() bool { return p.Stats().Stored >= n })
	stop()
	if st := p.Stats(); st.Lost > n { // observations of the outage, at most
		t.Errorf("stats %+v", st)
	}
	ids := countIDs(stored(t, s))
	if len(ids) != n {
		t.Fatalf("%d flips are stored, want %d", len(ids), n)
	}
}

func TestPublisherCountsWhatItsBufferCantHold(t *testing.T) {
	s := natstest.Listen(t)
	conn := connect(t, s, overTCP(s))
	if err := conn.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	waitFor(t, "the connection is known to be lost", func() bool { return !conn.Connected() })
	p := NewPublisher(conn, PublisherConfig{Buffer: 10, InFlight: 5, Observations: 1})
	stop := run(t, p)
	l := p.Listener(testStream())
	const n = 100
	for i := range uint64(n) {
		l.Notify(lateEvent(i)) // flips only
	}
	s.Restart(t)
	var st Stats
	waitFor(t, "everything is stored or lost", func() bool {
		st = p.Stats()
		return st.Stored+st.Lost == n
	})
	stop()
	// In the buffer, under way, and one in the sender's hands.
	if st.Stored < 10 || st.Stored > 10+5+1 {
		t.Errorf("%d flips came through, the buffers hold at most 16", st.Stored)
	}
	messages := stored(t, s)
	if int64(len(messages)) != st.Stored {
		t.Errorf("%d messages are stored, counted %d", len(messages), st.Stored)
	}
	newest := decode[Flip](t, messages[len(messages)-1].Data)
	if newest.Seq != n-1 {
		t.Errorf("the newest stored flip is %d: newer ones gave way to older ones", newest.Seq)
	}
}

func TestPublisherStartsBeforeTheBroker(t *testing.T) {
	s := natstest.Listen(t)
	s.Stop()
	conn := connect(t, s, overTCP(s), func(c *Config) { c.Retry = true })
	p := NewPublisher(conn, PublisherConfig{})
	stop := run(t, p)
	p.Listener(testStream()).Notify(flipEvent(1))
	s.Restart(t)
	waitFor(t, "the flip is stored", func() bool { return p.Stats().Stored == 1 })
	stop()
}

func TestPublisherEndsWhileTheBrokerIsAway(t *testing.T) {
	s := natstest.Listen(t)
	s.Stop()
	log, text := logText()
	conn := connect(t, s, overTCP(s), func(c *Config) { c.Retry = true })
	p := NewPublisher(conn, PublisherConfig{DrainTimeout: 50 * time.Millisecond, Log: log})
	stop := run(t, p)
	l := p.Listener(testStream())
	const n = 20
	for i := range uint64(n) {
		l.Notify(lateEvent(i))
	}
	stop()
	if st := p.Stats(); st.Lost != n {
		t.Errorf("stats %+v, want %d lost", st, n)
	}
	if !strings.Contains(text(), "total=20") {
		t.Errorf("the loss is not logged: %s", text())
	}
	l.Notify(lateEvent(n)) // after the end: counted, nothing else
	if st := p.Stats(); st.Lost != n+1 {
		t.Errorf("stats %+v, want %d lost", st, n+1)
	}
}

// stallingProxy passes bytes on until stall is called, and then reads no
// more: the sender's buffers fill.
func stallingProxy(t *testing.T, to string) (address string, stall func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		conns   []net.Conn
		stalled = make(chan struct{})
	)
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", to)
			if err != nil {
				c.Close()
				continue
			}
			mu.Lock()
			conns = append(conns, c, up)
			mu.Unlock()
			wg.Go(func() { _, _ = io.Copy(c, up) })
			wg.Go(func() {
				buf := make([]byte, 4096)
				for {
					select {
					case <-stalled:
						return
					default:
					}
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					if _, err := up.Write(buf[:n]); err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return ln.Addr().String(), sync.OnceFunc(func() { close(stalled) })
}

func TestSlowBrokerDoesNotBlockAListener(t *testing.T) {
	s := natstest.Listen(t)
	address, stall := stallingProxy(t, strings.TrimPrefix(s.URL(), "nats://"))
	conn := connect(t, s, overTCP(s), func(c *Config) { c.URL = "nats://" + address })
	p := NewPublisher(conn, PublisherConfig{Buffer: 64, Observations: 64, DrainTimeout: 50 * time.Millisecond})
	stop := run(t, p)
	l := p.Listener(testStream())
	l.Notify(lateEvent(0))
	waitFor(t, "the first flip is stored", func() bool { return p.Stats().Stored == 1 })
	stall()
	// Many times what the buffers and the sockets between hold.
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range uint64(20_000) {
			l.Notify(flipEvent(i + 1))
		}
	}()
	select {
	case <-done:
	case <-time.After(4 * patienceOfTests): // events are encoded meanwhile, and the machine may be busy
		t.Fatal("the listener is blocked")
	}
	if p.Stats().Lost == 0 {
		t.Error("no loss was counted")
	}
	conn.nc.Close() // or the write that hangs lasts for its own timeout
	stop()
}

func TestListenerGivesPicturesBack(t *testing.T) {
	s := natstest.Listen(t)
	s.Stop()
	conn := connect(t, s, overTCP(s), func(c *Config) { c.Retry = true })
	p := NewPublisher(conn, PublisherConfig{Pictures: 1, DrainTimeout: time.Millisecond})
	l := p.Listener(testStream())
	var evs []*event.Event
	for i := range uint64(10) {
		ev := flipEvent(i)
		ev.Prev, ev.Cur = thumbs()
		l.Notify(ev)
		ev.Prev.Release()
		ev.Cur.Release()
		evs = append(evs, ev)
	}
	run(t, p)()
	for i, ev := range evs {
		if ev.Prev.Pix != nil || ev.Cur.Pix != nil {
			t.Errorf("a picture of event %d is still held", i)
		}
	}
	if p.Stats().LostPictures != 20 {
		t.Errorf("stats %+v, want 20 lost pictures", p.Stats())
	}
}

func TestObservationsReachWhoListens(t *testing.T) {
	s := natstest.Start(t)
	conn := connect(t, s)
	nc := s.Connect(t)
	sub, err := nc.SubscribeSync(Subject("plant", "gate 2", TypeObservation))
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	p := NewPublisher(conn, PublisherConfig{})
	stop := run(t, p)
	l := p.Listener(testStream())
	l.Notify(&event.Event{Observation: observation(9)})
	m, err := sub.NextMsg(patienceOfTests)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	o := decode[Observation](t, m.Data)
	if o.Seq != 9 || o.Label.Label != "dog" || o.Epoch != testStream().Epoch {
		t.Errorf("observation %+v", o)
	}
	if m.Header.Get("Nats-Msg-Id") != "" {
		t.Error("an observation has an id for JetStream, which doesn't store it")
	}
	if err := conn.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(stored(t, s)); got != 0 {
		t.Errorf("%d messages are stored, observations are not", got)
	}
}
