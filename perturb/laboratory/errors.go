package laboratory

import (
	"errors"
	"fmt"
)

// ErrInput is in every error about what the user gave or asked for, as
// opposed to what went wrong with it. Their texts don't hold its own.
var ErrInput = errors.New("wrong input")

// bad makes such an error.
func bad(format string, args ...any) error { return inputError{fmt.Errorf(format, args...)} }

type inputError struct{ error }

func (e inputError) Unwrap() error        { return e.error }
func (e inputError) Is(target error) bool { return target == ErrInput }
