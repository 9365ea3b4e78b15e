package imagenet

import (
	"slices"
	"testing"
)

func TestLabels(t *testing.T) {
	names, wnids := Labels()
	if len(names) != 1000 || len(wnids) != 1000 || names[0] != "tench" || wnids[146] != "n02058221" || names[999] != "toilet tissue" {
		t.Errorf("%d names, %d ids, %s %s %s", len(names), len(wnids), names[0], wnids[146], names[999])
	}
	if !slices.IsSorted(wnids) {
		t.Error("the classes are not in the order of the WordNet ids")
	}
}
