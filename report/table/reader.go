package table

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
)

// Reader reads rows of one table. Columns are found by name, in any order;
// a missing one gives nulls (or zero values where the column can't be null),
// one that is not of the schema is passed over. One goroutine uses it.
type Reader[T Frame | Flip] struct {
	read    func(rows []T) (int, error)
	close   func() error
	columns []string
}

// NewReader reads the size bytes of r, which it does not close. Comma is the
// separator of CSV, 0 for a comma.
func NewReader[T Frame | Flip](r io.ReaderAt, size int64, as Format, comma rune) (*Reader[T], error) {
	switch as {
	case Parquet:
		return newParquetReader[T](r, size)
	case CSV:
		return newCSVReader[T](io.NewSectionReader(r, 0, size), comma)
	case JSONL:
		return newJSONLReader[T](io.NewSectionReader(r, 0, size)), nil
	default:
		return nil, fmt.Errorf("no table can be read as %q: use parquet, csv or jsonl", as)
	}
}

// Read fills rows and says how many it filled; io.EOF comes with the last
// ones or after them. Rows are the caller's.
func (r *Reader[T]) Read(rows []T) (int, error) {
	clear(rows)
	return r.read(rows)
}

// Has reports whether the table has a column of the schema. Lines of JSON
// say so only line by line: there it is true for every column.
func (r *Reader[T]) Has(column string) bool {
	return r.columns == nil || slices.Contains(r.columns, column)
}

// Close frees what the reader holds.
func (r *Reader[T]) Close() error { return r.close() }

func newCSVReader[T Frame | Flip](src io.Reader, comma rune) (*Reader[T], error) {
	b := bufio.NewReader(src)
	if bom, _ := b.Peek(3); bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		_, _ = b.Discard(3)
	}
	c := csv.NewReader(b)
	c.ReuseRecord = true
	if comma != 0 {
		c.Comma = comma
	}
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the table is empty: its first line must name the columns")
	}
	if err != nil {
		return nil, fmt.Errorf("read the table's first line: %w", err)
	}
	r := &Reader[T]{columns: slices.Clone(header), close: func() error { return nil }}
	field := make([]int, len(header)) // of T for each column; -1 unknown
	for i, name := range header {
		field[i] = slices.IndexFunc(columnsOf[T](), func(c column) bool { return c.name == name })
	}
	r.read = func(rows []T) (int, error) {
		for n := range rows {
			record, err := c.Read()
			if err != nil {
				return n, err
			}
			v := reflect.ValueOf(&rows[n]).Elem()
			for i, f := range field {
				if f < 0 {
					continue
				}
				if err := parseCell(v.Field(f), record[i]); err != nil {
					line, _ := c.FieldPos(i)
					return n, fmt.Errorf("line %d, column %s: %w", line, r.columns[i], err)
				}
			}
		}
		return len(rows), nil
	}
	return r, nil
}

func newJSONLReader[T Frame | Flip](src io.Reader) *Reader[T] {
	dec := json.NewDecoder(bufio.NewReader(src))
	line := 0
	return &Reader[T]{
		close: func() error { return nil },
		read: func(rows []T) (int, error) {
			for n := range rows {
				line++
				if err := dec.Decode(&rows[n]); errors.Is(err, io.EOF) {
					return n, io.EOF
				} else if err != nil {
					return n, fmt.Errorf("row %d: %w", line, err)
				}
			}
			return len(rows), nil
		},
	}
}
