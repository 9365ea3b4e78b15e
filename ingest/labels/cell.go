package labels

import (
	"bytes"
	"fmt"
	"math"
)

// setText takes a cell of a text; an empty one says nothing.
func (r *rows) setText(c column, class int, cell []byte) (err error) {
	switch c {
	case colStream:
		r.cells.stream = cell
		return nil
	case colLabel:
		r.name = cell
		return nil
	}
	if cell = bytes.TrimSpace(cell); len(cell) == 0 {
		return r.setEmpty(c)
	}
	var f float64
	switch c {
	case colEpoch:
		r.epoch, err = parseUint(cell)
	case colSeq:
		r.seq, err = parseUint(cell)
	case colPTSMs, colPTSS:
		r.pts, err = parseFloat(cell)
	case colPTSEstimated:
		r.ptsEstimated, err = parseBool(cell)
	case colLabelIndex:
		var several bool
		if several, err = r.setNumbers(cell); !several {
			r.index, err = parseIndex(cell)
		}
	case colScore:
		r.score, err = parseFloat(cell)
	case colPrevLabelScore:
		r.prev, err = parseFloat(cell)
	case colTop5Index:
		err = listCell(cell, &r.topIndex)
	case colTop5Score:
		err = listCell(cell, &r.topScore)
	case colChange:
		r.change, err = parseIndex(cell)
	case colChangeMax:
		r.changeMax, err = parseFloat(cell)
	case colRepeat:
		r.repeat, err = parseBool(cell)
	case colCut:
		r.cut, err = parseBool(cell)
	case colBreak:
		r.reason = cell
	case colProbs:
		err = listCell(cell, &r.probs)
	case colProb:
		f, err = parseFloat(cell)
		r.probs[class] = float32(f)
		if math.IsInf(float64(r.probs[class]), 0) {
			err = fmt.Errorf("%s is too large", quote(cell))
		}
	}
	return err
}

// setEmpty says where a cell may not be empty.
func (r *rows) setEmpty(c column) error {
	if c == colSeq || c == colEpoch {
		return fmt.Errorf("the cell is empty")
	}
	return nil
}

// listCell reads a list of numbers such as [1,2,3].
func listCell[T int32 | float32 | float64](cell []byte, into *[]T) error {
	*into = (*into)[:0]
	body, ok := bytes.CutPrefix(cell, []byte{'['})
	if body, ok = cutSuffix(body, ok); !ok {
		return fmt.Errorf("%s is not a list like [1,2,3]", quote(cell))
	}
	for len(body) > 0 {
		item, rest, more := bytes.Cut(body, []byte{','})
		v, err := parseFloat(bytes.TrimSpace(item))
		if err != nil {
			return err
		}
		if t := T(v); float64(t) != v && isIndex(t) || isIndex(t) && t < 0 {
			return fmt.Errorf("%s is not the number of a class, a whole number from 0", quote(item))
		} else if math.IsInf(float64(t), 0) {
			return fmt.Errorf("%s is too large", quote(item))
		}
		if *into = append(*into, T(v)); len(*into) > maxClasses {
			return fmt.Errorf("a list of more than %d numbers", maxClasses)
		}
		if body = rest; more && len(body) == 0 {
			return fmt.Errorf("%s is not a list like [1,2,3]", quote(cell))
		}
	}
	return nil
}

func cutSuffix(body []byte, ok bool) ([]byte, bool) {
	rest, closed := bytes.CutSuffix(body, []byte{']'})
	return bytes.TrimSpace(rest), ok && closed
}

func isIndex[T int32 | float32 | float64](v T) bool {
	_, ok := any(v).(int32)
	return ok
}
