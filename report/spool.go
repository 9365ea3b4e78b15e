package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/flipmeter/flipmeter/report/table"
)

// RowsAhead is how many rows a run keeps in memory of streams whose turn in
// the tables has not come; what is beyond goes through files.
const RowsAhead = 1 << 16

// ordered writes the rows of several streams into one table, stream after
// stream in the order of their registration, whatever order they come in:
// the first stream that is still open writes directly, the others are kept
// in memory or in spool files until their turn comes.
type ordered[T table.Frame | table.Flip] struct {
	dir, name string
	file      *os.File
	buf       *bufio.Writer
	w         *table.Writer[T]

	mu    sync.Mutex
	lanes []*lane[T]
	head  int // the lane that writes directly
	kept  int // rows of all lanes
}

type lane[T table.Frame | table.Flip] struct {
	o      *ordered[T]
	index  int
	rows   []T // of whoever writes, not handed on yet
	batch  int // how many that may be
	closed bool
	kept   []T      // in memory, before those in the spool
	spool  *os.File // nil until too many rows come out of turn
	buf    *bufio.Writer
	enc    *json.Encoder
}

func newOrdered[T table.Frame | table.Flip](dir, name string, format table.Format) (*ordered[T], error) {
	o := &ordered[T]{dir: dir, name: name + "." + string(format)}
	var err error
	if o.file, err = os.Create(filepath.Join(dir, o.name)); err != nil {
		return nil, err
	}
	o.buf = bufio.NewWriterSize(o.file, 1<<16)
	if o.w, err = table.NewWriter[T](o.buf, format); err != nil {
		return nil, errors.Join(err, o.file.Close())
	}
	return o, nil
}

// lane registers the next stream.
func (o *ordered[T]) lane() *lane[T] {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(o.lanes)
	l := &lane[T]{o: o, index: n, batch: max(1, min(128, 4096/(n+1)))}
	o.lanes = append(o.lanes, l)
	return l
}

// write takes the lane's next row; what it points to must not change.
func (l *lane[T]) write(row T) error {
	l.rows = append(l.rows, row)
	if len(l.rows) < l.batch {
		return nil
	}
	l.o.mu.Lock()
	defer l.o.mu.Unlock()
	return l.hand()
}

// hand hands the rows on. The lock is held.
func (l *lane[T]) hand() error {
	rows := l.rows
	l.rows = l.rows[:0]
	defer clear(rows)
	if l.o.head == l.index {
		return l.o.w.Write(rows...)
	}
	if l.spool == nil && l.o.kept+len(rows) <= RowsAhead {
		l.o.kept += len(rows)
		l.kept = append(l.kept, rows...)
		return nil
	}
	for i := range rows {
		if err := l.spill(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// spill writes a row into the spool file.
func (l *lane[T]) spill(row *T) error {
	if l.spool == nil {
		f, err := os.Create(filepath.Join(l.o.dir, fmt.Sprintf("%s.spool%d", l.o.name, l.index)))
		if err != nil {
			return err
		}
		l.spool, l.buf = f, bufio.NewWriterSize(f, 1<<16)
		l.enc = json.NewEncoder(l.buf)
	}
	return l.enc.Encode(row)
}

// close ends the stream and lets the next ones write.
func (l *lane[T]) close() error {
	l.o.mu.Lock()
	defer l.o.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	if err := l.hand(); err != nil {
		return err
	}
	for l.o.head < len(l.o.lanes) && l.o.lanes[l.o.head].closed {
		l.o.head++
		if l.o.head < len(l.o.lanes) {
			if err := l.o.lanes[l.o.head].drain(); err != nil {
				return err
			}
		}
	}
	return nil
}

// drain moves the rows that waited into the table and removes the spool.
func (l *lane[T]) drain() error {
	l.o.kept -= len(l.kept)
	err := l.o.w.Write(l.kept...)
	l.kept = nil
	if err != nil {
		return err
	}
	if l.spool == nil {
		return nil
	}
	f := l.spool
	l.spool, l.enc = nil, nil
	err = l.buf.Flush()
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	dec := json.NewDecoder(bufio.NewReaderSize(f, 1<<16))
	for err == nil {
		var row T
		if err = dec.Decode(&row); err == nil {
			err = l.o.w.Write(row)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// close finishes the table; every lane must be closed.
func (o *ordered[T]) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	err := o.w.Close()
	if err == nil {
		err = o.buf.Flush()
	}
	err = errors.Join(err, o.file.Close())
	o.file = nil
	return err
}

// abort closes the files without finishing them.
func (o *ordered[T]) abort() {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.file != nil {
		_ = o.file.Close()
		o.file = nil
	}
	for _, l := range o.lanes {
		if l.spool != nil {
			_ = l.spool.Close()
			l.spool = nil
		}
	}
}
