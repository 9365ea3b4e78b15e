package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/flipmeter/flipmeter/app"
	"github.com/flipmeter/flipmeter/bus"
	"github.com/flipmeter/flipmeter/configs"
	"github.com/flipmeter/flipmeter/event"
	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/infer"
	"github.com/flipmeter/flipmeter/infer/infertest"
	"github.com/flipmeter/flipmeter/ingest/gocv"
)

// watchPatience is how long a test waits for what must happen.
const watchPatience = 4 * time.Minute

// watchRig is a running flipmeter watch.
type watchRig struct {
	t        *testing.T
	config   string
	web      string
	nats     string
	reload   chan os.Signal
	log      *lockedBuffer
	tape     *tape
	registry *prometheus.Registry
	stop     context.CancelFunc
	done     chan error
	ended    bool
}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// tape writes down what listeners are told.
type tape struct {
	mu     sync.Mutex
	flips  map[string]int
	states map[string][]string
	seen   map[string]int
	drops  map[string]int
	onSeen func(ev *event.Event)
}

func newTape() *tape {
	return &tape{flips: map[string]int{}, states: map[string][]string{}, seen: map[string]int{}, drops: map[string]int{}}
}

func (p *tape) Notify(ev *event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ev.Observation != nil {
		p.seen[ev.Camera]++
		if p.onSeen != nil {
			p.onSeen(ev)
		}
	}
	if ev.Flip {
		p.flips[ev.Camera]++
	}
	if ev.State != nil {
		p.states[ev.Camera] = append(p.states[ev.Camera], ev.State.State)
	}
	if ev.Drop != nil {
		p.drops[ev.Camera+" "+ev.Drop.Reason] += ev.Drop.Frames
	}
}

func (p *tape) get(f func(p *tape)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
}

// states is how often a camera came into a state.
func (r *watchRig) states(camera, state string) (n int) {
	r.tape.get(func(p *tape) {
		for _, s := range p.states[camera] {
			if s == state {
				n++
			}
		}
	})
	return n
}

func (p *tape) observations(camera string) (n int) {
	p.get(func(p *tape) { n = p.seen[camera] })
	return n
}

