package bus

import "time"

// Envelope begins every payload.
type Envelope struct {
	// Schema names the payload's form: flipmeter.v1.<type>. Fields may be
	// added to a form; a field that changes its meaning makes a new one.
	Schema string `json:"schema"`
	// ID stays the same over all revisions.
	ID       string `json:"id"`
	Revision int    `json:"revision"`
	// Site, Camera and Track are as the user wrote them (Track "" unless
	// several objects are told apart).
	Site   string `json:"site"`
	Camera string `json:"camera"`
	Track  string `json:"track"`
	// Epoch is one uninterrupted opening of the source, Seq counts its
	// frames; of a state, Seq counts the states that were told.
	Epoch uint64 `json:"epoch"`
	Seq   uint64 `json:"seq"`
	PTSMs Number `json:"pts_ms"`
	// At is the wall clock of the frame; of a file, the start of the run
	// plus PTS.
	At time.Time `json:"at"`
	// Identity is the SHA-256 of everything that makes results comparable:
	// model, preprocessing, provider, decoder.
	Identity string `json:"identity"`
}

// Label is a class with its score.
type Label struct {
	Index int32  `json:"index"` // -1: none
	Label string `json:"label"`
	Score Score  `json:"score"`
}

// Observation is one classified frame.
type Observation struct {
	Envelope
	Label
	Margin         Score   `json:"margin"` // of the best over the second
	PrevLabelScore Score   `json:"prev_label_score"`
	Top            []Label `json:"top"` // best first, at most five
	PTSEstimated   bool    `json:"pts_estimated"`
	Repeat         bool    `json:"repeat"`
	Cut            bool    `json:"cut"`
	Break          string  `json:"break"` // reason, "" where nothing is missing
	Pair           bool    `json:"pair"`
	Decided        bool    `json:"decided"`
	Still          *bool   `json:"still"`
	Flip           bool    `json:"flip"`
	// Change is the number of changed cells of the 32×32 map, null without
	// pictures; ChangeMax in grey levels.
	Change    *int32        `json:"change"`
	ChangeMax Number        `json:"change_max"`
	Traced    []TracedClass `json:"traced,omitempty"`
}

// TracedClass is the probability of a class that the user asked for.
type TracedClass struct {
	Label string `json:"label"`
	Score Score  `json:"score"`
}

// Flip is a change of the top-1 label, told again when more is known.
type Flip struct {
	Envelope
	From         Label  `json:"from"` // score before
	To           Label  `json:"to"`   // score after
	MarginBefore Score  `json:"margin_before"`
	MarginAfter  Score  `json:"margin_after"`
	Kind         string `json:"kind"`      // pending, glitch, transition, churn, censored
	GlitchID     uint64 `json:"glitch_id"` // 0 unless a glitch
	Decided      bool   `json:"decided"`
	Still        *bool  `json:"still"`
	NearCut      bool   `json:"near_cut"`
	Unexplained  bool   `json:"unexplained"`
	Change       *int32 `json:"change"`
	HeldBeforeMs Number `json:"held_before_ms"`
	HeldAfterMs  Number `json:"held_after_ms"` // what is known so far until final
	Final        bool   `json:"final"`
	// TopBefore and TopAfter are the rankings, best first; ChangedCells the
	// cells (row·32+column) that changed. Empty where unknown.
	TopBefore    []Label   `json:"top_before"`
	TopAfter     []Label   `json:"top_after"`
	ChangedCells []uint16  `json:"changed_cells"`
	Pictures     *Pictures `json:"pictures"` // null where there are none
}

// Pictures names the JPEG files of a flip in PictureBucket.
type Pictures struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

// Interval is a value with its 95 % interval.
type Interval struct {
	Value Number `json:"value"`
	Low   Number `json:"low"`
	High  Number `json:"high"`
}

// Window holds the measures over the last so many seconds.
type Window struct {
	Envelope
	WidthMs             Number           `json:"width_ms"`
	Observations        int64            `json:"observations"`
	Pairs               int64            `json:"pairs"`
	Flips               int64            `json:"flips"`
	Repeats             int64            `json:"repeats"`
	CutChanges          int64            `json:"cut_changes"`
	FlipFraction        Interval         `json:"flip_fraction"`
	FlipRateHz          Number           `json:"flip_rate_hz"`
	Decided             DecidedPairs     `json:"decided"`
	Still               SplitPairs       `json:"still"`
	Moving              SplitPairs       `json:"moving"`
	Kinds               map[string]int64 `json:"kinds"`
	Glitches            int64            `json:"glitches"`
	Unexplained         int64            `json:"unexplained"`
	UnexplainedFraction Number           `json:"unexplained_fraction"`
	Breaks              map[string]int64 `json:"breaks"`
	Coverage            Number           `json:"coverage"`
	ObservedMs          Number           `json:"observed_ms"`
	UncoveredMs         Number           `json:"uncovered_ms"`
	MAC                 Number           `json:"mac"`
	T5D                 Number           `json:"t5d"`
	EntropyBits         Number           `json:"entropy_bits"`
	FlappingPercent     Number           `json:"flapping_percent"`
	MeanScore           Number           `json:"mean_score"`
	Top                 Label            `json:"top"` // the newest
}

// DecidedPairs are the pairs whose two scores reach min_score.
type DecidedPairs struct {
	Pairs        int64  `json:"pairs"`
	Flips        int64  `json:"flips"`
	FlipFraction Number `json:"flip_fraction"`
}

// SplitPairs are the pairs where the input stood still, or moved.
type SplitPairs struct {
	Pairs int64 `json:"pairs"`
	Flips int64 `json:"flips"`
}

// State is a camera's or file's health.
type State struct {
	Envelope
	State string     `json:"state"` // connecting, up, frozen, stalled, backoff, ended, failed, paused
	Since *time.Time `json:"since"`
	Error string     `json:"error"`
	Drop  *Drop      `json:"drop,omitempty"`
}

// Drop says how many frames were lost, and why.
type Drop struct {
	Reason string `json:"reason"`
	Frames int    `json:"frames"`
}

// Alert is a change of state of an alert rule for one camera.
type Alert struct {
	Envelope
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	State    string `json:"state"` // pending, firing, resolved, inactive
	// Firing counts the firings of the rule for this camera from 1.
	Firing   uint64 `json:"firing"`
	Metric   string `json:"metric"`
	WindowMs Number `json:"window_ms"`
	Value    Number `json:"value"`
	Bound    Number `json:"bound"` // that Value is compared with
	// SinceMs is how long ago the state before this one began.
	SinceMs Number `json:"since_ms"`
	Reason  string `json:"reason"` // "" where the value is the reason
}
