package labels

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// parquetColumn gives a column's values of as many rows as are asked for.
type parquetColumn struct {
	column   column
	class    int
	leaf     int
	kind     parquet.Kind
	repeated bool
	unsigned bool

	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buf    []parquet.Value // read ahead, from at on
	at     int
	plain  plainPage // what is left of it, in place of values

	dictionary parquet.Dictionary
	words      [][]byte // of the dictionary
	labels     []int32  // of the words, or unresolved

	// Values of the rows asked for. Of a list, row i's are from ends[i] to
	// ends[i+1].
	nulls []bool
	whole []int64
	real  []float64
	texts [][]byte
	codes []int32 // of texts, where all are from one dictionary
	ends  []int
	arena []byte

	anyNull bool
}

// fits says what a column holds that it mustn't, or nil. With sets, rows may
// have several classes.
func (p *parquetColumn) fits(sets bool) error {
	want, ok := "a number", p.kind == parquet.Int32 || p.kind == parquet.Int64
	switch p.column {
	case colStream, colLabel, colBreak:
		want, ok = "text", p.kind == parquet.ByteArray || p.kind == parquet.FixedLenByteArray
	case colPTSEstimated, colRepeat, colCut:
		want, ok = "true or false", p.kind == parquet.Boolean
	case colPTSMs, colPTSS, colScore, colPrevLabelScore, colChangeMax, colTop5Score, colProbs, colProb:
		ok = ok || p.kind == parquet.Float || p.kind == parquet.Double
	default:
		want = "a whole number"
	}
	list := p.column == colTop5Index || p.column == colTop5Score || p.column == colProbs
	switch {
	case !ok:
		return fmt.Errorf("%s, not %s", p.kind, want)
	case p.repeated && sets && p.column == colLabelIndex:
	case p.repeated && !list:
		return errors.New("a list")
	case !p.repeated && list:
		return errors.New("no list")
	}
	return nil
}

// begin starts with a row group's part of the column.
func (p *parquetColumn) begin(chunk parquet.ColumnChunk) {
	p.pages = chunk.Pages()
	p.buf, p.at, p.plain = p.buf[:0], 0, plainPage{}
	p.dictionary = nil
}

func (p *parquetColumn) close() error {
	if p.pages == nil {
		return nil
	}
	p.release()
	err := p.pages.Close()
	p.pages = nil
	return err
}

// release gives the page back; its values are gone then.
func (p *parquetColumn) release() {
	if p.page != nil {
		parquet.Release(p.page)
		p.page, p.values = nil, nil
	}
	p.plain = plainPage{}
}

func (p *parquetColumn) number(i int) float64 {
	if p.kind == parquet.Float || p.kind == parquet.Double {
		return p.real[i]
	}
	return float64(p.whole[i])
}

// null says whether row i has no value.
func (p *parquetColumn) null(i int) bool {
	if p.repeated {
		return p.ends[i] == p.ends[i+1]
	}
	return p.nulls[i]
}

// fill gets the values of the next n rows.
func (p *parquetColumn) fill(n int) error {
	p.nulls, p.whole, p.real, p.texts, p.arena = p.nulls[:0], p.whole[:0], p.real[:0], p.texts[:0], p.arena[:0]
	p.codes, p.anyNull = p.codes[:0], false
	if p.repeated {
		return p.fillLists(n)
	}
	for n > 0 {
		if p.plain.len() > 0 {
			n -= p.takePlain(n)
			continue
		}
		if p.at == len(p.buf) {
			if err := p.more(n); err != nil {
				return err
			}
			continue
		}
		part := p.buf[p.at:min(len(p.buf), p.at+n)]
		p.at += len(part)
		n -= len(part)
		p.appendValues(part)
	}
	return nil
}

