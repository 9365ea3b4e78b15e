package app

import (
	"slices"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/report"
)

// A journal that can't be continued says which option is another one.
func TestDifferencesOfRuns(t *testing.T) {
	before := DefaultAnalyzeOptions()
	id := report.Identity{Model: "a", ColorMatrix: "bt601", Preprocessing: report.Preprocessing{Width: 224}}
	text := func(id report.Identity, o AnalyzeOptions) string {
		s, err := runText("film.mp4", id, &o, false)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	f := func(change func(*report.Identity, *AnalyzeOptions), want ...string) {
		t.Helper()
		id, o := id, before
		change(&id, &o)
		got := differences(text(report.Identity{Model: "a", ColorMatrix: "bt601", Preprocessing: report.Preprocessing{Width: 224}}, before), text(id, o))
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(func(*report.Identity, *AnalyzeOptions) {})
	f(func(_ *report.Identity, o *AnalyzeOptions) { o.Start = 90 * time.Second }, `--start was "0s", is "1m30s"`)
	f(func(_ *report.Identity, o *AnalyzeOptions) { o.Trace = []string{"cat"} }, `--trace was null, is ["cat"]`)
	f(func(id *report.Identity, _ *AnalyzeOptions) { id.Model, id.Preprocessing.Stride = "b", 3 },
		`identity.model was "a", is "b"`, `identity.preprocessing.stride was null, is 3`)
	if got := differences("something else", text(id, before)); len(got) != 1 {
		t.Errorf("a journal of another version: %q", got)
	}
}
