package metrics

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics holds the metrics of one process.
type Metrics struct {
	reg prometheus.Registerer

	frames      *prometheus.CounterVec
	pairs       *prometheus.CounterVec
	flips       *prometheus.CounterVec
	unexplained *prometheus.CounterVec
	breaks      *prometheus.CounterVec
	cuts        *prometheus.CounterVec
	fraction    *prometheus.GaugeVec
	coverage    *prometheus.GaugeVec
	up          *prometheus.GaugeVec
	state       *prometheus.GaugeVec
	reconnects  *prometheus.CounterVec
	restarts    *prometheus.CounterVec
	lastFrame   *prometheus.GaugeVec
	messages    *prometheus.CounterVec
	lag         *prometheus.HistogramVec
	stage       *prometheus.HistogramVec
	model       *prometheus.GaugeVec
	reloads     *prometheus.CounterVec
	reloadOK    prometheus.Gauge
	now         func() time.Time
}

// Build says which program this is.
type Build struct {
	Version string // of flipmeter
	Decoder string // the decoding libraries, "" where not known
	// Now is the clock that lags are taken from; nil is time.Now.
	Now func() time.Time
}

// Buckets of the lag between capture and event, and of a stage's duration,
// in seconds: from a cheap network on a fast machine to a camera that hangs.
var (
	lagBuckets   = [...]float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}
	stageBuckets = [...]float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5}
)

// New makes the metrics and registers them.
func New(reg prometheus.Registerer, build Build) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		reg.MustRegister(c)
		return c
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
		reg.MustRegister(g)
		return g
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
		reg.MustRegister(h)
		return h
	}
	m := &Metrics{
		reg:         reg,
		now:         build.Now,
		frames:      counter("flipmeter_frames_total", "Frames by what became of them: observed, repeat (the same picture again), or dropped_ and the reason.", "camera", "outcome"),
		pairs:       counter("flipmeter_pairs_total", "Pairs of adjacent frames that were compared.", "camera"),
		flips:       counter("flipmeter_flips_total", "Changes of the top label within pairs, counted when their kind is known.", "camera", "kind"),
		unexplained: counter("flipmeter_unexplained_flips_total", "Flips that nothing in the picture explains.", "camera"),
		breaks:      counter("flipmeter_pair_breaks_total", "Pairs that are missing, by reason.", "camera", "reason"),
		cuts:        counter("flipmeter_cuts_total", "Scene cuts.", "camera"),
		fraction:    gauge("flipmeter_flip_fraction", "Flips per pair in the window.", "camera", "window"),
		coverage:    gauge("flipmeter_window_coverage", "Share of the window's time that pairs cover.", "camera", "window"),
		up:          gauge("flipmeter_source_up", "Whether frames come from the source: 1 or 0.", "camera"),
		state:       gauge("flipmeter_source_state", "The state that the source is in has 1, the others 0.", "camera", "state"),
		reconnects:  counter("flipmeter_source_reconnects_total", "Losses of the source that another attempt followed, by reason.", "camera", "reason"),
		restarts:    counter("flipmeter_child_restarts_total", "Decoding processes that died or had to be killed, by reason.", "camera", "reason"),
		lastFrame:   gauge("flipmeter_last_frame_timestamp_seconds", "When the newest frame was captured, Unix time.", "camera"),
		messages:    counter("flipmeter_messages_total", "Messages of cameras whose labels come over NATS or MQTT, by what became of them.", "camera", "outcome"),
		lag:         histogram("flipmeter_frame_lag_seconds", "Time from the capture of a frame to its event.", lagBuckets[:], "camera"),
		stage:       histogram("flipmeter_stage_duration_seconds", "Time that a frame spent in a stage.", stageBuckets[:], "stage"),
		model:       gauge("flipmeter_model_info", "Models that are loaded.", "model", "sha256", "provider", "precision", "runtime"),
		reloads:     counter("flipmeter_config_reloads_total", "Attempts to apply a changed configuration.", "result"),
	}
	if m.now == nil {
		m.now = time.Now
	}
	for _, result := range [...]string{reloadApplied, reloadRefused} {
		m.reloads.WithLabelValues(result)
	}
	m.reloadOK = prometheus.NewGauge(prometheus.GaugeOpts{Name: "flipmeter_config_last_reload_successful", Help: "Whether the newest configuration is in force: 1 or 0."})
	reg.MustRegister(m.reloadOK)
	m.reloadOK.Set(1)
	info := gauge("flipmeter_build_info", "The program and its libraries.", "version", "goversion", "decoder")
	info.WithLabelValues(build.Version, runtime.Version(), build.Decoder).Set(1)
	return m
}

