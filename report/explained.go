package report

import (
	"fmt"
	"strconv"
)

// Explained is what a second look at the frames around flips has found: how
// well their labels hold under shifts of one pixel and other resize functions.
type Explained struct {
	// Flips are set against pairs with the same label and a similar change of
	// the picture, but without a flip, and, where the truth is known, against
	// true changes.
	Flips       ExplainedGroup `json:"flips"`
	Held        ExplainedGroup `json:"without_flip"`
	TrueChanges ExplainedGroup `json:"true_changes"`
	// Odds is the odds ratio of touching a frame whose label does not hold
	// under every shift, flips against pairs without; nil where it is not
	// known. TrueChangeOdds is that of true changes against the same pairs,
	// FlipToTrueOdds that of flips against true changes.
	Odds           *ExplainedNumber `json:"odds_ratio"`
	TrueChangeOdds *ExplainedNumber `json:"odds_ratio_true_changes"`
	FlipToTrueOdds *ExplainedNumber `json:"odds_ratio_flips_to_true_changes"`
	// Filters are the resize functions that were tried.
	Filters []string `json:"filters"`
	// Of is the number of flips that these were chosen of, evenly, and
	// OfChanges that of true changes. Where the truth is known, the flips are
	// those on constant truth.
	Of        int `json:"of_flips"`
	OfChanges int `json:"of_true_changes"`

	// Nine are the labels of the frames before and after a flip under the
	// eight shifts, their own in the middle, by the flip's Seq.
	Nine map[uint64][2][9]int32 `json:"-"`
}

// ExplainedGroup is one group of pairs.
type ExplainedGroup struct {
	Pairs int `json:"pairs"`
	// Touching pairs have a frame whose label fails a shift.
	Touching int              `json:"touching"`
	Shifts   *ExplainedNumber `json:"failing_shifts"`
	Filters  *ExplainedNumber `json:"failing_filters"`
}

// ExplainedNumber is a number with its interval of 95 %; Low and High are nil
// where there is none.
type ExplainedNumber struct {
	Value float64  `json:"value"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

// explainedView is the section of the page.
type explainedView struct {
	Lead string
	Rows [][]string
	Note string
}

func newExplainedView(e *Explained) *explainedView {
	if e == nil {
		return nil
	}
	v := &explainedView{Lead: e.lead()}
	looked := fmt.Sprintf("%d of %d %s", e.Flips.Pairs, e.Of, e.flipsWord())
	if e.OfChanges > 0 {
		looked += fmt.Sprintf(" and %d of %d changes of the truth", e.TrueChanges.Pairs, e.OfChanges)
	}
	v.Note = fmt.Sprintf(
		"%s were looked at again, chosen evenly, each flip beside the pair without one that has the same label and the most similar change of the picture. Every frame was classified once more under the eight shifts of one pixel and through %s. A frame whose label does not survive one pixel lay on a boundary between labels.",
		looked, joined(e.Filters))
	for _, g := range []struct {
		name string
		of   ExplainedGroup
		odds *ExplainedNumber
	}{{e.flipsWord(), e.Flips, e.Odds}, {"without a flip", e.Held, nil}, {"true changes", e.TrueChanges, e.TrueChangeOdds}} {
		if g.of.Pairs == 0 {
			continue
		}
		v.Rows = append(v.Rows, []string{
			g.name, strconv.Itoa(g.of.Pairs), strconv.Itoa(g.of.Touching),
			g.of.Shifts.text(2), g.of.Filters.text(2), g.odds.text(1),
		})
	}
	return v
}

// flipsWord says which flips these are: with a truth, true changes are a group
// of their own.
func (e *Explained) flipsWord() string {
	if e.OfChanges > 0 {
		return "flips on constant truth"
	}
	return "flips"
}

// lead is what was found out, in a few sentences.
func (e *Explained) lead() string {
	if e.Flips.Pairs == 0 && e.TrueChanges.Pairs == 0 {
		return "There was no flip to explain."
	}
	of := func(g *ExplainedGroup, what string) string {
		return fmt.Sprintf("%d of %d %s", g.Touching, g.Pairs, what)
	}
	var s string
	if e.Flips.Pairs > 0 {
		s = of(&e.Flips, e.flipsWord()) + " touch a frame whose label does not hold under every shift of one pixel"
		if e.Odds != nil {
			s += ", and so do " + of(&e.Held, "pairs without a flip") + ": odds ratio " + e.Odds.text(1) + "."
		} else {
			s += "; no pair without a flip is like them."
		}
	}
	if e.TrueChanges.Pairs == 0 {
		return s
	}
	if s == "" {
		return of(&e.TrueChanges, "pairs at a change of the truth") + " touch a frame whose label does not hold under every shift of one pixel. There was no flip on constant truth."
	}
	s += " Where the truth changed it is " + of(&e.TrueChanges, "pairs")
	if e.TrueChangeOdds != nil {
		s += ": odds ratio " + e.TrueChangeOdds.text(1) + " against the pairs without a flip"
	}
	if e.FlipToTrueOdds != nil {
		s += "; that of the flips against the true changes is " + e.FlipToTrueOdds.text(1)
	}
	return s + "."
}

func (n *ExplainedNumber) text(decimals int) string {
	switch {
	case n == nil:
		return "–"
	case n.Low == nil:
		return strconv.FormatFloat(n.Value, 'f', decimals, 64)
	}
	return fmt.Sprintf("%.*f (%.*f to %.*f)", decimals, n.Value, decimals, *n.Low, decimals, *n.High)
}

func joined(words []string) string {
	if len(words) == 2 {
		return words[0] + " and " + words[1]
	}
	return fmt.Sprint(words)
}

// nineView is a frame's label under the eight shifts, three rows of three.
type nineView struct {
	Name  string
	Cells []nineCell
}

// nineCell is one of them; Own is the frame's label.
type nineCell struct {
	Text string
	Same bool
	Own  bool
}

// newNineViews shows both frames of a flip; nil where it was not looked at.
func newNineViews(e *Explained, seq uint64, label func(int32) string) []nineView {
	if e == nil {
		return nil
	}
	both, ok := e.Nine[seq]
	if !ok {
		return nil
	}
	var out []nineView
	for i, name := range []string{"before", "after"} {
		v := nineView{Name: name}
		for k, l := range both[i] {
			v.Cells = append(v.Cells, nineCell{Text: label(l), Same: l == both[i][4], Own: k == 4})
		}
		out = append(out, v)
	}
	return out
}
