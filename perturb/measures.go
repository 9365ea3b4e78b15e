package perturb

import (
	"github.com/flipmeter/flipmeter/infer"
)

// Measures are what the chains of an experiment amount to. Intervals draw
// pictures (see Estimate). Nil is what can't be known.
type Measures struct {
	Pictures int `json:"pictures"`
	Chains   int `json:"chains"`
	Pairs    int `json:"pairs"`
	Changes  int `json:"changes"`
	// Change is P(top-1 change): the share of pairs whose labels differ.
	Change *Estimate `json:"change"`
	// MAC is the mean absolute change, over pairs, of the probability of the
	// first picture's label.
	MAC *Estimate `json:"mac"`
	// T5D is ImageNet-P's top-5 distance, 0…18.
	T5D *Estimate `json:"t5d"`
	// Jaggedness is the number of changes of "the reference class is in the
	// top 5" a chain; JaggednessTotal that of all chains together.
	Jaggedness      *Estimate `json:"top5_jaggedness"`
	JaggednessTotal int       `json:"top5_jaggedness_total"`
	// Top5Loss is the share of pairs that lose the reference class from the
	// top 5, among those that begin with it there.
	Top5Loss *Estimate `json:"top5_loss"`
	// Consistency is 1 − P(two random members of a chain differ) (Zhang
	// 2019).
	Consistency *Estimate `json:"consistency"`
	// Truth says how many pictures' classes are known; where some are not,
	// the reference class is a chain's most frequent label.
	Truth int `json:"truth"`
}

// Measure computes the measures of chains. Chains of one picture must follow
// one another.
func Measure(chains []Chain) Measures {
	m := Measures{Chains: len(chains)}
	var pairs, changes, mac, t5d, t5dPairs, jag, chainsOf, lost, had, same, all []float64
	for i := range chains {
		c := &chains[i]
		if i == 0 || c.Picture != chains[i-1].Picture {
			m.Pictures++
			if c.Truth >= 0 {
				m.Truth++
			}
			for _, list := range []*[]float64{&pairs, &changes, &mac, &t5d, &t5dPairs, &jag, &chainsOf, &lost, &had, &same, &all} {
				*list = append(*list, 0)
			}
		}
		at := len(pairs) - 1
		m.Pairs += c.Pairs()
		m.Changes += c.Changes()
		m.JaggednessTotal += c.Jaggedness()
		pairs[at] += float64(c.Pairs())
		changes[at] += float64(c.Changes())
		mac[at] += c.absoluteChange()
		if d, ok := c.top5Distance(); ok {
			t5d[at] += d
			t5dPairs[at] += float64(c.Pairs())
		}
		jag[at] += float64(c.Jaggedness())
		chainsOf[at]++
		l, h := c.top5Loss()
		lost[at] += float64(l)
		had[at] += float64(h)
		s, a := c.agreeing()
		same[at] += float64(s)
		all[at] += float64(a)
	}
	m.Change, m.MAC, m.T5D = ratio(changes, pairs), ratio(mac, pairs), mean(t5d, t5dPairs)
	m.Jaggedness, m.Top5Loss, m.Consistency = mean(jag, chainsOf), ratio(lost, had), ratio(same, all)
	return m
}

// ChainRow is a row of the table of an experiment with chains: one shot.
type ChainRow struct {
	Model   string `parquet:"model,dict" json:"model"`
	Picture string `parquet:"picture,dict" json:"picture"`
	Chain   string `parquet:"chain,dict" json:"chain"`
	Step    int32  `parquet:"step" json:"step"`
	// X and Y are the shift in pixels, or twice the shorter side.
	X          int32   `parquet:"x" json:"x"`
	Y          int32   `parquet:"y" json:"y"`
	LabelIndex int32   `parquet:"label_index" json:"label_index"`
	Label      string  `parquet:"label,dict" json:"label"`
	Score      float32 `parquet:"score" json:"score"`
	// PrevLabelScore is the probability of the label of the step before;
	// null at the first.
	PrevLabelScore *float32 `parquet:"prev_label_score,optional" json:"prev_label_score"`
	// Change says that the label is not that of the step before.
	Change          *bool     `parquet:"change,optional" json:"change"`
	TruthIndex      *int32    `parquet:"truth_index,optional" json:"truth_index"`
	ReferenceIndex  int32     `parquet:"reference_index" json:"reference_index"`
	ReferenceScore  float32   `parquet:"reference_score" json:"reference_score"`
	ReferenceInTop5 bool      `parquet:"reference_in_top5" json:"reference_in_top5"`
	Top5Index       []int32   `parquet:"top5_index,list" json:"top5_index"`
	Top5Score       []float32 `parquet:"top5_score,list" json:"top5_score"`
}

// Rows are a chain's rows.
func (c *Chain) Rows(m *infer.ModelInfo) []ChainRow {
	rows := make([]ChainRow, len(c.Steps))
	for i := range c.Steps {
		s := &c.Steps[i]
		r := ChainRow{
			Model: m.Name, Picture: c.Picture, Chain: c.Name, Step: int32(i), X: int32(s.At.X), Y: int32(s.At.Y),
			LabelIndex: s.Label(), Label: m.Label(s.Label()), Score: s.Top[0].Score, PrevLabelScore: s.Before,
			ReferenceIndex: c.Reference, ReferenceScore: s.Reference, ReferenceInTop5: s.Has(c.Reference),
		}
		if i > 0 {
			change := s.Label() != c.Steps[i-1].Label()
			r.Change = &change
		}
		if c.Truth >= 0 {
			truth := c.Truth
			r.TruthIndex = &truth
		}
		for _, t := range s.Top {
			r.Top5Index, r.Top5Score = append(r.Top5Index, t.Index), append(r.Top5Score, t.Score)
		}
		rows[i] = r
	}
	return rows
}
