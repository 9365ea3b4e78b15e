package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/pipeline"
)

// TestLabelMapsOfTheDocs: the maps in docs/labelmap.md work as they stand there,
// with the classes of ImageNet.
func TestLabelMapsOfTheDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/labelmap.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```yaml\n")[1:]
	if len(blocks) < 2 {
		t.Fatalf("%d maps in docs/labelmap.md, want two at least", len(blocks))
	}
	for i, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		path := filepath.Join(t.TempDir(), "map.yaml")
		if err := os.WriteFile(path, []byte(block), 0o666); err != nil {
			t.Fatal(err)
		}
		m, err := openLabelMap(path)
		if err != nil {
			t.Errorf("map %d: %v", i+1, err)
			continue
		}
		classes, err := openClasses(imageNet)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pipeline.NewMerger(m, classes); err != nil {
			t.Errorf("map %d: %v", i+1, err)
		}
	}
}
