package labels

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// textReader reads tables with a separator (RFC 4180, with quotes) and plain
// lists of labels.
type textReader struct {
	lines  *lineReader
	comma  byte
	list   bool // one label a line: no separator, no quotes, no first line
	layout *layout
	rows   *rows

	cells  [][]byte // of the record
	joined []byte   // a record of several lines, or with quotes taken off
	blanks int64    // lines without anything that may be the file's end
	held   []byte   // the line behind them
}

// header reads the first line, which names the columns.
func (t *textReader) header() ([]string, error) {
	for {
		line, err := t.lines.next()
		if errors.Is(err, io.EOF) {
			return nil, errEmpty
		}
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if err := t.split(line); err != nil {
			return nil, err
		}
		names := make([]string, len(t.cells))
		for i, c := range t.cells {
			names[i] = string(bytes.TrimSpace(c))
		}
		return names, nil
	}
}

// read fills the batch; io.EOF when nothing is left.
func (t *textReader) read(b *Batch) error {
	for b.N < BatchRows {
		if t.blanks > 0 && t.held != nil {
			// Empty lines before another one are frames without a label.
			t.blanks--
			t.rows.clear()
			if err := t.commit(t.lines.line - t.blanks - 1); err != nil {
				return err
			}
			continue
		}
		line := t.held
		t.held = nil
		if line == nil {
			var err error
			if line, err = t.lines.next(); err != nil {
				return err
			}
			if len(bytes.TrimSpace(line)) == 0 {
				if len(t.layout.cols) == 1 {
					t.blanks++
				}
				continue
			}
			if t.blanks > 0 {
				t.held = line
				continue
			}
		}
		if err := t.row(line); err != nil {
			return atLine{t.lines.line, err}
		}
	}
	return nil
}

func (t *textReader) row(line []byte) error {
	if err := t.split(line); err != nil {
		return err
	}
	l := t.layout
	if len(t.cells) != len(l.cols) {
		return fmt.Errorf("%d cells, but the first line names %d columns", len(t.cells), len(l.cols))
	}
	r := t.rows
	r.clear()
	if l.classes > 0 {
		r.probs = r.probs[:0]
		for range l.classes {
			r.probs = append(r.probs, 0)
		}
	}
	empty := 0
	for i, c := range l.cols {
		if c == colNone {
			continue
		}
		if c == colProb && len(t.cells[i]) == 0 {
			empty++
			continue
		}
		if err := r.setText(c, l.class[i], t.cells[i]); err != nil {
			return fmt.Errorf("column %s: %w", columnTitle(c, l.class[i]), err)
		}
	}
	if empty > 0 {
		if empty < l.classes {
			return fmt.Errorf("%d of %d probabilities are missing: give all, or none where there is no answer", empty, l.classes)
		}
		r.probs = r.probs[:0]
	}
	return r.commit(t.lines.line)
}

func columnTitle(c column, class int) string {
	if c == colProb {
		return "p" + strconv.Itoa(class)
	}
	return c.String()
}

func (t *textReader) commit(line int64) error {
	if err := t.rows.commit(line); err != nil {
		return atLine{line, err}
	}
	return nil
}

// split cuts a record into its cells. A record with quotes may go on over
// several lines.
func (t *textReader) split(line []byte) error {
	t.cells = t.cells[:0]
	if t.list {
		t.cells = append(t.cells, bytes.TrimSpace(line))
		return nil
	}
	if bytes.IndexByte(line, '"') >= 0 {
		return t.splitQuoted(line)
	}
	for {
		i := bytes.IndexByte(line, t.comma)
		if i < 0 {
			t.cells = append(t.cells, line)
			return nil
		}
		t.cells = append(t.cells, line[:i])
		line = line[i+1:]
	}
}

// splitQuoted is split for records with quotes.
func (t *textReader) splitQuoted(line []byte) error {
	first := t.lines.line
	t.joined = append(t.joined[:0], line...)
	for bytes.Count(t.joined, []byte{'"'})%2 != 0 {
		more, err := t.lines.next()
		if err != nil || len(t.joined)+len(more) > maxLine {
			return fmt.Errorf("a quote that begins in line %d has no end", first)
		}
		t.joined = append(append(t.joined, '\n'), more...)
	}
	// Cells are unquoted in place: they only get shorter.
	rest := t.joined
	for {
		var cell []byte
		if len(rest) > 0 && rest[0] == '"' {
			var end int
			cell, end = unquote(rest)
			rest = rest[end:]
			if len(rest) > 0 && rest[0] != t.comma {
				return fmt.Errorf("%s follows a closing quote: quotes within a cell are doubled", quote(rest[:1]))
			}
		} else {
			end := bytes.IndexByte(rest, t.comma)
			if end < 0 {
				end = len(rest)
			}
			cell, rest = rest[:end], rest[end:]
			if bytes.IndexByte(cell, '"') >= 0 {
				return fmt.Errorf("a quote within the cell %s: put the whole cell in quotes, and double those within", quote(cell))
			}
		}
		t.cells = append(t.cells, cell)
		if len(rest) == 0 {
			return nil
		}
		rest = rest[1:]
	}
}

// unquote takes the quoted cell at the beginning of b apart: what it holds,
// and where it ends.
func unquote(b []byte) (cell []byte, end int) {
	out := b[:0]
	for i := 1; i < len(b); i++ {
		if b[i] == '"' {
			if i+1 < len(b) && b[i+1] == '"' {
				i++
			} else {
				return out, i + 1
			}
		}
		out = append(out, b[i])
	}
	return out, len(b)
}

// atLine is an error in a line of a text.
type atLine struct {
	line int64
	err  error
}

func (e atLine) Error() string { return e.err.Error() }
func (e atLine) Unwrap() error { return e.err }