// startWatch runs flipmeter watch on cameras given as YAML until the test
// ends. Classifiers are scripted.
func startWatch(t *testing.T, yaml string, script infertest.Script, change ...func(*app.WatchOptions)) *watchRig {
	t.Helper()
	dir := t.TempDir()
	r := &watchRig{
		t: t, config: filepath.Join(dir, "w.yaml"), reload: make(chan os.Signal, 1), log: &lockedBuffer{},
		tape: newTape(), registry: prometheus.NewRegistry(), done: make(chan error, 1),
	}
	r.write(yaml)
	started := make(chan struct{})
	o := app.WatchOptions{
		Config: r.config, Home: dir, Registry: r.registry, Reload: r.reload, Listeners: []event.Listener{r.tape},
		Logger: slog.New(slog.NewTextHandler(r.log, nil)),
		Started: func(web, nats string) {
			r.web, r.nats = web, nats
			close(started)
		},
		OpenModel: func(context.Context, configs.Model) (infer.Classifier, error) {
			return infertest.New(infertest.Config{Sessions: 2, Width: 96, Height: 96, Script: script}), nil
		},
	}
	for _, f := range change {
		f(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() { r.done <- app.Watch(ctx, o, app.Streams{Out: io.Discard, Err: r.log}) }()
	t.Cleanup(r.end)
	select {
	case <-started:
	case err := <-r.done:
		r.ended = true
		t.Fatalf("it did not start: %v\n%s", err, r.log)
	case <-time.After(watchPatience):
		t.Fatalf("it did not start\n%s", r.log)
	}
	return r
}

// write writes the configuration, with what every test needs in front.
func (r *watchRig) write(yaml string) {
	r.t.Helper()
	head := fmt.Sprintf("watch: {data: %q, reload: 0s, web: {listen: \"127.0.0.1:0\"}, nats: {listen: \"127.0.0.1:0\"}}\n",
		filepath.Join(filepath.Dir(r.config), "data"))
	if err := os.WriteFile(r.config, []byte(head+yaml), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// end stops it in order, once.
func (r *watchRig) end() {
	r.stop()
	if r.ended {
		return
	}
	r.ended = true
	select {
	case err := <-r.done:
		if err != nil {
			r.t.Errorf("it ended with %v\n%s", err, r.log)
		}
	case <-time.After(watchPatience):
		r.t.Errorf("it did not end\n%s", r.log)
	}
}

// observation is one that is published of a camera from now on.
func (r *watchRig) observation(camera string) (o bus.Observation) {
	r.t.Helper()
	heard, err := connect(r.t, r.nats).SubscribeSync(bus.Subject("local", camera, bus.TypeObservation))
	if err != nil {
		r.t.Fatal(err)
	}
	m, err := heard.NextMsg(watchPatience)
	if err == nil {
		err = json.Unmarshal(m.Data, &o)
	}
	if err != nil {
		r.t.Fatalf("no observation of %s: %v", camera, err)
	}
	return o
}

// eventually waits until something holds.
func (r *watchRig) eventually(what string, holds func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(watchPatience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("%s: not within %v\n%s", what, watchPatience, r.log)
		}
	}
}

// scrape reads the metrics with Prometheus' own parser: the values of counters
// and gauges by "name label=value label=value".
func (r *watchRig) scrape() map[string]float64 {
	r.t.Helper()
	res, err := (&http.Client{Timeout: watchPatience, Transport: &http.Transport{DisableKeepAlives: true}}).Get(r.web + "/metrics")
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return valuesOf(slices.Collect(maps.Values(families)))
}

// gather is scrape without HTTP, also after the end.
func (r *watchRig) gather() map[string]float64 {
	r.t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	return valuesOf(families)
}

func valuesOf(families []*dto.MetricFamily) map[string]float64 {
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			key := f.GetName()
			for _, l := range m.Label {
				key += " " + l.GetName() + "=" + l.GetValue()
			}
			out[key] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return out
}

// state reads a camera's state and error from /readyz.
func (r *watchRig) state(camera string) string {
	r.t.Helper()
	res, err := (&http.Client{Timeout: watchPatience, Transport: &http.Transport{DisableKeepAlives: true}}).Get(r.web + "/readyz")
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	var h struct {
		Cameras map[string]struct{ State, Error string }
	}
	if err := json.NewDecoder(res.Body).Decode(&h); err != nil {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(h.Cameras[camera].State + " " + h.Cameras[camera].Error)
}

// TestWatchFollowsACamera is the path from a source to every output.
func TestWatchFollowsACamera(t *testing.T) {
	r := startWatch(t, `
defaults: {cuts: "off"}
cameras:
  - {name: made, url: "synth:number?frames=12&fps=25&size=96x96"}
  - {name: once, url: "synth:number?frames=20&fps=50&size=96x96", at_end: stop, speed: max}
  - {name: frozen, url: "synth:still?frames=100&fps=25&size=96x96", frozen_after: 300ms}
  - {name: wrong, url: "synth:nothing"}
`, byNumber)
	r.eventually("frames", func() bool { return r.tape.observations("made") > 30 && r.tape.observations("once") == 20 })
	r.eventually("the frozen one is seen", func() bool { return r.state("frozen") == "frozen" })
	if got := r.state("wrong"); !strings.HasPrefix(got, "failed ") || !strings.Contains(got, "unknown pattern") {
		t.Errorf("wrong: %s", got)
	}
	if got := r.state("once"); got != "ended" {
		t.Errorf("once: %s", got)
	}
	m := r.scrape()
	for key, want := range map[string]float64{
		"flipmeter_frames_total camera=once outcome=observed": 20,
		"flipmeter_pairs_total camera=once":                   19,
		"flipmeter_source_up camera=made":                     1,
		"flipmeter_source_up camera=frozen":                   0,
	} {
		if m[key] != want {
			t.Errorf("%s is %v, want %v", key, m[key], want)
		}
	}
	decoder := "OpenCV "
	if !gocv.Available {
		decoder = "none"
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(m)), func(key string) bool {
		return strings.HasPrefix(key, "flipmeter_build_info decoder="+decoder)
	}) {
		t.Error("the metrics don't name the decoder")
	}
	if m["flipmeter_source_reconnects_total camera=made reason=loop"] < 2 {
		t.Error("it did not loop")
	}
	// The once camera's flips: as many everywhere.
	truth := flipsOfNumbers(20)
	r.eventually("flips arrive", func() bool { return len(r.published(r.nats)["once"]) == truth })
	if got := m["flipmeter_flips_total camera=once kind=glitch"] + m["flipmeter_flips_total camera=once kind=transition"] +
		m["flipmeter_flips_total camera=once kind=churn"] + m["flipmeter_flips_total camera=once kind=censored"]; got != float64(truth) {
		t.Errorf("the metric says %v flips, want %d", got, truth)
	}
	r.end()
}

// byNumber answers with a class that the frame's burned-in number decides.
func byNumber(_ *frame.Frame, p frame.Picture, probs []float32) error {
	n, ok := readNumber(p)
	if !ok {
		return fmt.Errorf("no number in the picture")
	}
	for i := range probs {
		probs[i] = 0.01
	}
	probs[labelOf(n)] = 0.9
	return nil
}
