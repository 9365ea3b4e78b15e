package messages

import "time"

// Message is one message as a broker handed it over. Its slices belong to the
// sender.
type Message struct {
	Topic string
	// Subject says that Topic is one of NATS, with dots between levels, not
	// one of MQTT with slashes.
	Subject bool
	Payload []byte
	// Retained is set where the broker kept the message and tells of it now:
	// when it was said is not known.
	Retained bool
	// Received is when it arrived, with the monotonic clock.
	Received time.Time
}

// Separator is what stands between the levels of the topic.
func (m *Message) Separator() string {
	if m.Subject {
		return "."
	}
	return "/"
}

// Outcome says what became of a message, or of one element of it, in a word
// that a metric can carry.
type Outcome string

// The outcomes. Everything but Accepted, Ended and Skipped is unexpected.
const (
	Accepted Outcome = "accepted" // it became an observation
	Ended    Outcome = "ended"    // it said that a track has ended
	Skipped  Outcome = "skipped"  // a condition (only) left it out

	OtherCamera Outcome = "other_camera" // it is about another camera
	Malformed   Outcome = "malformed"    // no JSON, or not of the form that the mapping says
	WrongType   Outcome = "wrong_type"   // a value is of the wrong kind, or out of bounds
	WrongTime   Outcome = "wrong_time"   // its time is too far from now
	Order       Outcome = "order"        // said before, or overtaken by a later one
	TooLarge    Outcome = "too_large"    // more bytes than a message may have
	Flood       Outcome = "flood"        // more messages than a camera may send
	TooMany     Outcome = "too_many_tracks"
	NewLabel    Outcome = "too_many_labels"
	Stale       Outcome = "retained" // kept by the broker: it says nothing of now
)

// Outcomes lists all outcomes.
func Outcomes() []Outcome {
	return []Outcome{
		Accepted, Ended, Skipped, OtherCamera, Malformed, WrongType, WrongTime, Order, TooLarge, Flood, TooMany, NewLabel, Stale,
	}
}
