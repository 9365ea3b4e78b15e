//go:build unix

package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockFolder makes sure that one run at a time writes into a folder. The lock
// goes with the process, however that ends; unlock removes its file, too.
func lockFolder(dir string) (unlock func() error, err error) {
	path := filepath.Join(dir, ".lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NONBLOCK, 0o666)
	if err != nil {
		return nil, fmt.Errorf("write into output folder (choose another with --out): %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		err = errors.Join(err, f.Close())
		return nil, fmt.Errorf("%s is in use by another run (choose another folder with --out): %w", dir, err)
	}
	return func() error { return errors.Join(os.Remove(path), f.Close()) }, nil
}
