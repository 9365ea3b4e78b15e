package ingest

import "errors"

// Cause says why a source was lost, in a word that a metric can carry.
type Cause string

// The causes.
const (
	CauseNone    Cause = ""
	CauseOpen    Cause = "open"    // it could not be opened
	CauseTimeout Cause = "timeout" // it did not answer in time
	CauseLost    Cause = "lost"    // it ended without having said so
	CauseCrash   Cause = "crash"   // the decoding process died
	CauseHang    Cause = "hang"    // the decoding process stopped to answer
	CauseDecode  Cause = "decode"  // what it sent could not be used
	CauseSize    Cause = "size"    // its pictures changed their size, which takes a new decoder
	CauseLoop    Cause = "loop"    // a file begins again
)

// Causes lists all causes that a lost source can have.
func Causes() []Cause {
	return []Cause{CauseOpen, CauseTimeout, CauseLost, CauseCrash, CauseHang, CauseDecode, CauseSize, CauseLoop}
}

// ErrPermanent is wrapped by errors that no further attempt can end: a
// region beyond the picture, a build without OpenCV.
var ErrPermanent = errors.New("further attempts are of no use")

// WithCause marks an error with its cause. Nil stays nil, and CauseNone
// marks nothing.
func WithCause(cause Cause, err error) error {
	if err == nil || cause == CauseNone {
		return err
	}
	return &caused{cause, err}
}

// CauseOf is the cause that an error was marked with, or other.
func CauseOf(err error, other Cause) Cause {
	var c *caused
	if errors.As(err, &c) {
		return c.cause
	}
	return other
}

type caused struct {
	cause Cause
	err   error
}

func (c *caused) Error() string { return c.err.Error() }
func (c *caused) Unwrap() error { return c.err }
