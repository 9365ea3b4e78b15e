package infer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func labelSet(prefix string, n int, wnids bool) LabelSet {
	var l LabelSet
	for i := range n {
		l.Names = append(l.Names, fmt.Sprint(prefix, i))
		if wnids {
			l.WNIDs = append(l.WNIDs, fmt.Sprintf("n%08d", i))
		}
	}
	return l
}

func TestMatchLabels(t *testing.T) {
	imageNet := labelSet("imagenet ", 1000, true)
	for name, c := range map[string]struct {
		outputs     int
		own         LabelSet
		imageNet    LabelSet
		first, last string
		rotate      bool
		err         string
	}{
		"own":                          {outputs: 3, own: labelSet("own ", 3, false), first: "own 0", last: "own 2"},
		"own beat imagenet":            {outputs: 1000, own: labelSet("own ", 1000, true), imageNet: imageNet, first: "own 0", last: "own 999"},
		"imagenet stands in":           {outputs: 1000, imageNet: imageNet, first: "imagenet 0", last: "imagenet 999"},
		"background moves behind":      {outputs: 1001, imageNet: imageNet, first: "imagenet 0", last: "background", rotate: true},
		"own 1000 for 1001":            {outputs: 1001, own: labelSet("own ", 1000, false), first: "own 0", last: "background", rotate: true},
		"own 1001 are taken as given":  {outputs: 1001, own: labelSet("own ", 1001, false), first: "own 0", last: "own 1000"},
		"other sizes need a file":      {outputs: 365, imageNet: imageNet, err: "--labels FILE"},
		"too few":                      {outputs: 10, own: labelSet("own ", 9, false), err: "10 classes, but 9 labels"},
		"nothing known about 1000":     {outputs: 1000, err: "--labels FILE"},
		"ids and names differ":         {outputs: 2, own: LabelSet{Names: []string{"a", "b"}, WNIDs: []string{"n1"}}, err: "1 WordNet ids"},
		"1000 labels for 1002 outputs": {outputs: 1002, own: labelSet("own ", 1000, false), err: "1002 classes, but 1000 labels"},
	} {
		got, rotate, err := MatchLabels(c.outputs, c.own, c.imageNet)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, want %q", name, err, c.err)
			}
			continue
		}
		if err != nil || len(got.Names) != c.outputs || got.Names[0] != c.first || got.Names[c.outputs-1] != c.last || rotate != c.rotate {
			t.Errorf("%s: %d labels %v, rotate %v, error %v", name, len(got.Names), got.Names, rotate, err)
		}
		if n := len(got.WNIDs); n != 0 && n != c.outputs {
			t.Errorf("%s: %d WordNet ids for %d outputs", name, n, c.outputs)
		}
	}
	if len(imageNet.Names) != 1000 || len(imageNet.WNIDs) != 1000 {
		t.Error("the caller's labels were changed")
	}
}

func TestRotateBackground(t *testing.T) {
	scores := []float32{9, 1, 2, 3}
	RotateBackground(scores)
	if want := []float32{1, 2, 3, 9}; !slices.Equal(scores, want) {
		t.Errorf("%v, want %v", scores, want)
	}
}
