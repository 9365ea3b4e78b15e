package report

import (
	"bufio"
	"errors"
	"io"
	"os"
)

// writeFile creates a file with what write writes, and reports a full disk
// even where only closing the file reveals it.
func writeFile(name string, write func(io.Writer) error) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := bufio.NewWriterSize(f, 1<<16)
	if err := write(b); err != nil {
		return err
	}
	return b.Flush()
}
