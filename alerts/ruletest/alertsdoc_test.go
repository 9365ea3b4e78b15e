package ruletest

import (
	"os"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/alerts"
)

// The page says of each built-in rule what to do, and its example is a rule.
func TestAlertsPage(t *testing.T) {
	b, err := os.ReadFile("../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for _, r := range alerts.Builtin() {
		if !strings.Contains(page, "\n### "+r.Name+"\n") {
			t.Errorf("docs/alerts.md does not say what to do about %s", r.Name)
		}
	}
	_, rest, _ := strings.Cut(page, "```yaml\n")
	example, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("no example")
	}
	file := "rules:\n" + example + "tests: [{name: x, sequence: cat, expect: {}}]\n"
	f, err := Load("alerts.md", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if r := f.Rules[0]; r.Baseline == nil || r.Baseline.FireSpreads != 5 || r.Baseline.MinHistory.Hours() != 24 {
		t.Errorf("%+v", r.Baseline)
	}
}
