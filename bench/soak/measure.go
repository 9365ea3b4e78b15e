//go:build cgo && gocv_specific_modules && gocv_videoio

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/flipmeter/flipmeter/bus"
)

// load is one load while it is measured.
type load struct {
	name       string
	cameras    int
	rate       float64      // frames a second that are asked of each
	mustKeepUp bool         // nothing may be dropped
	unsent     func() int64 // packets that the RTSP server threw away; nil: there is none
	duration   time.Duration
	registry   *prometheus.Registry
	profiles   string // folder for profiles, "" for none
}

// sample is what is read of the process once a second.
type sample struct {
	at         time.Duration
	rss        int // bytes, of this process
	memory     memory
	children   int // bytes, of its decoding processes
	cpu        time.Duration
	given      time.Duration // of all cores, to whoever, idle included
	childCPU   time.Duration
	goroutines int
}

// fills is after how long everything is full that a made-up camera fills: what
// pages show of it (5 minutes), and ids of messages, of which the server lets
// go when two thirds are older than two minutes.
const fills = 7 * time.Minute

// settle is how long a load may take to run evenly: cameras open, buffers
// and pools grow. Short runs don't wait until all is full.
func (l *load) settle() time.Duration {
	if l.name == "synthetic" && l.duration >= fills {
		return fills
	}
	return max(l.duration/5, 10*time.Second)
}

// measure watches until the time is over, prints, and says whether all held.
func (l *load) measure(ctx context.Context, out io.Writer, natsURL string) (held bool, err error) {
	heard, err := listen(natsURL, l.cameras)
	if err != nil {
		return false, err
	}
	defer heard.close()
	fmt.Fprintf(out, "\n== %s: %d cameras at %v frames a second, %v on %d cores\n\n", l.name, l.cameras, l.rate, l.duration, runtime.NumCPU())
	fmt.Fprintf(out, "%8s %9s %9s %9s %12s %11s %8s %12s\n", "time", "RSS MiB", "heap MiB", "live MiB", "decoding MiB", "goroutines", "cores", "decoding")
	var samples []sample
	var before counted
	start := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	every := max(l.duration/12, 5*time.Second)
	next, settled := every, false
	last := sample{}
	for now := range tick.C {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		s, err := readProcess(now.Sub(start))
		if err != nil {
			return false, err
		}
		if settled {
			samples = append(samples, s)
		}
		if !settled && s.at >= l.settle() {
			settled = true
			if before, err = l.count(now); err != nil {
				return false, err
			}
			heard.reset()
			if err := l.heapProfile("settled"); err != nil {
				return false, err
			}
		}
		if s.at >= next {
			next += every
			wall := float64(s.at - last.at)
			fmt.Fprintf(out, "%8v %9.1f %9.1f %9.1f %12.1f %11d %8.2f %12.2f\n", s.at.Round(time.Second), mib(s.rss),
				mib(s.memory.heap), mib(s.memory.live), mib(s.children), s.goroutines,
				float64(s.cpu-last.cpu)/wall, float64(s.childCPU-last.childCPU)/wall)
			last = s
		}
		if s.at >= l.duration+l.settle() {
			break
		}
	}
	after, err := l.count(time.Now())
	if err != nil {
		return false, err
	}
	if err := l.heapProfile("end"); err != nil {
		return false, err
	}
	r := l.judge(samples, before, after, heard.latencies())
	if l.unsent != nil {
		r.lines = append(r.lines, fmt.Sprintf("packets that the RTSP server could not get rid of: %d", l.unsent()))
	}
	r.print(out)
	return r.held(), nil
}

func mib(bytes int) float64 { return float64(bytes) / (1 << 20) }

// listener is a NATS client that measures how old observations are when they
// arrive.
type listener struct {
	nc *nats.Conn

	mu   sync.Mutex
	ages []time.Duration
}

// mostHeard is how many cameras are listened to: a client in this process that
// heard all of a thousand took from the cameras what is to be measured (a fifth
// of all garbage was its).
const mostHeard = 100

// listen hears the observations of some cameras, chosen evenly.
func listen(url string, cameras int) (*listener, error) {
	nc, err := nats.Connect(url, nats.Name("soak"), nats.Timeout(time.Minute)) // cameras are just being opened
	if err != nil {
		return nil, err
	}
	h := &listener{nc: nc}
	heard := min(cameras, mostHeard)
	for i := range heard {
		sub, err := nc.Subscribe(bus.Subject(bus.DefaultSite, cameraName(i*cameras/heard), bus.TypeObservation), h.hear)
		if err == nil {
			err = sub.SetPendingLimits(-1, -1)
		}
		if err != nil {
			nc.Close()
			return nil, err
		}
	}
	return h, nil
}

func (h *listener) hear(m *nats.Msg) {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	_, rest, ok := bytes.Cut(m.Data, []byte(`"at":"`))
	text, _, ended := bytes.Cut(rest, []byte(`"`))
	if !ok || !ended {
		return
	}
	if at, err := time.Parse(time.RFC3339Nano, string(text)); err == nil {
		h.ages = append(h.ages, now.Sub(at))
	}
}

func (h *listener) reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ages = nil
}

// latencies are in order, the shortest first.
func (h *listener) latencies() []time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(slices.Values(h.ages))
}

func (h *listener) close() { h.nc.Close() }
