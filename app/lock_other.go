//go:build !unix

package app

import "errors"

// errInUse is never met here.
var errInUse = errors.New("in use by another run")

// lockFolder does nothing where files can't be locked the way of Unix.
func lockFolder(_, _ string) (unlock func() error, err error) {
	return func() error { return nil }, nil
}

// lock does nothing either.
func lock(string) (unlock func() error, err error) { return func() error { return nil }, nil }
