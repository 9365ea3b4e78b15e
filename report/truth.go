package report

import "github.com/flipmeter/flipmeter/stability"

// TruthMeasures are the scores against a truth; what they mean is said at
// stability.TruthSummary. Over several streams they are pooled as their
// sources do it, so that macro and micro hold the same.
type TruthMeasures struct {
	Acc                  Number     `json:"acc"` // this and the next four: 0 to 100
	Edit                 Number     `json:"edit"`
	F1At10               Number     `json:"f1_10"`
	F1At25               Number     `json:"f1_25"`
	F1At50               Number     `json:"f1_50"`
	PM10                 Number     `json:"pm_10"` // 0 to 1
	VC16                 Number     `json:"vc_16"` // 0 to 1
	FlipsOnConstantTruth Count      `json:"flips_on_constant_truth"`
	FlipsAtTrueChange    Count      `json:"flips_at_true_change"`
	KindsPrecision       KindScores `json:"kinds_precision"`
	KindsRecall          KindScores `json:"kinds_recall"`
	Top5Jaggedness       Count      `json:"top5_jaggedness"` // of the true class
	Top5Loss             Number     `json:"top5_loss"`
}

// KindScores has a figure per claim, 0 to 1.
type KindScores struct {
	Glitch      Number `json:"glitch"`
	Churn       Number `json:"churn"`
	Transition  Number `json:"transition"`
	Unexplained Number `json:"unexplained"`
}

// truthOf copies the scores; nil stays nil. They must be those of pm_10 and
// vc_16.
func truthOf(t *stability.TruthSummary) *TruthMeasures {
	if t == nil {
		return nil
	}
	scores := func(k stability.KindScores) KindScores {
		return KindScores{Number(k.Glitch), Number(k.Churn), Number(k.Transition), Number(k.Unexplained)}
	}
	return &TruthMeasures{
		Acc: Number(t.Acc), Edit: Number(t.Edit),
		F1At10: Number(t.F1At10), F1At25: Number(t.F1At25), F1At50: Number(t.F1At50),
		PM10: Number(t.PM), VC16: Number(t.VC),
		FlipsOnConstantTruth: Count(t.FlipsOnConstantTruth), FlipsAtTrueChange: Count(t.FlipsAtTrueChange),
		KindsPrecision: scores(t.Precision), KindsRecall: scores(t.Recall),
		Top5Jaggedness: Count(t.Top5Jaggedness), Top5Loss: Number(t.Top5Loss),
	}
}

// referTo takes the true class as the reference of the top-5 jaggedness, in
// place of the modal one, where there is a truth.
func (m *Measures) referTo(t *TruthMeasures) {
	if t != nil {
		m.Top5Jaggedness = t.Top5Jaggedness
	}
}
