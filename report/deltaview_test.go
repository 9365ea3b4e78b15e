package report

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/stability"
)

// TestDeltaIsToldInTextAndPage: what summary.json says of the baseline stands
// in the terminal's text and on the page, too.
func TestDeltaIsToldInTextAndPage(t *testing.T) {
	nan := Number(stability.Wilson(0, 0).Value)
	d := &Delta{
		FlipFraction:        Interval{0.0421, 0.0123, 0.08},
		UnexplainedFraction: Interval{-0.005, -0.02, 0.01},
		Decided:             DecidedDelta{Interval{nan, nan, nan}},
		MAC:                 Interval{-0.0123, -0.02, -0.0012},
	}
	dir := t.TempDir()
	r, err := NewRun(Config{Dir: dir, Tables: table.CSV, Complement: func(_ context.Context, sum *Summary, _ string) {
		sum.Streams[0].Delta = d
	}})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := r.Stream(StreamConfig{Name: "a", Source: Source{Name: "a.mp4"}, Label: func(int32) string { return "x" }})
	if err != nil {
		t.Fatal(err)
	}
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	sum, err := r.Finish(context.Background(), Outcome{Streams: []StreamOutcome{{Summary: stability.NewTracker(stability.DefaultConfig()).Summary()}}})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := sum.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"  against the baseline:\n",
		"    flip fraction           +4.2 points (95 %: +1.2 to +8.0)    more\n",
		"    unexplained fraction    −0.50 points (95 %: −2.0 to +1.0)   can't be told apart\n",
		"    decided flip fraction   not known",
		"    probability jump (MAC)  −0.0123 (95 %: −0.0200 to −0.0012)  less\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, text.String())
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, HTMLName))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Against the baseline", "<th scope=\"row\">flip fraction</th><td>&#43;4.2 points (95 %: &#43;1.2 to &#43;8.0)</td><td>more</td>"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
