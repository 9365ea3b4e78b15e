package infer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits on a file of labels. ImageNet's 21,000 classes take 600 KB.
const (
	MaxLabelBytes = 8 << 20
	maxLabels     = 1 << 18
)

// wnid is a WordNet id, as ImageNet names its classes.
var wnid = regexp.MustCompile(`^n\d{8}$`)

// ParseLabels reads the names of a model's classes, in class order, from the
// forms that are around:
//
//   - a name a line
//   - a WordNet id and a name a line, as "n01440764 tench, Tinca tinca"
//   - a JSON array of names
//   - a JSON object from class number to name, or to [WordNet id, name]
//
// Of several names with commas between them behind a WordNet id the first
// counts. The error names the line or the class.
func ParseLabels(data []byte) (LabelSet, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var l LabelSet
	var err error
	switch trimmed := bytes.TrimSpace(data); {
	case len(data) > MaxLabelBytes:
		err = fmt.Errorf("more than %d bytes", MaxLabelBytes)
	case !utf8.Valid(data):
		err = errors.New("not UTF-8 text")
	case bytes.HasPrefix(trimmed, []byte("[")):
		err = json.Unmarshal(trimmed, &l.Names)
	case bytes.HasPrefix(trimmed, []byte("{")):
		l, err = labelObject(trimmed)
	default:
		l, err = labelLines(data)
	}
	if err == nil {
		err = l.check()
	}
	if err != nil {
		return LabelSet{}, fmt.Errorf("labels: %w", err)
	}
	return l, nil
}

func (l *LabelSet) check() error {
	switch n := len(l.Names); {
	case n == 0:
		return errors.New("there are none")
	case n > maxLabels:
		return fmt.Errorf("more than %d", maxLabels)
	}
	for i, name := range l.Names {
		if strings.TrimSpace(name) == "" {
			return fmt.Errorf("class %d has no name", i)
		}
	}
	return nil
}

// labelLines reads a name a line. Only at the end may lines be empty: one in
// between would move all classes behind it.
func labelLines(data []byte) (LabelSet, error) {
	var l LabelSet
	s := bufio.NewScanner(bytes.NewReader(data))
	s.Buffer(nil, MaxLabelBytes)
	empty := 0 // line
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if line == "" {
			empty = n
			continue
		}
		if empty > 0 {
			return l, fmt.Errorf("line %d is empty", empty)
		}
		id, name := "", line
		if first, rest, ok := strings.Cut(line, " "); ok && wnid.MatchString(first) {
			id = first
			name, _, _ = strings.Cut(strings.TrimSpace(rest), ",")
		}
		l.Names, l.WNIDs = append(l.Names, name), append(l.WNIDs, id)
	}
	if err := s.Err(); err != nil {
		return l, err
	}
	return l, l.allOrNoIDs()
}

// allOrNoIDs drops the WordNet ids where no class has one.
func (l *LabelSet) allOrNoIDs() error {
	with := 0
	for _, id := range l.WNIDs {
		if id != "" {
			with++
		}
	}
	switch with {
	case 0:
		l.WNIDs = nil
	case len(l.Names):
	default:
		return fmt.Errorf("%d of %d classes have a WordNet id", with, len(l.Names))
	}
	return nil
}

// labelObject reads {"0": "tench", …} or {"0": ["n01440764", "tench"], …}.
func labelObject(data []byte) (LabelSet, error) {
	var l LabelSet
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return l, err
	}
	if len(object) > maxLabels {
		return l, fmt.Errorf("more than %d", maxLabels)
	}
	l.Names, l.WNIDs = make([]string, len(object)), make([]string, len(object))
	for key, raw := range object {
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(object) || strconv.Itoa(i) != key {
			return l, fmt.Errorf("%.20q is no class of %d", key, len(object))
		}
		var pair []string
		if json.Unmarshal(raw, &l.Names[i]) == nil {
			continue
		}
		if err := json.Unmarshal(raw, &pair); err != nil || len(pair) != 2 || !wnid.MatchString(pair[0]) {
			return l, fmt.Errorf("class %d must be a name, or a WordNet id and a name", i)
		}
		l.WNIDs[i], l.Names[i] = pair[0], pair[1]
	}
	return l, l.allOrNoIDs()
}
