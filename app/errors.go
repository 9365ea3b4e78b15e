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

// wrongConfig is an ErrUsage about what a configuration says. Its text goes into
// logs, too, and names the place without more ado.
type wrongConfig struct{ error }

func (e wrongConfig) Unwrap() error        { return e.error }
func (e wrongConfig) Is(target error) bool { return target == ErrUsage }

// Error leaves out what those say that options of commands share.
func (e wrongConfig) Error() string {
	return strings.ReplaceAll(e.error.Error(), ErrUsage.Error()+": ", "")
}

// ofConfig is err as one about the configuration, if it is the user's.
func ofConfig(err error) error {
	if errors.Is(err, ErrUsage) {
		return wrongConfig{err}
	}
	return err
}

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
