//go:build cgo

package onnx

import (
	"errors"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// ignored tells from the kernel's own account whether a signal is ignored.
func ignored(t *testing.T, sig syscall.Signal) bool {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if mask, ok := strings.CutPrefix(line, "SigIgn:"); ok {
			mask = strings.TrimSpace(mask)
			digit := mask[len(mask)-1-(int(sig)-1)/4]
			return strings.IndexByte("0123456789abcdef", digit)>>((sig-1)%4)&1 == 1
		}
	}
	t.Fatal("no SigIgn in /proc/self/status")
	return false
}

func TestKeepSignalsPutsHandlersBack(t *testing.T) {
	defer signal.Reset(syscall.SIGUSR1)
	failed := errors.New("failed")
	err := keepSignals(func() error {
		signal.Ignore(syscall.SIGUSR1)
		if !ignored(t, syscall.SIGUSR1) {
			t.Error("the test does not change the handler")
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Error(err)
	}
	if ignored(t, syscall.SIGUSR1) {
		t.Error("the handler was not put back")
	}
}
