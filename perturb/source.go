package perturb

import (
	"context"
	"fmt"

	"github.com/flipmeter/flipmeter/frame"
)

// Source is the pictures of an experiment.
type Source interface {
	Len() int
	// Name of a picture, unique among them: it decides what is random.
	Name(i int) string
	// Class is the picture's true class, −1 where that is not known.
	Class(i int) int32
	// Load decodes a picture into RGB. It is called by one goroutine at a
	// time; the pixels stay the callee's until its next call. An error is
	// about this picture: it is left out and counted.
	Load(ctx context.Context, i int) (frame.Picture, error)
}

// LeftOut is a picture, or a part of one, that could not take part, and why.
type LeftOut struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// leaveOut is an error that leaves a picture out.
type leaveOut struct{ why string }

func (e *leaveOut) Error() string { return e.why }

func skip(format string, args ...any) error { return &leaveOut{fmt.Sprintf(format, args...)} }
