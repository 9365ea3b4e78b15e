package labels

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// jsonRow is a line of JSON lines. Null and missing are the same.
type jsonRow struct {
	Stream         *string          `json:"stream"`
	Epoch          *uint64          `json:"epoch"`
	Seq            *uint64          `json:"seq"`
	PTSMs          *float64         `json:"pts_ms"`
	PTSS           *float64         `json:"pts_s"`
	PTSEstimated   *bool            `json:"pts_estimated"`
	LabelIndex     classNumbers     `json:"label_index"`
	Label          *string          `json:"label"`
	Score          *float64         `json:"score"`
	PrevLabelScore *float64         `json:"prev_label_score"`
	Top5Index      numbers[int32]   `json:"top5_index"`
	Top5Score      numbers[float64] `json:"top5_score"`
	Change         *int32           `json:"change"`
	ChangeMax      *float64         `json:"change_max"`
	Repeat         *bool            `json:"repeat"`
	Cut            *bool            `json:"cut"`
	Break          *string          `json:"break"`
	Probs          numbers[float32] `json:"probs"`
}

// numbers is a list without holes: null in it is an error.
type numbers[T int32 | float32 | float64] []T

// UnmarshalJSON reads the list.
func (n *numbers[T]) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = (*n)[:0]
		return nil
	}
	return listCell(b, (*[]T)(n))
}

// classNumbers is a class by number, or the list of those that a truth allows.
type classNumbers []int32

// UnmarshalJSON reads the number or the list.
func (n *classNumbers) UnmarshalJSON(b []byte) error {
	*n = (*n)[:0]
	switch {
	case string(b) == "null":
		return nil
	case len(b) > 0 && b[0] == '[':
		return listCell(b, (*[]int32)(n))
	}
	var one int32
	err := json.Unmarshal(b, &one)
	*n = append(*n, one)
	return err
}

// jsonReader reads JSON lines. The first line's keys are the columns: a key
// that first comes later would mean something else for the rows before.
type jsonReader struct {
	lines *lineReader
	rows  *rows
	first []byte // the line that named the columns, until it is read
	row   jsonRow
}

// header finds the first line and its keys.
func (j *jsonReader) header() ([]string, error) {
	line, err := j.nextLine()
	if errors.Is(err, io.EOF) {
		return nil, errEmpty
	}
	if err != nil {
		return nil, err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(line, &keys); err != nil {
		return nil, atLine{j.lines.line, jsonError(err)}
	}
	j.first = bytes.Clone(line)
	var names []string
	for k := range keys {
		names = append(names, strings.ToLower(k)) // as encoding/json matches keys
	}
	return names, nil
}

// nextLine is the next line that isn't empty.
func (j *jsonReader) nextLine() ([]byte, error) {
	for {
		line, err := j.lines.next()
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(line)) > 0 {
			return line, nil
		}
	}
}

func (j *jsonReader) read(b *Batch) error {
	for b.N < BatchRows {
		line := j.first
		if j.first = nil; line == nil {
			var err error
			if line, err = j.nextLine(); err != nil {
				return err
			}
		}
		at := j.lines.line
		j.row = jsonRow{LabelIndex: j.row.LabelIndex[:0], Top5Index: j.row.Top5Index[:0], Top5Score: j.row.Top5Score[:0], Probs: j.row.Probs[:0]}
		if err := json.Unmarshal(line, &j.row); err != nil {
			return atLine{at, jsonError(err)}
		}
		if err := j.take(); err != nil {
			return atLine{at, err}
		}
		if err := j.rows.commit(at); err != nil {
			return atLine{at, err}
		}
	}
	return nil
}

// take turns the row into cells.
func (j *jsonReader) take() error {
	r, in := j.rows, &j.row
	r.clear()
	c := &r.cells
	var set columnSet
	cell(&set, colEpoch, in.Epoch, &c.epoch)
	cell(&set, colSeq, in.Seq, &c.seq)
	cell(&set, colPTSMs, in.PTSMs, &c.pts)
	cell(&set, colPTSS, in.PTSS, &c.pts)
	cell(&set, colPTSEstimated, in.PTSEstimated, &c.ptsEstimated)
	cell(&set, colScore, in.Score, &c.score)
	cell(&set, colPrevLabelScore, in.PrevLabelScore, &c.prev)
	cell(&set, colChange, in.Change, &c.change)
	cell(&set, colChangeMax, in.ChangeMax, &c.changeMax)
	cell(&set, colRepeat, in.Repeat, &c.repeat)
	cell(&set, colCut, in.Cut, &c.cut)
	text(&set, colStream, in.Stream, &c.stream)
	text(&set, colLabel, in.Label, &c.name)
	text(&set, colBreak, in.Break, &c.reason)
	list(&set, colTop5Index, in.Top5Index, &c.topIndex)
	list(&set, colTop5Score, in.Top5Score, &c.topScore)
	list(&set, colProbs, in.Probs, &c.probs)
	if len(in.LabelIndex) > 0 {
		set.add(colLabelIndex)
		if err := r.setClasses(in.LabelIndex); err != nil {
			return fmt.Errorf("label_index: %w", err)
		}
	}
	for k := colNone + 1; k < colProb; k++ {
		if set.has(k) && !r.set.has(k) {
			return fmt.Errorf("there is a %s, but the first line has none: give the same keys in every line", k)
		}
	}
	for _, k := range [...]column{colSeq, colEpoch} {
		if r.set.has(k) && !set.has(k) {
			return fmt.Errorf("there is no %s, but the first line has one", k)
		}
	}
	if set.has(colLabelIndex) && c.index < 0 && c.allowed == 0 {
		return fmt.Errorf("label_index is %d: a class has a number from 0 (a frame without a label has null)", c.index)
	}
	if set.has(colChange) && c.change < 0 {
		return fmt.Errorf("change is %d: it is a number of cells", c.change)
	}
	return nil
}

func cell[T any](set *columnSet, c column, from *T, to *T) {
	if from != nil {
		set.add(c)
		*to = *from
	}
}

func text(set *columnSet, c column, from *string, to *[]byte) {
	if from != nil {
		set.add(c)
		*to = []byte(*from)
	}
}

func list[T any](set *columnSet, c column, from []T, to *[]T) {
	if len(from) > 0 {
		set.add(c)
		*to = append((*to)[:0], from...)
	}
}

// jsonError says in our words what is wrong with a line.
func jsonError(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		if wrong.Field == "" {
			return fmt.Errorf("a line must be an object, as {\"label\":\"cat\"}, got %s", wrong.Value)
		}
		return fmt.Errorf("%s is a %s, not a %s", wrong.Field, wrong.Value, wrong.Type)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not JSON, one object a line: %w", err)
	}
	return err
}
