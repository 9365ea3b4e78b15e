package labels

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds a line: a vector of 65,536 probabilities fits.
const maxLine = 4 << 20

// lineReader cuts a text into lines.
type lineReader struct {
	src    io.Reader
	buf    []byte
	lo, hi int
	err    error // of src; told when the buffer is used up
	line   int64 // number of the newest line
	read   int64 // bytes taken from src
}

func newLineReader(src io.Reader) *lineReader {
	return &lineReader{src: src, buf: make([]byte, 256<<10)}
}

// next is the next line without its end (\n or \r\n), valid until the call
// after; io.EOF after the last.
func (l *lineReader) next() ([]byte, error) {
	from := l.lo
	for {
		if i := bytes.IndexByte(l.buf[from:l.hi], '\n'); i >= 0 {
			line := l.buf[l.lo : from+i]
			l.lo = from + i + 1
			l.line++
			return trimReturn(line), nil
		}
		if l.err != nil {
			if l.lo == l.hi || !errors.Is(l.err, io.EOF) {
				return nil, l.err
			}
			line := l.buf[l.lo:l.hi]
			l.lo = l.hi
			l.line++
			return trimReturn(line), nil
		}
		from = l.hi - l.lo
		if from > maxLine {
			return nil, fmt.Errorf("the line after line %d is longer than %d bytes: is that a text file?", l.line, maxLine)
		}
		l.fill()
		from += l.lo
	}
}

// fill reads on, behind what is left.
func (l *lineReader) fill() {
	l.hi = copy(l.buf, l.buf[l.lo:l.hi])
	l.lo = 0
	if l.hi == len(l.buf) {
		l.buf = append(l.buf, make([]byte, len(l.buf))...)
	}
	const tries = 100
	for range tries {
		n, err := l.src.Read(l.buf[l.hi:])
		l.hi += n
		l.read += int64(n)
		if l.err = err; n > 0 || err != nil {
			return
		}
	}
	l.err = io.ErrNoProgress
}

func trimReturn(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// peekLine shows what comes next without taking it: up to the end of the
// first line that isn't empty, or 64 KB.
func (l *lineReader) peekLine() []byte {
	const most = 64 << 10
	for {
		seen := l.buf[l.lo:l.hi]
		if len(seen) >= most {
			return seen[:most]
		}
		if l.err != nil || bytes.IndexByte(bytes.TrimLeft(seen, " \t\r\n"), '\n') >= 0 {
			return seen
		}
		l.fill()
	}
}

func (l *lineReader) skip(n int) { l.lo += n }
