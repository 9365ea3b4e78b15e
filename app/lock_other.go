//go:build !unix

package app

// lockFolder does nothing where files can't be locked the way of Unix.
func lockFolder(string) (unlock func() error, err error) {
	return func() error { return nil }, nil
}
