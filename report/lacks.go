package report

import "github.com/flipmeter/flipmeter/stability"

// Lacks are facts that a source can't tell. What they alone would show is
// not known, which is another thing than zero.
type Lacks struct {
	Cuts       bool // scene cuts
	Repeats    bool // repeated pictures
	Reconnects bool // openings of the source
	Changes    bool // of size or model
	Times      bool
}

func (l Lacks) or(m Lacks) Lacks {
	return Lacks{l.Cuts || m.Cuts, l.Repeats || m.Repeats, l.Reconnects || m.Reconnects, l.Changes || m.Changes, l.Times || m.Times}
}

// hide makes what a source can't tell unknown.
func (l Lacks) hide(m *Measures) {
	if l.Cuts {
		m.Cuts, m.CutChanges, m.NearCut, m.Breaks.Cut = -1, -1, -1, -1
	}
	if l.Repeats {
		m.Repeats = -1
	}
	if l.Reconnects {
		m.Breaks.Reconnect = -1
	}
	if l.Changes {
		m.Breaks.Size, m.Breaks.Model = -1, -1
	}
	if l.Times {
		m.Breaks.Time = -1
	}
}

// hideUnseen makes unknown what no pair of the stream told: without scores
// nothing is decided or undecided, without pictures nothing still or moving.
func hideUnseen(m *Measures, s *stability.Summary) {
	if m.Pairs <= 0 {
		return
	}
	none := Interval{unknown(), unknown(), unknown()}
	if !m.Decided.Share.Known() {
		m.Decided.Pairs, m.Decided.Flips, m.Decided.FlipFraction = -1, -1, none
	}
	if len(s.ByChange) == 0 {
		m.Still = SplitMeasures{-1, -1, none}
		m.Moving = m.Still
	}
}
