package board

import (
	"time"

	"github.com/flipmeter/flipmeter/alerts"
)

// Camera is what is known of a camera now.
type Camera struct {
	Name   string `json:"name"`
	Site   string `json:"site"`
	Source string `json:"source"` // without credentials
	Model  string `json:"model"`
	// State is connecting, up, frozen, stalled, backoff, ended, failed or
	// paused; "" before the first.
	State string    `json:"state"`
	Since time.Time `json:"since,omitzero"` // of the state
	Error string    `json:"error"`          // the last one

	Label *Label    `json:"label"` // the newest; null before the first
	At    time.Time `json:"at,omitzero"`

	Counts Counts `json:"counts"`
	// Windows are the newest of each width, narrow ones first.
	Windows []Window `json:"windows"`
	Spark   Spark    `json:"spark"`
	// Picture numbers the newest picture; 0 is none.
	Picture uint64 `json:"picture"`
}

// Label is a class with its score; Score is null where unknown.
type Label struct {
	Index int32    `json:"index"`
	Name  string   `json:"name"`
	Score *float64 `json:"score"`
}

// Counts are totals since the camera was started.
type Counts struct {
	Frames      int64            `json:"frames"`
	Pairs       int64            `json:"pairs"`
	Flips       int64            `json:"flips"`
	Unexplained int64            `json:"unexplained"`
	Kinds       map[string]int64 `json:"kinds"`
	Breaks      map[string]int64 `json:"breaks"`
	Dropped     map[string]int64 `json:"dropped"` // frames, by reason
}

// Spark holds flips in steps of time, oldest first; the last step is under
// way and ends at End.
type Spark struct {
	StepMs      int64   `json:"step_ms"`
	EndMs       int64   `json:"end_ms"` // Unix time
	Pairs       []int64 `json:"pairs"`
	Flips       []int64 `json:"flips"`
	Unexplained []int64 `json:"unexplained"`
}

// Window are the measures of a window; null where unknown.
type Window struct {
	WidthMs             int64     `json:"width_ms"`
	At                  time.Time `json:"at"`
	Pairs               int64     `json:"pairs"`
	Flips               int64     `json:"flips"`
	Unexplained         int64     `json:"unexplained"`
	FlipFraction        *float64  `json:"flip_fraction"`
	FlipFractionLow     *float64  `json:"flip_fraction_low"`
	FlipFractionHigh    *float64  `json:"flip_fraction_high"`
	UnexplainedFraction *float64  `json:"unexplained_fraction"`
	DecidedFlipFraction *float64  `json:"decided_flip_fraction"`
	DecidedPairs        int64     `json:"decided_pairs"`
	FlipRateHz          *float64  `json:"flip_rate_hz"`
	Coverage            *float64  `json:"coverage"`
	MeanScore           *float64  `json:"mean_score"`
	MAC                 *float64  `json:"mac"`
	EntropyBits         *float64  `json:"entropy_bits"`
	FlappingPercent     *float64  `json:"flapping_percent"`
}

// Segment is a stretch of one label, in Unix milliseconds. Gap is why
// frames are missing before it, "" if none are.
type Segment struct {
	FromMs int64    `json:"from_ms"`
	ToMs   int64    `json:"to_ms"`
	Index  int32    `json:"index"`
	Label  string   `json:"label"`
	Score  *float64 `json:"score"` // the mean
	Gap    string   `json:"gap"`
}

// Flip is one change of the label, its newest revision.
type Flip struct {
	// ID is epoch-seq, behind a track's name and a dot if there is one.
	ID       string    `json:"id"`
	Revision int       `json:"revision"`
	Camera   string    `json:"camera"`
	Track    string    `json:"track"`
	At       time.Time `json:"at"`
	// Order puts the flips of one run of the program in order: the newer, the
	// higher. Unlike At it does not go by the wall clock, which may be set
	// back: it is microseconds since the run began, those before are below
	// zero, and of a camera none is below that of one which came earlier.
	Order int64 `json:"order"`

	From Label  `json:"from"`
	To   Label  `json:"to"`
	Kind string `json:"kind"` // pending, glitch, transition, churn, censored

	Unexplained bool  `json:"unexplained"`
	Decided     bool  `json:"decided"`
	Still       *bool `json:"still"`
	NearCut     bool  `json:"near_cut"`
	// HeldBeforeMs and HeldAfterMs are how long the labels were held.
	HeldBeforeMs *float64 `json:"held_before_ms"`
	HeldAfterMs  *float64 `json:"held_after_ms"`

	TopBefore []Label `json:"top_before"`
	TopAfter  []Label `json:"top_after"`
	// Cells are the cells (row·32+column) of the 32×32 change map that
	// changed, Crop where the map lies in the picture: x, y, width, height
	// as shares. Both are empty where unknown.
	Cells []uint16  `json:"cells"`
	Crop  []float64 `json:"crop"`
	// Pictures says whether there are pictures before and after.
	Pictures bool `json:"pictures"`
}

// Detail is a camera with its recent past.
type Detail struct {
	Camera
	Ribbon []Segment `json:"ribbon"`
	Flips  []Flip    `json:"flips"` // newest first
}

func known32(v float32) *float64 { return alerts.Known(float64(v)) }
