package event

import (
	"context"
	"time"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/stability"
)

// Event is one observation and what was made of it. It and what it points
// to belong to the sender and are valid during the call only; thumbs are
// kept by retaining them.
type Event struct {
	Site, Camera string
	Track        string    // "" unless several objects are told apart
	At           time.Time // wall clock; PTS-derived for files

	// Observation is nil in events that only tell a state or a drop, and in
	// the last one of a stream, which carries flips decided at its end.
	Observation *stability.Observation
	stability.Update
	// Truth is the observation's true class, stability.NoLabel where the
	// truth does not say; nil where there is no truth.
	Truth *int32
	// Held is set where nobody told this observation: a sender that speaks
	// only when a label changes was taken to say the same again.
	Held bool

	// Prev and Cur are small pictures of the frames before and after a
	// flip; nil where pictures are off. Without a flip Prev is nil, and Cur,
	// now and then, what a live stream shows just now.
	Prev, Cur *frame.Thumb
	// PrevTop is the ranking before a flip, best first.
	PrevTop []stability.Ranked
	// ChangedCells are the cells of the 32×32 change map (row·32+column)
	// that changed, with a flip; nil where unknown.
	ChangedCells []uint16
	// Traced are the probabilities of the classes that were asked for, in
	// the order of the stream's Traces.
	Traced []float32

	Window *stability.Window // a windowed measure that is due now
	Last   bool              // with Window: the stream is over, no newer one follows
	State  *Health
	Drop   *Drop
}

// Health is a stream's state.
type Health struct {
	State string // connecting, up, frozen, stalled, backoff, ended, failed
	Since time.Time
	Error string // last one, credentials removed
}

// Drop says that frames were lost.
type Drop struct {
	Reason string
	Frames int
}

// Recorder takes every event of a stream in order. Record may block; an
// error ends the run. Close finishes what was begun and may be called after
// a failed Record.
type Recorder interface {
	Record(ctx context.Context, ev *Event) error
	Close() error
}

// Listener is told of events and never blocks: what it can't take at once
// it drops, counting.
type Listener interface {
	Notify(ev *Event)
}
