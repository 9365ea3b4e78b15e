package app

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"unicode"
)

// Sentinels that decide the exit code.
var (
	// ErrUsage is a wrong argument or configuration.
	ErrUsage = errors.New("usage")
	// ErrThreshold means that the work was done and a --fail-on condition
	// or a rules test failed.
	ErrThreshold = errors.New("threshold failed")
	// ErrInterrupted means that the user stopped the work; what there was
	// is written.
	ErrInterrupted = errors.New("interrupted")
	// ErrSaid wraps an error that the user has been told about already.
	ErrSaid = errors.New("already reported")
)

// Streams are the standard streams of a command.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// said marks err as told to the user.
func said(err error) error { return saidError{err} }

type saidError struct{ error }

func (e saidError) Unwrap() error        { return e.error }
func (e saidError) Is(target error) bool { return target == ErrSaid }

// hint adds what to do to errors of the operating system that don't say it,
// and puts several errors on one line.
func hint(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w (free some space, or choose another disk with --out)", oneLine{err})
	}
	return oneLine{err}
}

// oneLine is an error whose text has no line breaks, and nothing else that a
// terminal would obey: file names may hold anything.
type oneLine struct{ error }

func (e oneLine) Unwrap() error { return e.error }
func (e oneLine) Error() string {
	return printable(strings.ReplaceAll(e.error.Error(), "\n", "; "))
}

// printable replaces what controls a terminal or its direction of writing.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsGraphic(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
