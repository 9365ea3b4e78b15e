package report

import (
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