// appendValues takes values of a column without lists.
func (p *parquetColumn) appendValues(values []parquet.Value) {
	for i := range values {
		p.anyNull = p.anyNull || values[i].IsNull()
	}
	switch p.kind {
	case parquet.Int32:
		for i := range values {
			p.nulls = append(p.nulls, values[i].IsNull())
			p.whole = append(p.whole, int64(values[i].Int32()))
		}
	case parquet.Int64:
		for i := range values {
			p.nulls = append(p.nulls, values[i].IsNull())
			p.whole = append(p.whole, values[i].Int64())
		}
	case parquet.Boolean:
		for i := range values {
			p.nulls = append(p.nulls, values[i].IsNull())
			n := int64(0)
			if values[i].Boolean() {
				n = 1
			}
			p.whole = append(p.whole, n)
		}
	case parquet.Float:
		for i := range values {
			p.nulls = append(p.nulls, values[i].IsNull())
			p.real = append(p.real, float64(values[i].Float()))
		}
	case parquet.Double:
		for i := range values {
			p.nulls = append(p.nulls, values[i].IsNull())
			p.real = append(p.real, values[i].Double())
		}
	default:
		for i := range values {
			p.nulls = append(p.nulls, values[i].IsNull())
			p.addText(values[i].ByteArray())
		}
	}
}

// addText keeps a copy: the page may be gone before the row is looked at. A
// text like the one before, which most are, is not copied again.
func (p *parquetColumn) addText(text []byte) {
	if n := len(p.texts); n > 0 && string(p.texts[n-1]) == string(text) {
		p.texts = append(p.texts, p.texts[n-1])
		return
	}
	from := len(p.arena)
	p.arena = append(p.arena, text...)
	p.texts = append(p.texts, p.arena[from:len(p.arena):len(p.arena)])
}

// fillLists gets the lists of the next n rows.
func (p *parquetColumn) fillLists(n int) error {
	p.ends = append(p.ends[:0], 0)
	for rows := 0; ; {
		if p.at == len(p.buf) {
			err := p.more(BatchRows)
			if errors.Is(err, io.ErrUnexpectedEOF) && rows == n {
				break // the last row of the group ends with it
			}
			if err != nil {
				return err
			}
		}
		v := &p.buf[p.at]
		if v.RepetitionLevel() == 0 {
			if rows > 0 {
				p.ends = append(p.ends, len(p.whole)+len(p.real))
			}
			if rows == n {
				return nil
			}
			rows++
		} else if rows == 0 {
			return errors.New("a list goes on that never began")
		}
		p.at++
		if v.IsNull() {
			continue
		}
		switch p.kind {
		case parquet.Int32:
			p.whole = append(p.whole, int64(v.Int32()))
		case parquet.Int64:
			p.whole = append(p.whole, v.Int64())
		case parquet.Float:
			p.real = append(p.real, float64(v.Float()))
		case parquet.Double:
			p.real = append(p.real, v.Double())
		}
		if len(p.whole)+len(p.real) > n*maxClasses {
			return fmt.Errorf("a list has more than %d values", maxClasses)
		}
	}
	p.ends = append(p.ends, len(p.whole)+len(p.real))
	return nil
}

// more reads ahead, at most n values; io.ErrUnexpectedEOF at the end of the
// row group.
func (p *parquetColumn) more(n int) error {
	n = min(n, BatchRows)
	if cap(p.buf) < n {
		p.buf = make([]parquet.Value, BatchRows)
	}
	for idle := 0; idle < 1000; idle++ { // a damaged file may give nothing for ever
		if p.values == nil {
			p.release()
			page, err := p.pages.ReadPage()
			if errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			}
			if err != nil {
				return err
			}
			p.page = page
			if plain, ok := p.plainPage(page); ok {
				p.plain, p.buf, p.at = plain, p.buf[:0], 0
				return nil
			}
			p.values = page.Values()
		}
		got, err := p.values.ReadValues(p.buf[:n])
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if got > 0 {
			p.buf, p.at = p.buf[:got], 0
			return nil // texts point into the page: it stays until the next call
		}
		p.release()
	}
	return io.ErrNoProgress
}
