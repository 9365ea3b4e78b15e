package report

import (
	"slices"
	"strings"
	"testing"
)

func TestExplainedView(t *testing.T) {
	if newExplainedView(nil) != nil || newNineViews(nil, 3, nil) != nil {
		t.Error("a view of nothing")
	}
	low, high := 2.6, 767.9
	e := &Explained{
		Flips: ExplainedGroup{Pairs: 60, Touching: 59, Shifts: &ExplainedNumber{Value: .44, Low: &low, High: &high}},
		Of:    170, Filters: []string{"pillow-bicubic", "torch-bilinear"},
		Nine: map[uint64][2][9]int32{7: {{1, 1, 1, 1, 1, 1, 1, 1, 2}, {2, 2, 2, 2, 2, 2, 2, 2, 2}}},
	}
	v := newExplainedView(e)
	if !strings.Contains(v.Lead, "59 of 60 flips") || !strings.Contains(v.Lead, "no pair without a flip is like them") || len(v.Rows) != 1 {
		t.Errorf("%+v", v)
	}
	e.Held = ExplainedGroup{Pairs: 50, Touching: 20}
	e.Odds = &ExplainedNumber{Value: 44.87, Low: &low, High: &high}
	v = newExplainedView(e)
	for _, want := range []string{"so do 20 of 50 pairs", "odds ratio 44.9 (2.6 to 767.9)"} {
		if !strings.Contains(v.Lead, want) {
			t.Errorf("%q lacks %q", v.Lead, want)
		}
	}
	if len(v.Rows) != 2 || v.Rows[1][3] != "–" || !strings.Contains(v.Note, "60 of 170 flips") || !strings.Contains(v.Note, "pillow-bicubic and torch-bilinear") {
		t.Errorf("%+v", v)
	}
	if v.Rows[0][5] != "44.9 (2.6 to 767.9)" || v.Rows[1][5] != "–" {
		t.Errorf("odds in the table: %q, %q", v.Rows[0][5], v.Rows[1][5])
	}
	nine := newNineViews(e, 7, func(i int32) string { return string('a' + i) })
	if len(nine) != 2 || nine[0].Name != "before" || len(nine[0].Cells) != 9 {
		t.Fatalf("%+v", nine)
	}
	if c := nine[0].Cells[8]; c.Same || c.Own || c.Text != "c" {
		t.Errorf("%+v", c)
	}
	if c := nine[1].Cells[4]; !c.Same || !c.Own {
		t.Errorf("%+v", c)
	}
	if newNineViews(e, 8, nil) != nil {
		t.Error("a flip that was not looked at")
	}
	if v := newExplainedView(&Explained{}); v.Lead != "There was no flip to explain." {
		t.Errorf("%+v", v)
	}
}

// TestExplainedAgainstATruth: three groups, each with its figures.
func TestExplainedAgainstATruth(t *testing.T) {
	number := func(v float64) *ExplainedNumber { low, high := v/2, 2*v; return &ExplainedNumber{v, &low, &high} }
	e := &Explained{
		Flips: ExplainedGroup{Pairs: 20, Touching: 19}, Held: ExplainedGroup{Pairs: 18, Touching: 9},
		TrueChanges: ExplainedGroup{Pairs: 6, Touching: 4, Shifts: number(.25), Filters: number(.5)},
		Odds:        number(9), TrueChangeOdds: number(2), FlipToTrueOdds: number(4), Of: 31, OfChanges: 7, Filters: []string{"a", "b"},
	}
	v := newExplainedView(e)
	for _, want := range []string{
		"19 of 20 flips on constant truth touch", "so do 9 of 18 pairs without a flip: odds ratio 9.0 (4.5 to 18.0).",
		"Where the truth changed it is 4 of 6 pairs: odds ratio 2.0 (1.0 to 4.0) against the pairs without a flip; that of the flips against the true changes is 4.0 (2.0 to 8.0).",
	} {
		if !strings.Contains(v.Lead, want) {
			t.Errorf("%q lacks %q", v.Lead, want)
		}
	}
	if want := "20 of 31 flips on constant truth and 6 of 7 changes of the truth were looked at again"; !strings.HasPrefix(v.Note, want) {
		t.Errorf("%q, want %q", v.Note, want)
	}
	if want := []string{"true changes", "6", "4", "0.25 (0.12 to 0.50)", "0.50 (0.25 to 1.00)", "2.0 (1.0 to 4.0)"}; len(v.Rows) != 3 || !slices.Equal(v.Rows[2], want) {
		t.Errorf("%q, want %q last", v.Rows, want)
	}
	s := &Summary{Streams: []StreamSummary{{Explained: e}}}
	var text strings.Builder
	if err := s.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if want := "one pixel: 19 of 20 flips on constant truth touch"; !strings.Contains(text.String(), want) {
		t.Errorf("%s lacks %q", text.String(), want)
	}
	// A network that flips only where it should.
	e.Flips, e.Held, e.Odds, e.TrueChangeOdds, e.FlipToTrueOdds, e.Of = ExplainedGroup{}, ExplainedGroup{}, nil, nil, nil, 0
	v = newExplainedView(e)
	if !strings.HasPrefix(v.Lead, "4 of 6 pairs at a change of the truth touch") || !strings.HasSuffix(v.Lead, "There was no flip on constant truth.") || len(v.Rows) != 1 {
		t.Errorf("%+v", v)
	}
}
