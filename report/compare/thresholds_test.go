package compare

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/report"
	"github.com/flipmeter/flipmeter/report/table"
	"github.com/flipmeter/flipmeter/stability"
)

// TestThresholdsOfTheIdentity: where they differ they are shown, and refused by
// a gate that does not allow it; where a run lacks them, that is said and
// nothing is refused.
func TestThresholdsOfTheIdentity(t *testing.T) {
	with := func(minScore float64) fakeStream {
		s := film(strings.Repeat("abbbbb", 60))
		s.identity = func(id *report.Identity) {
			cfg := stability.DefaultConfig()
			cfg.MinScore = minScore
			id.Thresholds = report.ThresholdsOf(&cfg, "adaptive")
		}
		return s
	}
	older := saveRun(t, "older", table.CSV, film(strings.Repeat("abbbbb", 60)))
	half, more := saveRun(t, "half", table.CSV, with(0.5)), saveRun(t, "more", table.CSV, with(0.75))
	ctx := context.Background()
	for _, c := range []struct {
		base, run *Side
		allow     []string
		refused   string // or ""
		shown     string // fields
	}{
		{older, half, nil, "", "[{thresholds not known min_score 0.5, dwell_min 400 ms, glitch_max 200 ms, near_cut 120 ms, min_scene 600 ms, cuts adaptive}]"},
		{half, more, nil, "thresholds.min_score of film is 0.5 in half and 0.75 in more: give --allow-identity thresholds if", "[{thresholds.min_score 0.5 0.75}]"},
		{half, more, []string{"thresholds"}, "", "[{thresholds.min_score 0.5 0.75}]"},
		{half, half, nil, "", "[]"},
		{older, older, nil, "", "[]"},
	} {
		name := c.base.Name + " against " + c.run.Name
		if got := fmt.Sprint(Identities(c.base.stream(0).Identity, c.run.stream(0).Identity)); got != c.shown {
			t.Errorf("%s: got %s, want %s", name, got, c.shown)
		}
		err := AddDelta(ctx, c.base, c.run, c.allow, false)
		if (err != nil) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: got %v, want %q", name, err, c.refused)
		}
		if c.base == c.run {
			continue
		}
		res, err := Runs(ctx, []*Side{c.base, c.run}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		if err := res.WriteText(&text); err != nil || !strings.Contains(text.String(), "  ! thresholds") {
			t.Errorf("%s: %v\n%s", name, err, text.String())
		}
	}
	// What an older run was hashed with stays.
	data, err := json.Marshal(older.stream(0).Identity)
	if err != nil || strings.Contains(string(data), "thresholds") {
		t.Errorf("an identity without thresholds is %s, %v", data, err)
	}
	if older.stream(0).Identity.Hash() == half.stream(0).Identity.Hash() || half.stream(0).Identity.Hash() == more.stream(0).Identity.Hash() {
		t.Error("the hash of an identity does not depend on its thresholds")
	}
}
