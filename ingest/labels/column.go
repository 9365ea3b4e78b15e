package labels

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// column is a column that means something here.
type column uint8

const (
	colNone column = iota
	colStream
	colEpoch
	colSeq
	colPTSMs
	colPTSS
	colPTSEstimated
	colLabelIndex
	colLabel
	colScore
	colPrevLabelScore
	colTop5Index
	colTop5Score
	colChange
	colChangeMax
	colRepeat
	colCut
	colBreak
	colProbs
	colProb // one class of p0, p1 …
	numColumns
)

var columnNames = [numColumns]string{
	"", "stream", "epoch", "seq", "pts_ms", "pts_s", "pts_estimated", "label_index", "label", "score",
	"prev_label_score", "top5_index", "top5_score", "change", "change_max", "repeat", "cut", "break", "probs", "p0",
}

func (c column) String() string { return columnNames[c] }

// columnSet is a set of columns.
type columnSet uint32

func (s columnSet) has(c column) bool { return s&(1<<c) != 0 }
func (s *columnSet) add(c column)     { *s |= 1 << c }

// maxClasses bounds the length of a vector of probabilities.
const maxClasses = 1 << 16

// columnOf finds a column by its name, in upper or lower case; class is the number of p0, p1 ….
func columnOf(name string) (c column, class int) {
	name = strings.ToLower(name)
	if digits, ok := strings.CutPrefix(name, "p"); ok && digits != "" {
		if n, err := strconv.Atoi(digits); err == nil && n >= 0 && strconv.Itoa(n) == digits {
			return colProb, n
		}
	}
	if i := slices.Index(columnNames[:colProb], name); i > 0 {
		return column(i), 0
	}
	return colNone, 0
}

// layout is what is known of a table once its columns are.
type layout struct {
	set     columnSet
	cols    []column // by place in the file
	class   []int    // by place, for colProb
	classes int      // of p0 …
}

// newLayout makes sense of the names of columns.
func newLayout(names []string) (*layout, error) {
	l := &layout{cols: make([]column, len(names)), class: make([]int, len(names))}
	var seen []int
	for i, name := range names {
		c, class := columnOf(strings.TrimSpace(name))
		l.cols[i], l.class[i] = c, class
		switch {
		case c == colNone:
		case c == colProb:
			seen = append(seen, class)
		case l.set.has(c):
			return nil, fmt.Errorf("two columns are called %s", c)
		}
		if c != colNone {
			l.set.add(c)
		}
	}
	slices.Sort(seen)
	for i, class := range seen {
		if class != i {
			return nil, fmt.Errorf("columns of probabilities must be p0, p1, p2 … without a gap, each once: p%d is %s", i, missingOrTwice(class, i))
		}
	}
	l.classes = len(seen)
	if l.classes > maxClasses {
		return nil, fmt.Errorf("%d columns of probabilities, at most %d are read", l.classes, maxClasses)
	}
	return l, l.check(names)
}

func missingOrTwice(found, want int) string {
	if found < want {
		return "there twice"
	}
	return "missing"
}

// check says what a table lacks.
func (l *layout) check(names []string) error {
	s := l.set
	switch {
	case s.has(colProb) && s.has(colProbs):
		return fmt.Errorf("probabilities are given twice: as probs and as p0, p1 …")
	case s.has(colPTSMs) && s.has(colPTSS):
		return fmt.Errorf("times are given twice: as pts_ms and as pts_s")
	case s.has(colTop5Score) && !s.has(colTop5Index):
		return fmt.Errorf("there is top5_score without top5_index")
	case !s.has(colLabel) && !s.has(colLabelIndex) && !s.has(colTop5Index) && !s.has(colProb) && !s.has(colProbs):
		return fmt.Errorf("no column is called label or label_index; there are %s", shortList(names))
	}
	return nil
}

// indexed says whether classes are given by number.
func (s columnSet) indexed() bool {
	return s.has(colLabelIndex) || s.has(colTop5Index) || s.probs()
}

func (s columnSet) probs() bool { return s.has(colProb) || s.has(colProbs) }

func (s columnSet) timed() bool { return s.has(colPTSMs) || s.has(colPTSS) }

// shortList quotes the first names of a list.
func shortList(names []string) string {
	const most = 12
	var b strings.Builder
	for i, n := range names[:min(most, len(names))] {
		if i > 0 {
			b.WriteString(", ")
		}
		if len(n) > 40 {
			n = n[:40] + "…"
		}
		b.WriteString(strconv.Quote(n))
	}
	if len(names) > most {
		fmt.Fprintf(&b, " and %d more", len(names)-most)
	}
	return b.String()
}
