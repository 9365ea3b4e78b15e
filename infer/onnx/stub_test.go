//go:build !cgo || !unix

package onnx

import (
	"context"
	"errors"
	"testing"
)

func TestStubSaysWhatToDo(t *testing.T) {
	rt, err := Load(Config{})
	if rt != nil || !errors.Is(err, ErrNotBuilt) {
		t.Errorf("load: %v, %v", rt, err)
	}
	var none *Runtime
	if _, err := none.Open(context.Background(), ModelConfig{}); !errors.Is(err, ErrNotBuilt) {
		t.Errorf("open: %v", err)
	}
	if err := none.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
