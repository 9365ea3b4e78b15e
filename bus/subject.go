package bus

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// Type is what a message tells of.
type Type string

// The types of messages; each is the last token of its subject.
const (
	TypeObservation Type = "observation"
	TypeFlip        Type = "flip"
	TypeWindow      Type = "window"
	TypeState       Type = "state"
	TypeAlert       Type = "alert"
)

// Types lists all types of messages.
func Types() []Type {
	return []Type{TypeObservation, TypeFlip, TypeWindow, TypeState, TypeAlert}
}

// Names on the broker.
const (
	// Root begins every outgoing subject.
	Root = "flipmeter.v1"
	// StreamName is the JetStream stream of flips, windows, states and
	// alerts.
	StreamName = "FLIPMETER"
	// StateBucket is the key-value bucket of each camera's last state.
	StateBucket = "flipmeter_state"
	// PictureBucket is the object store of the pictures around flips.
	PictureBucket = "flipmeter_pictures"
	// AllSubjects matches everything that is published.
	AllSubjects = Root + ".>"
)

// Subject is where messages of one type about one camera go. Site and
// camera are given as the user wrote them.
func Subject(site, camera string, t Type) string {
	return Root + "." + Token(site) + "." + Token(camera) + "." + string(t)
}

// StateKey is the key of a camera's last state in StateBucket.
func StateKey(site, camera string) string {
	return Token(site) + "." + Token(camera)
}

const (
	maxToken    = 64 // bytes
	escapeMark  = "-x"
	escapeBytes = 6
)

// A token is made for each message, so its letters are looked at one by one;
// a regular expression took a third of what a message costs.

func fit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}

func allFit(name string) bool {
	for i := range len(name) {
		if !fit(name[i]) {
			return false
		}
	}
	return true
}

// looksEscaped says whether a name ends as Token ends those that it changed.
func looksEscaped(name string) bool {
	at := len(name) - len(escapeMark) - 2*escapeBytes
	if at < 0 || name[at:at+len(escapeMark)] != escapeMark {
		return false
	}
	for _, c := range []byte(name[at+len(escapeMark):]) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}

// readableToken has one _ for each run of unfit bytes.
func readableToken(name string) string {
	b := make([]byte, 0, len(name))
	for i := range len(name) {
		switch {
		case fit(name[i]):
			b = append(b, name[i])
		case i == 0 || fit(name[i-1]):
			b = append(b, '_')
		}
	}
	return string(b)
}

// Token makes a name fit for a subject: letters, digits, _ and - only, at
// most 64 bytes. A name that is fit already stays as it is. Any other has
// the unfit parts replaced by _ and twelve hex digits of its SHA-256
// appended, so that two names never share a token; a fit name that looks
// like such a token is treated as unfit for the same reason.
func Token(name string) string {
	if name != "" && len(name) <= maxToken && allFit(name) && !looksEscaped(name) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	suffix := escapeMark + hex.EncodeToString(sum[:escapeBytes])
	readable := readableToken(name)
	if limit := maxToken - len(suffix); len(readable) > limit {
		readable = readable[:limit]
	}
	return readable + suffix
}

// optionalToken is Token, but leaves a missing name empty.
func optionalToken(name string) string {
	if name == "" {
		return ""
	}
	return Token(name)
}

// eventID is the id of a message, the same for all its revisions. None of
// its parts holds a colon.
func eventID(site, camera, track string, epoch uint64, t Type, seq uint64, discriminator string) string {
	return string(appendEventID(nil, idPrefix(site, camera), track, epoch, t, seq, discriminator))
}

// idPrefix begins the ids of all messages about a camera.
func idPrefix(site, camera string) string { return Token(site) + ":" + Token(camera) + ":" }

func appendEventID(b []byte, prefix, track string, epoch uint64, t Type, seq uint64, discriminator string) []byte {
	b = append(append(append(b, prefix...), optionalToken(track)...), ':')
	b = append(strconv.AppendUint(b, epoch, 10), ':')
	b = append(append(b, t...), ':')
	b = append(strconv.AppendUint(b, seq, 10), ':')
	return append(b, discriminator...)
}

// messageID is the id of one revision: Nats-Msg-Id and ce-id.
func messageID(id string, revision int) string {
	return id + ":" + strconv.Itoa(revision)
}

// epochsPerMillisecond leaves room for a stream's re-openings; with it an
// epoch stays below 2⁵³ until the year 2255, so that JSON readers which
// hold numbers as doubles read it exactly.
const epochsPerMillisecond = 1000

// NewEpoch is the first epoch of a stream that starts at a given time, for
// Stream.Epoch: larger than any epoch of a stream that started a millisecond
// or more earlier and was opened less than a thousand times a millisecond. By a
// wall clock that was set back in between it is another one, and may be smaller.
func NewEpoch(start time.Time) uint64 {
	return uint64(start.UnixMilli()) * epochsPerMillisecond
}

// EpochStart is the start that NewEpoch made an epoch of, to the
// millisecond.
func EpochStart(epoch uint64) time.Time {
	return time.UnixMilli(int64(epoch / epochsPerMillisecond)).UTC()
}
