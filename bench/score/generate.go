package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// row is what a file holds of a frame: its number, its time and its label,
// as a table of flipmeter's own does.
type row struct {
	Seq   uint64   `parquet:"seq"`
	PTSMs *float64 `parquet:"pts_ms,optional"`
	Label *string  `parquet:"label,optional,dict"`
}

// script decides labels: one of twenty, held for up to two seconds, now and
// then for one to three frames only.
type script struct {
	rng   *rand.Rand
	label int
	left  int
}

func (s *script) next() int {
	if s.left == 0 {
		s.label, s.left = s.rng.IntN(20), 1+s.rng.IntN(60)
		if s.rng.IntN(4) == 0 {
			s.left = 1 + s.rng.IntN(3)
		}
	}
	s.left--
	return s.label
}

func names() []string {
	var n []string
	for i := range 20 {
		n = append(n, fmt.Sprintf("label number %d", i))
	}
	return n
}

// generate writes a file of so many labels under its name once it is whole.
func generate(path, format string, rows int) (err error) {
	f, err := os.Create(path + ".partial")
	if err != nil {
		return err
	}
	defer func() {
		if err == nil {
			err = os.Rename(f.Name(), path)
		} else {
			_ = os.Remove(f.Name())
		}
	}()
	defer f.Close()
	s := &script{rng: rand.New(rand.NewPCG(5, 6))}
	w := bufio.NewWriterSize(f, 1<<20)
	switch format {
	case "parquet":
		err = writeParquet(w, s, rows)
	case "csv":
		err = writeCSV(w, s, rows)
	default:
		err = fmt.Errorf("no file is made in the format %q: parquet or csv", format)
	}
	if err != nil {
		return err
	}
	return w.Flush()
}

func writeParquet(w io.Writer, s *script, rows int) error {
	p := parquet.NewGenericWriter[row](w, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(1<<17))
	labels := names()
	part := make([]row, 4096)
	times := make([]float64, len(part))
	for at := 0; at < rows; at += len(part) {
		part = part[:min(len(part), rows-at)]
		for i := range part {
			times[i] = float64(at+i) * 1000 / 30
			part[i] = row{Seq: uint64(at + i), PTSMs: &times[i], Label: &labels[s.next()]}
		}
		if _, err := p.Write(part); err != nil {
			return err
		}
	}
	return p.Close()
}

func writeCSV(w io.Writer, s *script, rows int) error {
	if _, err := io.WriteString(w, "seq,pts_ms,label\n"); err != nil {
		return err
	}
	labels := names()
	var line []byte
	for i := range rows {
		line = strconv.AppendInt(line[:0], int64(i), 10)
		line = append(line, ',')
		line = strconv.AppendFloat(line, float64(i)*1000/30, 'f', 3, 64)
		line = append(line, ',')
		line = append(line, labels[s.next()]...)
		line = append(line, '\n')
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}
