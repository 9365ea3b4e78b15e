package alerts

import (
	"math"
	"reflect"
	"time"
)

// Replace takes other rules into force, without a restart. Rules that did
// not change go on as they are. One that did change, by its name, goes on
// firing where it fires, and is judged by its new bounds from the next
// window on; a condition that was pending begins anew. What a rule knows of a
// camera's past stays as long as it is about the same metric. A firing whose
// rule is gone is resolved.
//
// The error is NewEngine's, and nothing has changed then.
func (e *Engine) Replace(at time.Duration, cfg Config) ([]Transition, error) {
	next, err := NewEngine(cfg)
	if err != nil {
		return nil, err
	}
	old := map[string]int{}
	for i := range e.rules {
		old[e.rules[i].Name] = i
	}
	var out []Transition
	for _, name := range e.names() {
		was := e.streams[name]
		now := next.stream(name)
		for i := range next.rules {
			k, known := old[next.rules[i].Name]
			if !known {
				continue
			}
			if reflect.DeepEqual(e.rules[k], next.rules[i]) {
				now.rules[i] = was.rules[k]
			} else {
				out = e.carry(out, at, name, &e.rules[k], &was.rules[k], &next.rules[i], &now.rules[i])
			}
			was.rules[k].state = Inactive // it lives on elsewhere
		}
		for k := range e.rules {
			if st := &was.rules[k]; st.state == Firing {
				out = e.resolve(out, at, name, &e.rules[k], st, ReasonRuleGone)
			} else if st.state == Pending {
				out = e.move(out, at, name, &e.rules[k], st, Inactive, ReasonRuleGone)
			}
		}
	}
	*e = *next
	return out, nil
}

// carry takes what a changed rule keeps from the state before.
func (e *Engine) carry(out []Transition, at time.Duration, stream string, oldRule *Rule, was *ruleState, rule *Rule, now *ruleState) []Transition {
	now.firing = was.firing
	if same := oldRule.Metric == rule.Metric && was.history != nil && now.history != nil; same &&
		was.history.spacing == now.history.spacing && len(was.history.slots) == len(now.history.slots) {
		now.history = was.history
	}
	switch was.state {
	case Firing:
		now.state, now.since, now.sent, now.reminders = Firing, was.since, was.sent, was.reminders
		// A window of another width takes a while to come.
		now.restored, now.restoredAt = true, at
		if rule.Baseline != nil {
			now.limits = limits{fire: math.NaN(), clear: math.NaN()}
		}
	case Pending:
		out = e.move(out, at, stream, oldRule, was, Inactive, ReasonRuleChanged)
	}
	return out
}
