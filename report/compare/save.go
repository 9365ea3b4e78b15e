package compare

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Names of the files that Save writes.
const (
	JSONName = "compare.json"
	HTMLName = "compare.html"
)

// Save writes compare.json and compare.html into dir, which is made if it is
// not there. Each file is put in place when it is whole.
func (r *Result) Save(dir string, info PageInfo) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("create output folder (choose another with --out): %w", err)
	}
	err := errors.Join(
		save(filepath.Join(dir, HTMLName), func(w io.Writer) error { return r.WriteHTML(w, info) }),
		save(filepath.Join(dir, JSONName), r.WriteJSON))
	if err != nil {
		return fmt.Errorf("write the comparison to %s: %w", dir, err)
	}
	return nil
}

func save(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".partial-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	b := bufio.NewWriter(f)
	if err := write(b); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(b.Flush(), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
