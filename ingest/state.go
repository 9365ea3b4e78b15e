package ingest

import "time"

// State is what a supervised source is doing.
type State string

// The states.
const (
	StateConnecting State = "connecting" // it is being opened
	StateUp         State = "up"         // frames come
	StateFrozen     State = "frozen"     // frames come, all the same picture
	StateStalled    State = "stalled"    // it is open, and no frame comes
	StateBackoff    State = "backoff"    // it was lost, another attempt will follow
	StateEnded      State = "ended"      // it came to its end
	StateFailed     State = "failed"     // it was given up
	StatePaused     State = "paused"     // somebody halted it
)

// States lists all states.
func States() []State {
	return []State{StateConnecting, StateUp, StateFrozen, StateStalled, StateBackoff, StateEnded, StateFailed, StatePaused}
}

// Status is a state with its circumstances.
type Status struct {
	State State
	Since time.Time // wall clock
	// Cause and Err are those of the last loss, with StateBackoff and
	// StateFailed. Err holds no credentials.
	Cause Cause
	Err   error
	// Retry is when the next attempt follows, with StateBackoff.
	Retry time.Duration
}
