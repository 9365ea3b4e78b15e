package labelmap_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/flipmeter/flipmeter/infer/labelmap"
	"github.com/flipmeter/flipmeter/infer/zoo"
)

// The maps that the documentation shows are maps, and fit the ImageNet
// classes.
func TestDocumentedMaps(t *testing.T) {
	text, err := os.ReadFile("../../docs/labelmap.md")
	if err != nil {
		t.Fatal(err)
	}
	maps := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
	if len(maps) != 2 {
		t.Fatalf("%d maps in the page, want 2", len(maps))
	}
	names, ids := zoo.ImageNetLabels()
	for i, m := range maps {
		parsed, err := labelmap.Parse("labelmap.md", m[1])
		if err != nil {
			t.Error(err)
			continue
		}
		if i == 0 { // its background is no class of a network of 1,000
			names, ids := append([]string{"background"}, names...), append([]string{""}, ids...)
			if _, err := parsed.Bind(names, ids); err != nil {
				t.Error(err)
			}
			continue
		}
		bound, err := parsed.Bind(names, ids)
		if err != nil {
			t.Error(err)
			continue
		}
		n := 0
		for class, to := range bound.To {
			if to == 0 {
				n++
				t.Log(names[class])
			}
		}
		if n != 5 || len(bound.Names) != 5 || bound.WNIDs[0] != "n02121808" {
			t.Errorf("%d cats, labels %v", n, bound.Names)
		}
	}
}
