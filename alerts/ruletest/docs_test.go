package ruletest

import (
	"os"
	"strings"
	"testing"
)

// The example of the documentation does what it says.
func TestDocumentedExamplePasses(t *testing.T) {
	page, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for i, block := range strings.Split(string(page), "```yaml\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		if !strings.Contains(text, "tests:") {
			continue
		}
		for _, r := range run(t, text) {
			tried++
			if !r.Passed() {
				t.Errorf("block %d, %s:\n%s", i+1, r.Name, strings.Join(r.Diffs, "\n"))
			}
		}
	}
	if tried < 2 {
		t.Errorf("%d tests were found in docs/rules.md", tried)
	}
}
