package alerts

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// Config is what an Engine runs on.
type Config struct {
	Rules []Rule
	// RemindEvery is after how long a firing alert is told again, 0: never.
	RemindEvery time.Duration
	// Grace is for how long after Restore an unknown value does not end a
	// firing that was restored, because every camera is down just then; 0
	// is 2 minutes.
	Grace time.Duration
}

const defaultGrace = 2 * time.Minute

// Engine holds the state of every rule for every stream. All times are
// durations on one clock of the caller's that never goes back. One goroutine
// uses it.
type Engine struct {
	rules   []Rule
	metrics []metric // nil for those of health
	remind  time.Duration
	grace   time.Duration
	streams map[string]*streamState
}

type streamState struct {
	rules []ruleState
}

type ruleState struct {
	state State
	since time.Duration // the state's begin
	value float64       // judged last
	// limits are those that the value was judged by.
	limits  limits
	history *history // nil without a baseline

	begun bool          // a window was seen
	seen  time.Duration // the last one

	firing     uint64        // firings so far
	sent       time.Duration // of the last message while firing
	reminders  int
	clear      bool // while firing: the value is clear, or unknown
	clearSince time.Duration

	restored   bool // firing since before a restart, and no known value yet
	restoredAt time.Duration
}

// NewEngine makes an engine. It returns what Rule.Validate says, and an
// error for two rules of one name.
func NewEngine(cfg Config) (*Engine, error) {
	e := &Engine{rules: slices.Clone(cfg.Rules), remind: cfg.RemindEvery, grace: cfg.Grace, streams: map[string]*streamState{}}
	if e.grace == 0 {
		e.grace = defaultGrace
	}
	names := map[string]bool{}
	for i := range e.rules {
		r := &e.rules[i]
		if err := r.Validate(); err != nil {
			return nil, fmt.Errorf("alert rule %q: %w", r.Name, err)
		}
		if names[r.Name] {
			return nil, fmt.Errorf("alert rule %q: another rule has the same name", r.Name)
		}
		names[r.Name] = true
		m, _ := metricOf(r.Metric)
		e.metrics = append(e.metrics, m)
	}
	return e, nil
}

// Windows are the widths that Observe must be given, without repetition.
func (e *Engine) Windows() []time.Duration {
	var out []time.Duration
	for i := range e.rules {
		if w := e.rules[i].Window; w > 0 && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// Observe judges a window of a stream by the rules of its width.
func (e *Engine) Observe(at time.Duration, stream string, w *stability.Window) []Transition {
	var out []Transition
	s := e.stream(stream)
	for i := range e.rules {
		r := &e.rules[i]
		if r.Window != w.Width || e.metrics[i] == nil {
			continue
		}
		st := &s.rules[i]
		st.seen, st.begun = at, true
		value, pairs := e.metrics[i](w)
		reason := ""
		if math.IsNaN(value) || r.needsPairs() && pairs < r.MinPairs {
			value, reason = math.NaN(), ReasonNoData
		}
		if st.history == nil {
			out = e.judge(out, at, stream, r, st, value, reason)
			continue
		}
		measured := value
		if !e.baseline(at, r, st) && reason == "" {
			value, reason = math.NaN(), ReasonNoBaseline
		}
		out = e.judge(out, at, stream, r, st, value, reason)
		if !math.IsNaN(measured) {
			st.history.add(at, measured)
		}
	}
	return out
}

// baseline sets the limits by what is normal for the stream now. It is
// false where that is not known yet.
func (e *Engine) baseline(at time.Duration, r *Rule, st *ruleState) bool {
	st.history.advance(at)
	if st.history.known == 0 || time.Duration(st.history.known)*st.history.spacing < r.Baseline.minHistory() {
		st.limits = limits{fire: math.NaN(), clear: math.NaN()}
		return false
	}
	st.limits = r.Baseline.limits(st.history.stats())
	return true
}

// Tick lets time pass: for cameras that are down, which give no windows, and
// for reminders. Streams that health doesn't list are down. A stream is
// known from its first window, or from health.
func (e *Engine) Tick(at time.Duration, health map[string]Health) []Transition {
	var out []Transition
	for name := range health {
		e.stream(name)
	}
	for _, name := range e.names() {
		for i := range e.rules {
			out = e.tick(out, at, name, i, health[name])
		}
	}
	return out
}

func (e *Engine) tick(out []Transition, at time.Duration, stream string, i int, health Health) []Transition {
	up := health.Up
	r, st := &e.rules[i], &e.streams[stream].rules[i]
	stale := !st.begun || at-st.seen > r.Window
	switch {
	case r.Metric == Up:
		value, reason := 1.0, ""
		if !up {
			value, reason = 0, ReasonDown
		}
		return e.judge(out, at, stream, r, st, value, reason)
	case r.Metric == Frozen && up:
		value := 0.0
		if health.Frozen {
			value = 1
		}
		return e.judge(out, at, stream, r, st, value, "")
	case up && !stale:
		// The next window will tell.
		return e.reminder(out, at, stream, r, st)
	case r.Metric == coverage && !up && stale:
		return e.judge(out, at, stream, r, st, 0, ReasonDown)
	case !up:
		return e.judge(out, at, stream, r, st, math.NaN(), ReasonDown)
	}
	return e.judge(out, at, stream, r, st, math.NaN(), ReasonNoData)
}

// Remove forgets a stream and resolves what fires for it.
func (e *Engine) Remove(at time.Duration, stream string) []Transition {
	s := e.streams[stream]
	if s == nil {
		return nil
	}
	var out []Transition
	for i := range e.rules {
		if st := &s.rules[i]; st.state == Firing {
			out = e.resolve(out, at, stream, &e.rules[i], st, ReasonRemoved)
		}
	}
	delete(e.streams, stream)
	return out
}

// Firing lists what fires now, by stream and rule.
func (e *Engine) Firing() []Transition {
	var out []Transition
	for name, s := range e.streams {
		for i := range s.rules {
			if st := &s.rules[i]; st.state == Firing {
				out = append(out, e.transition(st.sent, name, &e.rules[i], st, Firing, ""))
			}
		}
	}
	slices.SortFunc(out, func(a, b Transition) int {
		if a.Stream != b.Stream {
			return strings.Compare(a.Stream, b.Stream)
		}
		return strings.Compare(a.Rule.Name, b.Rule.Name)
	})
	return out
}

// names are those of the streams, in order.
func (e *Engine) names() []string {
	names := make([]string, 0, len(e.streams))
	for name := range e.streams {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (e *Engine) stream(name string) *streamState {
	s := e.streams[name]
	if s == nil {
		s = &streamState{rules: make([]ruleState, len(e.rules))}
		for i := range s.rules {
			r := &e.rules[i]
			s.rules[i] = ruleState{state: Inactive, value: math.NaN(), limits: r.fixed()}
			if r.Baseline != nil {
				s.rules[i].history = newHistory(r.Baseline, r.Window)
			}
		}
		e.streams[name] = s
	}
	return s
}
