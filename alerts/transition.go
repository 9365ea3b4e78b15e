package alerts

import "time"

// State is a rule's state for one stream.
type State string

// Resolved is told once when a firing rule ends; the rule is inactive then.
const (
	Inactive State = "inactive"
	Pending  State = "pending"
	Firing   State = "firing"
	Resolved State = "resolved"
)

// Reasons why a rule changed its state other than by a known value.
const (
	ReasonNoData     = "no data"
	ReasonNoBaseline = "what is normal for the camera is not known yet"
	ReasonDown       = "the camera is down"
	ReasonRemoved    = "the camera was paused or taken out"
	ReasonRuleGone   = "the rule was removed"
	// ReasonRuleChanged ends a pending condition only.
	ReasonRuleChanged = "the rule was changed"
)

// Transition is a change of a rule's state for one stream, or a reminder
// that it still fires.
type Transition struct {
	Rule   *Rule // the engine's; not to be changed
	Stream string

	From, To State // Firing to Firing is a reminder
	At       time.Duration
	// Since is when the state before began that led here: a pending or
	// firing rule's condition, for Resolved the firing.
	Since time.Duration

	// Firing counts the firings of the rule for this stream from 1; 0
	// before the first. With the stream and the rule it identifies an
	// alert.
	Firing uint64
	// Reminder counts how often a firing alert was told again.
	Reminder int

	Value  float64 // NaN where unknown
	Bound  float64 // that Value is compared with; NaN where unknown
	Reason string  // "" where the value is the reason
	// Median and Spread are the camera's baseline; NaN where the rule has
	// none, or it is not known.
	Median, Spread float64
}

// Health is what Tick must know of a stream.
type Health struct {
	// Up is set while the stream delivers frames.
	Up bool
	// Frozen is set while these are the same picture over and over.
	Frozen bool
}

// HealthOf is the health of a camera in one of the states that events
// tell: connecting, up, frozen, stalled, backoff, ended, failed.
func HealthOf(state string) Health {
	return Health{Up: state == "up" || state == "frozen", Frozen: state == "frozen"}
}
