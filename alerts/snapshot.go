package alerts

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Saved is what must outlast a restart of an engine: what fires, and how
// often each rule has. Conditions that were pending begin anew, since nobody
// has seen whether they held in between.
type Saved struct {
	Rules []SavedRule `json:"rules"`
}

// SavedRule is the state of one rule for one stream. Severity, Metric and
// Window are what the rule said, should it be gone when the state is read.
type SavedRule struct {
	Stream    string        `json:"stream"`
	Rule      string        `json:"rule"`
	Firings   uint64        `json:"firings"`
	Firing    bool          `json:"firing"`
	Since     time.Time     `json:"since,omitzero"` // while firing
	Sent      time.Time     `json:"sent,omitzero"`
	Reminders int           `json:"reminders,omitempty"`
	Severity  string        `json:"severity,omitempty"`
	Metric    string        `json:"metric,omitempty"`
	Window    time.Duration `json:"window,omitempty"`
}

// Snapshot gives the state at a time, of which wall is the wall clock.
func (e *Engine) Snapshot(at time.Duration, wall time.Time) Saved {
	s := Saved{Rules: []SavedRule{}}
	for stream, state := range e.streams {
		for i := range state.rules {
			st, r := &state.rules[i], &e.rules[i]
			if st.firing == 0 {
				continue
			}
			saved := SavedRule{Stream: stream, Rule: r.Name, Firings: st.firing}
			if st.state == Firing {
				saved.Firing, saved.Since, saved.Sent = true, wall.Add(st.since-at).UTC(), wall.Add(st.sent-at).UTC()
				saved.Reminders, saved.Severity, saved.Metric, saved.Window = st.reminders, r.Severity, r.Metric, r.Window
			}
			s.Rules = append(s.Rules, saved)
		}
	}
	slices.SortFunc(s.Rules, func(a, b SavedRule) int {
		if a.Stream != b.Stream {
			return strings.Compare(a.Stream, b.Stream)
		}
		return strings.Compare(a.Rule, b.Rule)
	})
	return s
}

// Restore takes over a state before the first window. What fired goes on
// firing, without being told anew; an unknown value does not end it within
// the engine's grace. A firing whose rule is gone is resolved, once: that is
// what it returns.
func (e *Engine) Restore(at time.Duration, wall time.Time, s Saved) []Transition {
	var out []Transition
	for i := range s.Rules {
		saved := &s.Rules[i]
		ago := func(t time.Time) time.Duration { return at - max(0, wall.Sub(t)) }
		k := slices.IndexFunc(e.rules, func(r Rule) bool { return r.Name == saved.Rule })
		if k < 0 {
			if saved.Firing {
				r := &Rule{Name: saved.Rule, Severity: saved.Severity, Metric: saved.Metric, Window: saved.Window}
				out = append(out, Transition{
					Rule: r, Stream: saved.Stream, From: Firing, To: Resolved, At: at, Since: ago(saved.Since), Firing: saved.Firings,
					Reminder: saved.Reminders, Value: math.NaN(), Bound: math.NaN(), Median: math.NaN(), Spread: math.NaN(), Reason: ReasonRuleGone,
				})
			}
			continue
		}
		st := &e.stream(saved.Stream).rules[k]
		st.firing = saved.Firings
		if saved.Firing {
			st.state, st.since, st.sent, st.reminders = Firing, ago(saved.Since), ago(saved.Sent), saved.Reminders
			st.restored, st.restoredAt = true, at
		}
	}
	return out
}

// SavedBaseline is what one rule knows of one stream's past.
type SavedBaseline struct {
	Stream  string        `json:"stream"`
	Rule    string        `json:"rule"`
	Metric  string        `json:"metric"`
	Spacing time.Duration `json:"spacing"`
	// Newest is when the last of the values was current.
	Newest time.Time `json:"newest"`
	// Values are float32, little-endian, oldest first; NaN is unknown.
	Values []byte `json:"values"`
}

// Baselines gives what is known of the past.
func (e *Engine) Baselines(at time.Duration, wall time.Time) []SavedBaseline {
	out := []SavedBaseline{}
	for stream, state := range e.streams {
		for i := range state.rules {
			h, r := state.rules[i].history, &e.rules[i]
			if h == nil || !h.begun {
				continue
			}
			h.advance(at)
			saved := SavedBaseline{Stream: stream, Rule: r.Name, Metric: r.Metric, Spacing: h.spacing, Newest: wall.UTC()}
			for n := h.newest - int64(len(h.slots)) + 1; n < h.newest; n++ {
				if v := *h.at(n); len(saved.Values) > 0 || !isNaN32(v) {
					saved.Values = binary.LittleEndian.AppendUint32(saved.Values, math.Float32bits(v))
				}
			}
			saved.Values = binary.LittleEndian.AppendUint32(saved.Values, math.Float32bits(h.current))
			out = append(out, saved)
		}
	}
	slices.SortFunc(out, func(a, b SavedBaseline) int {
		if a.Stream != b.Stream {
			return strings.Compare(a.Stream, b.Stream)
		}
		return strings.Compare(a.Rule, b.Rule)
	})
	return out
}

// RestoreBaselines takes over what was known of the past, before the first
// window. What belongs to no rule of now, or to another metric or spacing,
// is left out. An error names the first that can't be read.
func (e *Engine) RestoreBaselines(at time.Duration, wall time.Time, list []SavedBaseline) error {
	for i := range list {
		saved := &list[i]
		k := slices.IndexFunc(e.rules, func(r Rule) bool { return r.Name == saved.Rule && r.Metric == saved.Metric && r.Baseline != nil })
		if k < 0 {
			continue
		}
		h := e.stream(saved.Stream).rules[k].history
		if h.spacing != saved.Spacing {
			continue
		}
		if len(saved.Values)%4 != 0 || len(saved.Values) > 4*len(h.slots) {
			return fmt.Errorf("baseline of rule %s for %s: %d bytes of values", saved.Rule, saved.Stream, len(saved.Values))
		}
		h.begun = true
		h.newest = h.slot(at - max(0, wall.Sub(saved.Newest)))
		count := int64(len(saved.Values) / 4)
		for j := range count {
			v := math.Float32frombits(binary.LittleEndian.Uint32(saved.Values[4*j:]))
			if j == count-1 {
				h.current = v
			} else {
				h.set(h.newest-(count-1)+j, v)
			}
		}
		h.advance(at)
	}
	return nil
}
