//go:build !linux

package child

import "syscall"

// attributes of a child are the system's defaults here.
func attributes(Config) *syscall.SysProcAttr { return nil }

// standBack does nothing here.
func standBack(int) error { return nil }
