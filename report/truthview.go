package report

import "fmt"

// truthView is the section on how right the labels are.
type truthView struct {
	ID    string
	Facts []Detail
	Kinds []truthRow
}

// truthRow says how far one claim about flips can be trusted.
type truthRow struct {
	Name, Claim       string
	Precision, Recall string
}

// newTruthView is nil without a truth.
func newTruthView(id string, t *TruthMeasures) *truthView {
	if t == nil {
		return nil
	}
	v := &truthView{ID: id}
	add := func(name, value string) { v.Facts = append(v.Facts, Detail{name, value}) }
	hundred := func(n Number) string { return fixed(n, 1) }
	add("Right", hundred(t.Acc)+" of 100 frames")
	add("Edit score", hundred(t.Edit)+" of 100")
	add("Segments found (F1)", fmt.Sprintf("%s at an overlap of 10 %%, %s at 25 %%, %s at 50 %%", hundred(t.F1At10), hundred(t.F1At25), hundred(t.F1At50)))
	add("Right with all neighbours (pm 10)", percent(t.PM10)+" of frames")
	add("Constant where the truth is (vc 16)", percent(t.VC16)+" of windows")
	add("Flips", fmt.Sprintf("%s while the truth stayed, %s where it changed", countWord(t.FlipsOnConstantTruth), countWord(t.FlipsAtTrueChange)))
	if t.Top5Jaggedness >= 0 {
		add("True class in the top five", fmt.Sprintf("entered or left %s times; lost from one frame to the next in %s of pairs", countWord(t.Top5Jaggedness), percent(t.Top5Loss)))
	}
	share := func(n Number) string {
		if !n.Known() {
			return dash // no such flips
		}
		return percent(n)
	}
	p, r := &t.KindsPrecision, &t.KindsRecall
	for _, k := range []struct {
		name, claim string
		p, r        Number
	}{
		{"glitch", "the truth stayed", p.Glitch, r.Glitch},
		{"churn", "the truth stayed", p.Churn, r.Churn},
		{"unexplained", "the truth stayed", p.Unexplained, r.Unexplained},
		{"transition", "the truth changed", p.Transition, r.Transition},
	} {
		if k.p.Known() || k.r.Known() {
			v.Kinds = append(v.Kinds, truthRow{k.name, k.claim, share(k.p), share(k.r)})
		}
	}
	return v
}
