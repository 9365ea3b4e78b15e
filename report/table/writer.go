package table

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// rowGroup is the number of rows of a Parquet row group: what a writer holds
// in memory, and what a reader has to read at once.
const rowGroup = 8192

// parquetBatch divides rowGroup.
const parquetBatch = 256

// Writer writes rows of one table: a struct with tags like those of Frame,
// whose fields are texts, truth values, int32, uint64, floats, pointers to
// these or lists of them. One goroutine uses it.
type Writer[T any] struct {
	write func(rows []T) error
	close func() error
	rows  int64
}

// NewWriter writes to w, which it does not close.
func NewWriter[T any](w io.Writer, format Format) (*Writer[T], error) {
	switch format {
	case Parquet:
		return newParquetWriter[T](w), nil
	case CSV:
		return newCSVWriter[T](w)
	case JSONL:
		return newJSONLWriter[T](w), nil
	default:
		return nil, fmt.Errorf("no table can be written as %q: use parquet, csv or jsonl", format)
	}
}

// Write appends rows. What they point to must not change before Close.
func (w *Writer[T]) Write(rows ...T) error {
	w.rows += int64(len(rows))
	return w.write(rows)
}

// Rows is the number of rows written so far.
func (w *Writer[T]) Rows() int64 { return w.rows }

// Close writes what is left. The table is valid only after it.
func (w *Writer[T]) Close() error { return w.close() }

func newParquetWriter[T any](w io.Writer) *Writer[T] {
	p := parquet.NewGenericWriter[T](w,
		parquet.MaxRowsPerRowGroup(rowGroup),
		parquet.Compression(&parquet.Zstd),
		parquet.CreatedBy("flipmeter", "", ""))
	// Rows are handed on so many at a time: one by one costs twice as much,
	// and where pages end must not depend on how the rows came.
	batch := make([]T, 0, parquetBatch)
	flush := func() error {
		// A write that ends a row group also writes the group out.
		_, err := p.Write(batch)
		clear(batch)
		batch = batch[:0]
		return err
	}
	return &Writer[T]{
		write: func(rows []T) error {
			for len(rows) > 0 {
				n := min(len(rows), parquetBatch-len(batch))
				batch, rows = append(batch, rows[:n]...), rows[n:]
				if len(batch) == parquetBatch {
					if err := flush(); err != nil {
						return err
					}
				}
			}
			return nil
		},
		close: func() error { return errors.Join(flush(), p.Close()) },
	}
}

func newCSVWriter[T any](w io.Writer) (*Writer[T], error) {
	cols := columnsOf[T]()
	c := csv.NewWriter(w)
	record := make([]string, len(cols))
	for i, col := range cols {
		record[i] = col.name
	}
	if err := c.Write(record); err != nil {
		return nil, err
	}
	return &Writer[T]{
		write: func(rows []T) error {
			for i := range rows {
				formatRow(&rows[i], cols, record)
				if err := c.Write(record); err != nil {
					return err
				}
			}
			return nil
		},
		close: func() error {
			c.Flush()
			return c.Error()
		},
	}, nil
}

func newJSONLWriter[T any](w io.Writer) *Writer[T] {
	b := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	return &Writer[T]{
		write: func(rows []T) error {
			for i := range rows {
				if err := enc.Encode(&rows[i]); err != nil {
					return err
				}
			}
			return nil
		},
		close: func() error { return b.Flush() },
	}
}
