//go:build !cgo || !unix

package onnx

import (
	"context"
	"errors"
	"time"

	"github.com/flipmeter/flipmeter/infer"
)

// ErrNotBuilt is what Load returns in a program built without cgo.
var ErrNotBuilt = errors.New("this flipmeter was built without ONNX Runtime: rebuild it with CGO_ENABLED=1 and a C compiler, or use `flipmeter score` on labels")

// Runtime is the loaded ONNX Runtime library; here there is none.
type Runtime struct{}

// Load always fails.
func Load(Config) (*Runtime, error) { return nil, ErrNotBuilt }

// Open always fails.
func (*Runtime) Open(context.Context, ModelConfig) (infer.Classifier, error) {
	return nil, ErrNotBuilt
}

// OpenBare always fails.
func (*Runtime) OpenBare(ModelConfig, int, int) (*Bare, error) { return nil, ErrNotBuilt }

// Version is empty.
func (*Runtime) Version() string { return "" }

// Library is empty.
func (*Runtime) Library() string { return "" }

// Survey is empty.
func (*Runtime) Survey() []Offer { return nil }

// Offers is empty.
func (*Runtime) Offers() []Offer { return nil }

// Close does nothing.
func (*Runtime) Close() error { return nil }

// Bare is a network without anything around it; here there is none.
type Bare struct{}

// Run always fails.
func (*Bare) Run(context.Context, int) (time.Duration, error) { return 0, ErrNotBuilt }

// Close does nothing.
func (*Bare) Close() error { return nil }
