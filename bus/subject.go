package bus

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
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
	escapeBytes = 6
)

var (
	cleanToken = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	notClean   = regexp.MustCompile(`[^A-Za-z0-9_-]+`)
	// escaped matches what escape appends.
	escaped = regexp.MustCompile(`-x[0-9a-f]{12}$`)
)

// Token makes a name fit for a subject: letters, digits, _ and - only, at
// most 64 bytes. A name that is fit already stays as it is. Any other has
// the unfit parts replaced by _ and twelve hex digits of its SHA-256
// appended, so that two names never share a token; a fit name that looks
// like such a token is treated as unfit for the same reason.
func Token(name string) string {
	if len(name) <= maxToken && cleanToken.MatchString(name) && !escaped.MatchString(name) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	suffix := "-x" + hex.EncodeToString(sum[:escapeBytes])
	readable := notClean.ReplaceAllString(name, "_")
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
	return strings.Join([]string{
		Token(site), Token(camera), optionalToken(track),
		strconv.FormatUint(epoch, 10), string(t), strconv.FormatUint(seq, 10), discriminator,
	}, ":")
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
// or more earlier and was opened less than a thousand times a millisecond.
func NewEpoch(start time.Time) uint64 {
	return uint64(start.UnixMilli()) * epochsPerMillisecond
}

// EpochStart is the start that NewEpoch made an epoch of, to the
// millisecond.
func EpochStart(epoch uint64) time.Time {
	return time.UnixMilli(int64(epoch / epochsPerMillisecond)).UTC()
}
