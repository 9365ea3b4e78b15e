package bus

import "time"

// Stream is what the payloads of one stream say about it.
type Stream struct {
	Site   string // "" is DefaultSite
	Camera string // the stream's name, required
	// Identity is the SHA-256 of the result's identity.
	Identity string
	// Label names a class; nil writes its number.
	Label func(index int32) string
	// Traces name the classes of event.Event.Traced, in its order.
	Traces []string

	// Epoch is added to the epochs of observations, which a source counts
	// from 0, and is that of states told before the first one. It must
	// differ between two runs: use NewEpoch with the start of the run.
	Epoch uint64
	// Start is the wall clock of PTS 0, for events without one of their
	// own: the start of the run, where the stream is a file.
	Start time.Time
}

// DefaultSite is the site of streams that name none.
const DefaultSite = "local"
