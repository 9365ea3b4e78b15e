package labels

import (
	"fmt"

	"github.com/flipmeter/flipmeter/stability"
)

// quickColumns are those that the quick way knows.
const quickColumns = 1<<colSeq | 1<<colPTSMs | 1<<colPTSS | 1<<colLabel | 1<<colLabelIndex | 1<<colScore

// quick takes n rows the quick way, and says whether it did: a table of
// numbers, times and labels (by name or by number) in which nothing is
// missing. It does what take and commit do, column by column.
func (p *parquetReader) quick(b *Batch, n int) (bool, error) {
	r := p.rows
	if r.set&^quickColumns != 0 || r.set.has(colLabel) && r.set.has(colLabelIndex) {
		return false, nil
	}
	for _, c := range p.cols {
		if c.anyNull || c.repeated || c.isText() && len(c.codes) != n {
			return false, nil
		}
	}
	rows := b.Obs[b.N : b.N+n]
	for _, c := range p.cols {
		if err := c.quickInto(r, rows); err != nil {
			return true, atLine{p.row + 1 + int64(err.row), fmt.Errorf("column %s: %w", c.column, err.err)}
		}
	}
	for i := range rows {
		p.row++
		rows[i].Break = stability.ReasonNone // the batch was used before
		if p.times != nil {
			r.pts = p.times.number(i)
		}
		if err := r.sequence(r.last, &rows[i], p.row); err != nil {
			return true, atLine{p.row, err}
		}
		b.Line[b.N], b.Stream[b.N] = p.row, r.last
		b.N++
	}
	return true, nil
}

type rowError struct {
	row int
	err error
}

// quickInto takes the column's values into the observations; times wait for
// their rows' order.
func (p *parquetColumn) quickInto(r *rows, into []stability.Observation) *rowError {
	switch p.column {
	case colSeq:
		for i := range into {
			if into[i].Seq = uint64(p.whole[i]); p.whole[i] < 0 && !p.unsigned {
				_, err := p.fromZero(p.whole[i])
				return &rowError{i, err}
			}
		}
	case colPTSMs, colPTSS:
		for i := range into {
			if _, err := finite(p.number(i)); err != nil {
				return &rowError{i, err}
			}
		}
	case colScore:
		for i := range into {
			score, err := finite(p.number(i))
			if err == nil && !validProb(score) {
				err = fmt.Errorf("%v is no probability, a number from 0 to 1", score)
			}
			if err != nil {
				return &rowError{i, err}
			}
			into[i].Score = float32(score)
		}
	case colLabel:
		for i, code := range p.codes {
			label := p.labels[code]
			if label == unresolved {
				var err error
				if label, err = r.labelOfWord(p.words[code]); err != nil {
					return &rowError{i, err}
				}
				p.labels[code] = label
			}
			into[i].Label = label
		}
	case colLabelIndex:
		known := int32(-1)
		for i := range into {
			index, err := classNumber(p.whole[i])
			if err == nil && index != known {
				err = r.classes.numbered(index, nil, nil)
				known = index
			}
			if err != nil {
				return &rowError{i, err}
			}
			into[i].Label = index
		}
	}
	return nil
}

// labelOfWord is the number of a label by name; an empty name is none.
func (r *rows) labelOfWord(word []byte) (int32, error) {
	if len(word) == 0 {
		return stability.NoLabel, nil
	}
	return r.cfg.labelOfName(word)
}
