package stability

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// maxTruthSets bounds the different sets of a stream's truth, and the labels
// of all of them together.
const (
	maxTruthSets      = 1 << 16
	maxTruthSetLabels = 1 << 20
)

// TruthSets are the sets of labels that a truth allows where more than one
// answer is right (several objects in a frame; a class and a part of it).
// Each set is a number below NoLabel, which stands where the true class does:
// the truth is constant as long as the set is the same. The zero value is
// ready to use; not safe for concurrent use.
type TruthSets struct {
	sets   [][]int32
	index  map[string]int32
	labels int
}

// firstSet is the number of the first set; the others are below it.
const firstSet = NoLabel - 1

// Add is the truth that allows the labels, in any order and any of them more
// than once: NoLabel for none, the label itself for one, else the number of
// the set, the same for equal sets.
func (s *TruthSets) Add(labels []int32) (int32, error) {
	set := slices.Compact(slices.Sorted(slices.Values(labels)))
	if len(set) > 0 && set[0] < 0 {
		return 0, fmt.Errorf("%d in a set of labels is no label", set[0])
	}
	switch len(set) {
	case 0:
		return NoLabel, nil
	case 1:
		return set[0], nil
	}
	key := make([]byte, 0, 4*len(set))
	for _, l := range set {
		key = binary.LittleEndian.AppendUint32(key, uint32(l))
	}
	if n, known := s.index[string(key)]; known {
		return n, nil
	}
	if len(s.sets) == maxTruthSets || s.labels+len(set) > maxTruthSetLabels {
		return 0, fmt.Errorf("the truth has more than %d different sets of labels, or more than %d labels in them", maxTruthSets, maxTruthSetLabels)
	}
	n := firstSet - int32(len(s.sets))
	if s.index == nil {
		s.index = make(map[string]int32)
	}
	s.index[string(key)] = n
	s.sets = append(s.sets, set)
	s.labels += len(set)
	return n, nil
}

// Of are the labels of a set, in ascending order; nil where truth is none.
func (s *TruthSets) Of(truth int32) []int32 {
	if s == nil || truth > firstSet || int(firstSet-truth) >= len(s.sets) {
		return nil
	}
	return s.sets[firstSet-truth]
}

// allows says whether the label is right where that is the truth.
func (s *TruthSets) allows(truth, label int32) bool {
	if truth >= NoLabel {
		return label == truth
	}
	_, found := slices.BinarySearch(s.Of(truth), label)
	return found
}

// anyIn says whether a true class is among the ranked ones.
func (s *TruthSets) anyIn(top []Ranked, truth int32) bool {
	for i := range top {
		if s.allows(truth, top[i].Index) {
			return true
		}
	}
	return false
}
