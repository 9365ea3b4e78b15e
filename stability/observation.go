package stability

import "time"

// TopK is how many ranked classes an observation carries.
const TopK = 5

// NoLabel is the label index of an observation without one.
const NoLabel int32 = -1

// Ranked is one class with its score.
type Ranked struct {
	Index int32
	Score float32 // 0..1, NaN where unknown
}

// Observation is one classified frame. The zero value is not valid: scores
// that are unknown are NaN, an unknown change is -1.
type Observation struct {
	Epoch        uint64
	Seq          uint64
	PTS          time.Duration // relative to the stream's first frame
	PTSEstimated bool
	// HasPTS is false where the input has no times: durations, rates and
	// kinds are then null.
	HasPTS bool

	// Break is the reason why this observation can't pair with the one
	// before it, as far as the source knows; ReasonNone if it can.
	Break Reason
	// Cut is set where a scene cut lies between the observation before and
	// this one.
	Cut bool
	// Repeat is set where the picture is bit-identical to the one before.
	Repeat bool

	// Label is the top-1 class index, and Score its probability (NaN where
	// unknown).
	Label int32
	Score float32
	// Top holds the N best classes, best first; Top[0] is Label. N is 0
	// where only the label is known.
	Top [TopK]Ranked
	N   int
	// TopComplete is set where Top holds all classes that exist (fewer
	// than TopK).
	TopComplete bool
	// PrevLabelScore is this observation's probability of the label of the
	// observation it pairs with; NaN where unknown.
	PrevLabelScore float32

	// Change is the number of cells of the 32×32 change map that changed
	// since the observation it pairs with, ChangeMax the largest difference
	// of a cell in grey levels; Change is -1 without pictures.
	Change    int32
	ChangeMax float32
}

// Reason says why a pair is missing.
type Reason uint8

// The reasons of measures: each has its own counter.
const (
	ReasonNone Reason = iota
	ReasonGap
	ReasonReconnect
	ReasonSize
	ReasonModel
	ReasonTime
	ReasonCut
	numReasons
)

var reasonNames = [numReasons]string{"", "gap", "reconnect", "size", "model", "time", "cut"}

func (r Reason) String() string { return reasonNames[r] }

// ParseReason is the inverse of String; ok is false for an unknown word.
func ParseReason(s string) (r Reason, ok bool) {
	for i, n := range reasonNames {
		if n == s {
			return Reason(i), true
		}
	}
	return ReasonNone, false
}

// Kind is what a flip turned out to be.
type Kind uint8

// Kinds are exclusive and sum to the flips. KindPending is a flip whose kind
// is not known yet; no finished result holds one.
const (
	KindNone Kind = iota
	KindPending
	KindGlitch
	KindTransition
	KindChurn
	KindCensored
	numKinds
)

var kindNames = [numKinds]string{"", "pending", "glitch", "transition", "churn", "censored"}

func (k Kind) String() string { return kindNames[k] }

// ParseKind is the inverse of String; ok is false for an unknown word.
func ParseKind(s string) (k Kind, ok bool) {
	for i, n := range kindNames {
		if n == s {
			return Kind(i), true
		}
	}
	return KindNone, false
}

// Tri is true, false or unknown.
type Tri uint8

// The values of Tri.
const (
	Unknown Tri = iota
	False
	True
)

// TriOf is True or False.
func TriOf(b bool) Tri {
	if b {
		return True
	}
	return False
}
