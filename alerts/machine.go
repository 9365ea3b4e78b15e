package alerts

import (
	"math"
	"time"
)

// judge moves one rule's state machine on a value that was found at a time;
// NaN is unknown. An unknown value neither lets a rule fire nor keeps it
// firing: it ends a pending rule and counts as clear for a firing one, but
// not while a restart explains it.
func (e *Engine) judge(out []Transition, at time.Duration, stream string, r *Rule, st *ruleState, value float64, reason string) []Transition {
	unknown := math.IsNaN(value)
	if st.restored {
		if unknown && at-st.restoredAt < e.grace {
			return e.reminder(out, at, stream, r, st)
		}
		st.restored = false
	}
	st.value = value
	fires := !unknown && st.limits.fires(value)
	switch st.state {
	case Inactive:
		if !fires {
			return out
		}
		out = e.move(out, at, stream, r, st, Pending, reason)
		if r.For == 0 {
			out = e.fire(out, at, stream, r, st, reason)
		}
	case Pending:
		switch {
		case !fires:
			out = e.move(out, at, stream, r, st, Inactive, reason)
		case at-st.since >= r.For:
			out = e.fire(out, at, stream, r, st, reason)
		}
	case Firing:
		if !unknown && !st.limits.clears(value) {
			st.clear = false
			return e.reminder(out, at, stream, r, st)
		}
		if !st.clear {
			st.clear, st.clearSince = true, at
		}
		if at-st.clearSince >= r.KeepFiringFor {
			return e.resolve(out, at, stream, r, st, reason)
		}
		return e.reminder(out, at, stream, r, st)
	}
	return out
}

// move changes the state and tells of it.
func (e *Engine) move(out []Transition, at time.Duration, stream string, r *Rule, st *ruleState, to State, reason string) []Transition {
	t := e.transition(at, stream, r, st, to, reason)
	if to == Pending {
		t.Since = at
	}
	st.state, st.since = to, at
	if to == Resolved {
		st.state = Inactive
	}
	return append(out, t)
}

func (e *Engine) fire(out []Transition, at time.Duration, stream string, r *Rule, st *ruleState, reason string) []Transition {
	st.firing++
	st.clear, st.sent, st.reminders = false, at, 0
	return e.move(out, at, stream, r, st, Firing, reason)
}

func (e *Engine) resolve(out []Transition, at time.Duration, stream string, r *Rule, st *ruleState, reason string) []Transition {
	return e.move(out, at, stream, r, st, Resolved, reason)
}

// reminder tells again of a firing rule when it is time to.
func (e *Engine) reminder(out []Transition, at time.Duration, stream string, r *Rule, st *ruleState) []Transition {
	if st.state != Firing || e.remind <= 0 || at-st.sent < e.remind {
		return out
	}
	st.sent = at
	st.reminders++
	return append(out, e.transition(at, stream, r, st, Firing, ""))
}

func (e *Engine) transition(at time.Duration, stream string, r *Rule, st *ruleState, to State, reason string) Transition {
	t := Transition{
		Rule: r, Stream: stream, From: st.state, To: to, At: at, Since: st.since,
		Firing: st.firing, Reminder: st.reminders, Value: st.value, Bound: st.limits.fire, Reason: reason,
		Median: math.NaN(), Spread: math.NaN(),
	}
	if to == Resolved {
		t.Bound = st.limits.clear
	}
	if st.history != nil {
		t.Median, t.Spread = st.history.stats()
	}
	return t
}
