package labelmap

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/flipmeter/flipmeter/internal/strictyaml"
)

// Fate is what becomes of a class.
type Fate uint8

// A class is kept, goes into a group, or is ignored.
const (
	Kept Fate = iota
	Grouped
	Ignored
)

// Find says what becomes of a class, given by whatever is known of it: its
// number (or -1), its name, its WordNet id. group is valid if it is grouped.
// A class that belongs to two groups, by its number to one and by its name to
// another, is an error.
func (m *Map) Find(index int32, name, wnid string) (group int, fate Fate, err error) {
	keys := make([]string, 0, 3)
	if index >= 0 {
		keys = append(keys, strconv.Itoa(int(index)))
	}
	keys = append(keys, name, wnid)
	target, by := 0, ""
	for _, key := range keys {
		t, ok := m.target[key]
		switch {
		case !ok || key == "":
		case by == "":
			target, by = t, key
		case t != target:
			return 0, Kept, fmt.Errorf("label map: class %q goes to %s by %q, and to %s by %q", name, m.words(target), by, m.words(t), key)
		}
	}
	switch {
	case by == "" && m.dropRest, by != "" && target == ignored:
		return 0, Ignored, nil
	case by == "":
		return 0, Kept, nil
	}
	return target, Grouped, nil
}

func (m *Map) words(target int) string {
	if target == ignored {
		return "the ignored"
	}
	return fmt.Sprintf("group %q", m.groups[target].Name)
}

// Bound is a map brought together with a list of classes.
type Bound struct {
	// Names and WNIDs are those of the labels that come out: the groups in
	// the order of the file, then the classes that are kept in the order of
	// their numbers. WNIDs are the groups' ids, or the classes'.
	Names, WNIDs []string
	// To is the label that each class becomes, or -1 where it is ignored.
	To  []int32
	sum bool
}

// Bind brings the map together with a model's classes: their names in the
// order of their numbers, and their WordNet ids or nil. What the map names
// and the model lacks is an error: it is a mistyped name more often than not.
func (m *Map) Bind(names, wnids []string) (*Bound, error) {
	b := &Bound{To: make([]int32, len(names)), sum: m.sum}
	wnid := func(i int) string {
		if i < len(wnids) {
			return wnids[i]
		}
		return ""
	}
	fates := make([]Fate, len(names))
	groups := make([]int, len(names))
	used := map[int]bool{}
	for i, name := range names {
		var err error
		if groups[i], fates[i], err = m.Find(int32(i), name, wnid(i)); err != nil {
			return nil, err
		}
		used[groups[i]] = used[groups[i]] || fates[i] == Grouped
	}
	if err := m.missing(names, wnids); err != nil {
		return nil, err
	}
	place := map[int]int32{}
	for _, g := range m.Groups() {
		if used[g] {
			place[g] = int32(len(b.Names))
			b.Names, b.WNIDs = append(b.Names, m.groups[g].Name), append(b.WNIDs, m.groups[g].ID)
		}
	}
	for i, name := range names {
		switch fates[i] {
		case Ignored:
			b.To[i] = -1
		case Grouped:
			b.To[i] = place[groups[i]]
		default:
			b.To[i] = int32(len(b.Names))
			b.Names, b.WNIDs = append(b.Names, name), append(b.WNIDs, wnid(i))
		}
	}
	if len(b.Names) == 0 {
		return nil, errors.New("label map: every class is ignored")
	}
	return b, nil
}

// missing says which members are none of the classes.
func (m *Map) missing(names, wnids []string) error {
	known := map[string]bool{}
	for i, name := range names {
		known[name], known[strconv.Itoa(i)] = true, true
	}
	for _, id := range wnids {
		known[id] = true
	}
	for _, g := range m.groups {
		known[g.Name], known[g.ID] = true, true
	}
	var lost []string
	for member := range m.target {
		if !known[member] {
			lost = append(lost, member)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	slices.Sort(lost)
	hint := ""
	if near := strictyaml.Nearest(lost[0], names); near != "" {
		hint = fmt.Sprintf("; did you mean %s?", near)
	}
	more := ""
	if len(lost) > 1 {
		more = fmt.Sprintf(" (and %d more)", len(lost)-1)
	}
	return fmt.Errorf("label map: no class has the number, name or WordNet id %q%s%s", lost[0], more, hint)
}

// Apply turns the scores of all classes into those of the labels that come
// out, len(Names) of them.
func (b *Bound) Apply(scores, out []float32) {
	clear(out)
	for i, s := range scores {
		to := b.To[i]
		if to < 0 {
			continue
		}
		switch {
		case b.sum:
			out[to] += s
		case s > out[to] || s != s:
			out[to] = s
		}
	}
	if b.sum {
		for i, s := range out {
			out[i] = min(s, 1) // what rounding added
		}
	}
}
