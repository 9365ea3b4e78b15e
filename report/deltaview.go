package report

import (
	"fmt"
	"strings"
)

// DeltaRow is one difference from a baseline in words.
type DeltaRow struct {
	Name string
	Interval
	points bool // in percentage points; else as it is
}

// Rows are the differences one by one.
func (d *Delta) Rows() []DeltaRow {
	return []DeltaRow{
		{"flip fraction", d.FlipFraction, true},
		{"unexplained fraction", d.UnexplainedFraction, true},
		{"decided flip fraction", d.Decided.FlipFraction, true},
		{"probability jump (MAC)", d.MAC, false},
	}
}

// FractionDelta is the difference of a fraction, without a name.
func FractionDelta(iv Interval) DeltaRow { return DeltaRow{"", iv, true} }

// Text is the difference with its interval.
func (r DeltaRow) Text() string {
	if !r.Value.Known() {
		return NotKnown
	}
	s := r.Signed(r.Value)
	if r.points {
		s += " points"
	}
	if r.Low.Known() && r.High.Known() {
		s += " (95 %: " + r.Signed(r.Low) + " to " + r.Signed(r.High) + ")"
	}
	return s
}

// Signed is a figure with its sign: percentage points with one or two
// decimals, or four decimals.
func (r DeltaRow) Signed(n Number) string {
	if !n.Known() {
		return NotKnown
	}
	v, digits := float64(n), 4
	if r.points {
		v, digits = 100*v, 1
		if v > -1 && v < 1 {
			digits = 2
		}
	}
	s := fmt.Sprintf("%+.*f", digits, v)
	if strings.Trim(s, "+-0.") == "" {
		return "0"
	}
	return strings.Replace(s, "-", "−", 1)
}

// Verdict says what the interval allows to say.
func (r DeltaRow) Verdict() string {
	switch {
	case !r.Value.Known() || !r.Low.Known() || !r.High.Known():
		return ""
	case r.Low > 0:
		return "more"
	case r.High < 0:
		return "less"
	}
	return "can't be told apart"
}

// deltaView is the section on the difference from a baseline.
type deltaView struct {
	ID   string
	Rows []DeltaRow
}

// newDeltaView is nil without a baseline.
func newDeltaView(id string, d *Delta) *deltaView {
	if d == nil {
		return nil
	}
	return &deltaView{id, d.Rows()}
}
