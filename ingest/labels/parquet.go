package labels

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquetReader reads the columns of a Parquet file side by side.
type parquetReader struct {
	layout *layout
	rows   *rows
	groups []parquet.RowGroup // not begun yet
	cols   []*parquetColumn
	left   int64 // rows of the group under way
	count  int64 // rows in all
	times  *parquetColumn
	row    int64
}

func openParquet(src io.ReaderAt, size int64, sets bool) (_ *parquetReader, err error) {
	defer recoverInto(&err)
	f, err := parquet.OpenFile(src, size)
	if err != nil {
		return nil, fmt.Errorf("open Parquet table: %w", err)
	}
	for _, g := range f.Metadata().RowGroups {
		for _, c := range g.Columns {
			// The library never ends with damaged LZ4 data.
			if c.MetaData.Codec == format.Lz4Raw {
				return nil, errors.New("open Parquet table: LZ4 compression is not supported: write it with zstd or snappy")
			}
		}
	}
	p := &parquetReader{groups: f.RowGroups(), count: f.NumRows()}
	var names []string
	for leaf, path := range f.Schema().Columns() {
		name := ""
		if len(path) > 0 {
			name = path[0]
		}
		names = append(names, name)
		c, class := columnOf(name)
		if c == colNone {
			continue
		}
		node, ok := f.Schema().Lookup(path...)
		if !ok {
			return nil, fmt.Errorf("open Parquet table: column %s can't be found", strings.Join(path, "."))
		}
		col := &parquetColumn{column: c, class: class, leaf: leaf, kind: node.Node.Type().Kind(), repeated: node.MaxRepetitionLevel > 0}
		if l := node.Node.Type().LogicalType(); l != nil {
			if whole, ok := l.Value.(*format.IntType); ok {
				col.unsigned = !whole.IsSigned
			}
		}
		if err := col.fits(sets); err != nil {
			return nil, fmt.Errorf("open Parquet table: column %s holds %w", columnTitle(c, class), err)
		}
		if c == colPTSMs || c == colPTSS {
			p.times = col
		}
		p.cols = append(p.cols, col)
	}
	p.layout, err = newLayout(names)
	return p, err
}

// recoverInto makes an error of a panic: the library panics on some damaged
// files.
func recoverInto(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("read Parquet table: the file is damaged: %v", v)
	}
}

func (p *parquetReader) read(b *Batch) (err error) {
	defer recoverInto(&err)
	for b.N < BatchRows {
		if p.left == 0 {
			if err := p.nextGroup(); err != nil {
				return err
			}
			continue
		}
		n := int(min(p.left, int64(BatchRows-b.N)))
		for _, c := range p.cols {
			if err := c.fill(n); err != nil {
				return fmt.Errorf("read Parquet table: column %s: %w", columnTitle(c.column, c.class), err)
			}
		}
		done, err := p.quick(b, n)
		if err != nil {
			return err
		}
		for i := 0; i < n && !done; i++ {
			p.row++
			if err := p.take(i); err != nil {
				return atLine{p.row, err}
			}
			if err := p.rows.commit(p.row); err != nil {
				return atLine{p.row, err}
			}
		}
		p.left -= int64(n)
	}
	return nil
}

func (p *parquetReader) nextGroup() error {
	if err := p.close(); err != nil {
		return err
	}
	if len(p.groups) == 0 {
		return io.EOF
	}
	g := p.groups[0]
	p.groups = p.groups[1:]
	p.left = g.NumRows()
	chunks := g.ColumnChunks()
	for _, c := range p.cols {
		if c.leaf >= len(chunks) {
			return errors.New("read Parquet table: a row group lacks a column")
		}
		c.begin(chunks[c.leaf])
	}
	return nil
}

func (p *parquetReader) close() error {
	var errs []error
	for _, c := range p.cols {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

// take turns row i of the columns' values into cells.
func (p *parquetReader) take(i int) error {
	r := p.rows
	c := &r.cells
	r.clear()
	if p.layout.classes > 0 {
		if cap(c.probs) < p.layout.classes {
			c.probs = make([]float32, p.layout.classes)
		}
		c.probs = c.probs[:p.layout.classes]
	}
	empty := 0
	for _, col := range p.cols {
		if col.null(i) {
			switch col.column {
			case colProb:
				empty++
			case colSeq, colEpoch:
				return fmt.Errorf("column %s: the value is missing", col.column)
			}
			continue
		}
		if err := col.set(r, i); err != nil {
			return fmt.Errorf("column %s: %w", columnTitle(col.column, col.class), err)
		}
	}
	if empty > 0 {
		if empty < p.layout.classes {
			return fmt.Errorf("%d of %d probabilities are missing: give all, or none where there is no answer", empty, p.layout.classes)
		}
		c.probs = c.probs[:0]
	}
	return nil
}

// set takes the column's value of row i, which is not null.
func (p *parquetColumn) set(r *rows, i int) (err error) {
	c := &r.cells
	switch p.column {
	case colStream:
		c.stream = p.texts[i]
	case colLabel:
		c.name = p.texts[i]
	case colBreak:
		c.reason = p.texts[i]
	case colEpoch:
		c.epoch, err = p.fromZero(p.whole[i])
	case colSeq:
		c.seq, err = p.fromZero(p.whole[i])
	case colPTSMs, colPTSS:
		c.pts, err = finite(p.number(i))
	case colScore:
		c.score, err = finite(p.number(i))
	case colPrevLabelScore:
		c.prev, err = finite(p.number(i))
	case colChangeMax:
		c.changeMax, err = finite(p.number(i))
	case colLabelIndex:
		if !p.repeated {
			c.index, err = classNumber(p.whole[i])
			break
		}
		var list []int32
		for k := p.ends[i]; k < p.ends[i+1] && err == nil; k++ {
			var class int32
			class, err = classNumber(p.whole[k])
			list = append(list, class)
		}
		if err == nil {
			err = r.setClasses(list)
		}
	case colChange:
		c.change, err = classNumber(p.whole[i])
	case colPTSEstimated:
		c.ptsEstimated = p.whole[i] != 0
	case colRepeat:
		c.repeat = p.whole[i] != 0
	case colCut:
		c.cut = p.whole[i] != 0
	case colProb:
		var f float64
		f, err = finite(p.number(i))
		c.probs[p.class] = float32(f)
	case colTop5Index:
		for k := p.ends[i]; k < p.ends[i+1] && err == nil; k++ {
			var index int32
			index, err = classNumber(p.whole[k])
			c.topIndex = append(c.topIndex, index)
		}
	case colTop5Score:
		for k := p.ends[i]; k < p.ends[i+1]; k++ {
			c.topScore = append(c.topScore, p.number(k))
		}
	case colProbs:
		for k := p.ends[i]; k < p.ends[i+1]; k++ {
			c.probs = append(c.probs, float32(p.number(k)))
		}
	}
	return err
}

func (p *parquetColumn) fromZero(n int64) (uint64, error) {
	if n < 0 && !p.unsigned {
		return 0, fmt.Errorf("%d is not a whole number from 0", n)
	}
	return uint64(n), nil
}

func classNumber(n int64) (int32, error) {
	if n < 0 || n > math.MaxInt32 {
		return 0, fmt.Errorf("%d is not a whole number from 0 to %d", n, math.MaxInt32)
	}
	return int32(n), nil
}

func finite(f float64) (float64, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, fmt.Errorf("%v is not a number (where none is known, the value is null)", f)
	}
	return f, nil
}
