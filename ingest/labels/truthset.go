package labels

import (
	"bytes"
	"fmt"
	"strconv"
)

// setSeparator stands between the labels of a truth that allows several for a
// frame.
const setSeparator = '|'

// setBase is the label of a row whose truth is the first set of labels;
// others are below. Aliases are far above it.
const setBase = -1 << 30

// maxSetLabels bounds the labels that one frame's truth allows.
const maxSetLabels = 1024

// rowSets are the sets of labels in the rows of a truth, as they stand there:
// labels of the list, and aliases. Every text is read once.
type rowSets struct {
	index map[string]int32
	sets  [][]int32
}

func newRowSets() *rowSets { return &rowSets{index: make(map[string]int32)} }

// read is the label of a cell with several labels, each of which is found by
// find; ok is false where the cell has one only.
func (s *rowSets) read(cell []byte, find func(part []byte) (int32, error)) (label int32, ok bool, err error) {
	if s == nil || bytes.IndexByte(cell, setSeparator) < 0 {
		return 0, false, nil
	}
	if i, known := s.index[string(cell)]; known {
		return i, true, nil
	}
	parts := bytes.Split(cell, []byte{setSeparator})
	if len(parts) > maxSetLabels {
		return 0, true, fmt.Errorf("%d labels for one frame are more than %d", len(parts), maxSetLabels)
	}
	if len(s.sets) == maxNames {
		return 0, true, fmt.Errorf("more than %d different sets of labels", maxNames)
	}
	set := make([]int32, 0, len(parts))
	for _, part := range parts {
		if part = bytes.TrimSpace(part); len(part) == 0 {
			return 0, true, fmt.Errorf("%s has an empty label between its strokes: write a|b", quote(cell))
		}
		l, err := find(part)
		if err != nil {
			return 0, true, err
		}
		set = append(set, l)
	}
	label = setBase - int32(len(s.sets))
	s.sets = append(s.sets, set)
	s.index[string(cell)] = label
	return label, true, nil
}

// of are the labels of a row's label: itself, if it is no set.
func (s *rowSets) of(label int32) []int32 {
	if s == nil || label > setBase {
		return []int32{label}
	}
	return s.sets[setBase-label]
}

// setClasses takes a cell that is a list of class numbers: none, one, or those
// that a truth allows.
func (r *rows) setClasses(list []int32) error {
	switch {
	case len(list) == 0:
		return nil
	case len(list) == 1:
		r.index = list[0]
		return nil
	case r.cfg.sets == nil:
		return fmt.Errorf("%d classes: a frame has one answer (a truth may have several)", len(list))
	}
	r.text = r.text[:0]
	for i, class := range list {
		if i > 0 {
			r.text = append(r.text, setSeparator)
		}
		r.text = strconv.AppendInt(r.text, int64(class), 10)
	}
	_, err := r.setNumbers(r.text)
	return err
}

// setNumbers reads a cell of class numbers such as 3|5.
func (r *rows) setNumbers(cell []byte) (ok bool, err error) {
	label, ok, err := r.cfg.sets.read(cell, func(part []byte) (int32, error) {
		i, err := parseIndex(part)
		if err != nil {
			return 0, err
		}
		return i, r.classes.numbered(i, nil, nil)
	})
	if ok && err == nil {
		r.allowed = label
	}
	return ok, err
}