// Stage counts what a frame spent in a stage.
func (m *Metrics) Stage(stage string, d time.Duration) {
	m.stage.WithLabelValues(stage).Observe(d.Seconds())
}

// Model tells that a model is loaded, or no longer.
func (m *Metrics) Model(name, sha256, provider, precision, runtime string, loaded bool) {
	labels := prometheus.Labels{"model": name, "sha256": sha256, "provider": provider, "precision": precision, "runtime": runtime}
	if !loaded {
		m.model.Delete(labels)
		return
	}
	m.model.With(labels).Set(1)
}

// The results of attempts to apply a changed configuration.
const (
	reloadApplied = "applied"
	reloadRefused = "refused"
)

// Reloaded tells whether a changed configuration was applied.
func (m *Metrics) Reloaded(ok bool) {
	result, value := reloadApplied, 1.0
	if !ok {
		result, value = reloadRefused, 0
	}
	m.reloads.WithLabelValues(result).Inc()
	m.reloadOK.Set(value)
}

// Inference are the sums over all models.
type Inference struct {
	Batches, Frames int64
	Busy            time.Duration
}

// CountInference reads what the sessions did when Prometheus asks. It is
// called once.
func (m *Metrics) CountInference(read func() Inference) {
	m.readCounter("flipmeter_batches_total", "Runs of a network.", nil, func() float64 { return float64(read().Batches) })
	m.reg.MustRegister(batchSizes{prometheus.NewDesc("flipmeter_batch_frames", "Frames that a run classified at once.", nil, nil), read})
	m.readCounter("flipmeter_inference_seconds_total", "Time that those runs took, summed over sessions.", nil, func() float64 { return read().Busy.Seconds() })
}

// batchSizes is a histogram of which only sum and count are known.
type batchSizes struct {
	desc *prometheus.Desc
	read func() Inference
}

func (b batchSizes) Describe(out chan<- *prometheus.Desc) { out <- b.desc }
func (b batchSizes) Collect(out chan<- prometheus.Metric) {
	n := b.read()
	out <- prometheus.MustNewConstHistogram(b.desc, uint64(n.Batches), float64(n.Frames), nil)
}

// Events are the messages of an output since its start.
type Events struct {
	Published, Stored, Duplicates, Resent, Lost, LostPictures int64
}

// CountEvents reads what became of messages when Prometheus asks. It is
// called once.
func (m *Metrics) CountEvents(read func() Events) {
	for result, get := range map[string]func(Events) int64{
		"published":     func(e Events) int64 { return e.Published },
		"stored":        func(e Events) int64 { return e.Stored },
		"duplicate":     func(e Events) int64 { return e.Duplicates },
		"resent":        func(e Events) int64 { return e.Resent },
		"lost":          func(e Events) int64 { return e.Lost },
		"lost_pictures": func(e Events) int64 { return e.LostPictures },
	} {
		m.readCounter("flipmeter_events_total", "Messages for NATS by what became of them.", prometheus.Labels{"result": result},
			func() float64 { return float64(get(read())) })
	}
}

// CountAlerts registers how many alerts fire, those that are silenced apart;
// read may be called at any time.
func (m *Metrics) CountAlerts(read func() (firing, silenced int)) {
	for _, silent := range []bool{false, true} {
		value := "false"
		if silent {
			value = "true"
		}
		m.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "flipmeter_alerts_firing", Help: "Alerts that fire now.", ConstLabels: prometheus.Labels{"silenced": value},
		}, func() float64 {
			firing, silenced := read()
			if silent {
				return float64(silenced)
			}
			return float64(firing)
		}))
	}
}

func (m *Metrics) readCounter(name, help string, labels prometheus.Labels, read func() float64) {
	m.reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, read))
}
