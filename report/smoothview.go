package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/flipmeter/flipmeter/stability"
)

// smoothView is the section on what smoothing would do.
type smoothView struct {
	ID          string
	Rows        []smoothRow
	Recommended []span // a paragraph; nil where none was asked for
}

// smoothRow is one smoother; the first row is no smoothing.
type smoothRow struct {
	Name, Preset, Refused string
	Flips, Unexplained    string
	Left, LeftUnexplained float64 // per cent of what there is without smoothing
	Changed               string
	CleanLag, Lag         string
	Followed              string
}

// newSmoothView is nil where no smoother was asked for.
func newSmoothView(id string, m *Measures, r *Recommendation) *smoothView {
	if len(m.Smoothers) == 0 && r == nil {
		return nil
	}
	v := &smoothView{ID: id, Recommended: recommendedWords(r)}
	if len(m.Smoothers) == 0 {
		return v // no rows, not even the first
	}
	share := func(part, whole Count) float64 {
		if part < 0 || whole <= 0 {
			return 0
		}
		return min(100, 100*float64(part)/float64(whole))
	}
	v.Rows = []smoothRow{{
		Name: "as it is", Flips: countWord(m.Flips), Unexplained: countWord(m.Unexplained),
		Left: share(m.Flips, m.Flips), LeftUnexplained: share(m.Unexplained, m.Unexplained),
		Changed: dash, CleanLag: dash, Lag: dash, Followed: dash,
	}}
	for i := range m.Smoothers {
		s := &m.Smoothers[i]
		row := smoothRow{Name: strings.ReplaceAll(s.Smoother, ",", ","+mayBreak)}
		if parsed, err := stability.ParseSmoother(s.Smoother); err == nil {
			row.Preset = parsed.Preset()
		}
		if s.Refused != nil {
			row.Refused = "No figures: " + *s.Refused + "."
			v.Rows = append(v.Rows, row)
			continue
		}
		row.Flips, row.Unexplained = countWord(s.Flips), countWord(s.Unexplained)
		row.Left, row.LeftUnexplained = share(s.Flips, m.Flips), share(s.Unexplained, m.Unexplained)
		row.Changed = percent(s.Changed)
		row.CleanLag = plural(s.Lag.CleanStepFrames, "frame", "frames")
		row.Lag, row.Followed = dash, dash
		if s.Lag.Transitions > 0 {
			row.Followed = fmt.Sprintf("%s of %s", countWord(s.Lag.Followed), countWord(s.Lag.Transitions))
		}
		if s.Lag.MedianSeconds.Known() {
			row.Lag = lagWord(s.Lag.MedianSeconds)
			if p := lagWord(s.Lag.P95Seconds); p != row.Lag {
				row.Lag += " / " + p
			}
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func lagWord(s Number) string {
	return length(time.Duration(float64(s) * float64(time.Second)).Round(time.Millisecond))
}

// recommendedWords tells what was recommended and how it did.
func recommendedWords(r *Recommendation) []span {
	if r == nil {
		return nil
	}
	if r.Smoother == nil {
		return []span{{"No smoother can be recommended: without times no flip is known to be unexplained.", false}}
	}
	name := *r.Smoother
	if name == (stability.Smoother{}).String() {
		name = "no smoothing"
	}
	half := func(h *HalfFigure) string {
		s := fmt.Sprintf("unexplained flips %s → %s, all flips %s → %s", countWord(h.RawUnexplained), countWord(h.Unexplained), countWord(h.RawFlips), countWord(h.Flips))
		if h.Transitions > 0 {
			s += fmt.Sprintf(", %s of %s followed too late", countWord(h.Late), plural(h.Transitions, "transition", "transitions"))
		} else {
			s += ", no transition to measure the lag on"
		}
		return s
	}
	return []span{
		{"Recommended: ", false}, {name, true},
		{fmt.Sprintf(", with the fewest unexplained flips of %s candidates that keep within %s (of %s). On the half of the footage that chose it: %s. ",
			countWord(r.InTime), lagWord(r.MaxLagSeconds), countWord(r.Searched), half(r.ChosenOn)), false},
		{"On the other half: ", true}, {half(r.ReportedOn) + ".", false},
	}
}
