//go:build unix

package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// errInUse is returned by lock for a folder that another process has.
var errInUse = errors.New("in use by another run")

// lockFolder makes sure that one run at a time writes into a folder. By is what
// chooses another one, for the error.
func lockFolder(dir, by string) (unlock func() error, err error) {
	unlock, err = lock(dir)
	switch {
	case errors.Is(err, errInUse):
		return nil, fmt.Errorf("%s is %w (choose another folder with %s)", dir, errInUse, by)
	case err != nil:
		return nil, fmt.Errorf("write into the folder (choose another with %s): %w", by, err)
	}
	return unlock, nil
}

// lock takes a folder for this process. The lock goes with the process,
// however that ends; unlock removes its file, too.
func lock(dir string) (unlock func() error, err error) {
	path := filepath.Join(dir, ".lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NONBLOCK, 0o666)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("%w: %w", errInUse, errors.Join(err, f.Close()))
	}
	return func() error { return errors.Join(os.Remove(path), f.Close()) }, nil
}
