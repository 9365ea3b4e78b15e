package page

import (
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/perturb"
)

// TestLeadsNameEveryModel: with several models side by side each has its
// sentence, and one without a picture has none.
func TestLeadsNameEveryModel(t *testing.T) {
	var moved []Moved
	var averaged []Averaged
	for _, name := range []string{"alpha", "beta", "empty"} {
		m := Moved{Model: exampleModel(name), Complete: true}
		if name != "empty" {
			m.Chains = exampleChains("p", 2)
			m.Measures = perturb.Measure(m.Chains)
		}
		moved = append(moved, m)
		averaged = append(averaged, Averaged{Moved: m, Copies: []perturb.AveragingMeasures{{Copies: 1, Measures: m.Measures}, {Copies: 9, Measures: m.Measures}}})
	}
	for name, s := range map[string]Section{
		"translate": Translate(perturb.DefaultTranslation(perturb.Sweep), moved),
		"scale":     Scale(perturb.DefaultScale(), moved),
		"tta":       Average(perturb.DefaultAveraging(), averaged),
	} {
		if !strings.Contains(s.Lead, "alpha") || !strings.Contains(s.Lead, "beta") || strings.Contains(s.Lead, "empty") {
			t.Errorf("%s: %s", name, s.Lead)
		}
		if strings.Contains(s.Protocol, "-10") || strings.Contains(s.Protocol, "-52") {
			t.Errorf("%s: a hyphen for a minus: %s", name, s.Protocol)
		}
	}
	if s := Average(perturb.DefaultAveraging(), averaged[2:]); s.Lead != nothing || len(s.Figures) != 0 {
		t.Errorf("nothing measured: %+v", s)
	}
}

// TestClassOfOneBox: it has no effect size, which would be that of certainty.
func TestClassOfOneBox(t *testing.T) {
	placed := []perturb.Placed{{Class: "unicorn", Picture: "a", X: .5, Y: .9, Height: .1}}
	for range perturb.MinBoxes {
		placed = append(placed, perturb.Placed{Class: "kite", Picture: "a", X: .05, Y: .95, Height: .1})
	}
	s := Bias(perturb.Bias(placed), placed, nil)
	if got := strings.Join(s.Tables[0].Rows[1], " "); got != "unicorn 1 – – – – – –" {
		t.Errorf("%s", got)
	}
	if got := s.Tables[0].Rows[0][2]; got != "1.00" {
		t.Errorf("all in one bin: V %s", got)
	}
	if len(s.Figures) != 4 {
		t.Errorf("%d figures", len(s.Figures))
	}
}

func TestWideTablesWrap(t *testing.T) {
	cell := "0.112 (0.033 to 0.204)"
	for columns, want := range map[int]bool{2: false, 3: false, 4: true} {
		row := []string{"P"}
		for range columns {
			row = append(row, cell)
		}
		if got := (Table{Head: make([]string, columns+1), Rows: [][]string{row}}).Wraps(); got != want {
			t.Errorf("%d intervals in a row: %v", columns, got)
		}
	}
}

// TestPaperValuesStandBeside: each protocol that the paper has figures of shows
// them, in the table and in the chart, and no other does.
func TestPaperValuesStandBeside(t *testing.T) {
	chains := exampleChains("p", 2)
	models := []Moved{{Model: exampleModel("m"), Chains: chains, Measures: perturb.Measure(chains), Complete: true}}
	for _, c := range []struct {
		protocol   perturb.Protocol
		background perturb.Background
		row, grey  int // of the table: which, and how many columns
		want       string
	}{
		{perturb.Crop, perturb.Mean, 0, 2, "0.062 0.061"},
		{perturb.Embed, perturb.Mean, 0, 2, "0.18 0.2"},
		{perturb.Embed, perturb.Black, 0, 0, ""},
		{perturb.Embed, perturb.Inpaint, 0, 0, ""},
		{perturb.Sweep, perturb.Inpaint, 2, 3, "1.73 4.18 4.24"},
		{perturb.BBox, perturb.Mean, 2, 3, "1.76 2.63 2.3"},
	} {
		s := perturb.DefaultTranslation(c.protocol)
		s.Background = c.background
		table := Translate(s, models).Tables[0]
		if got := strings.Join(table.Rows[c.row][2:], " "); got != c.want || len(table.Grey) != c.grey {
			t.Errorf("%s on %s: %q and %d grey columns", c.protocol, c.background, got, len(table.Grey))
		}
	}
}
