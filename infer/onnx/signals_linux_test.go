//go:build cgo

package onnx

import (
	"errors"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
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

// takesOver does what CUDA's libraries do when they are loaded: a handler of
// its own, which knows nothing of Go's alternate stack.
const takesOver = `
#include <signal.h>
static void handler(int sig) { }
__attribute__((constructor)) static void takeOver(void) {
	struct sigaction sa = { .sa_handler = handler };
	sigaction(SIGINT, &sa, 0);
	sigaction(SIGURG, &sa, 0);
}
`

// Ctrl-C arrives after a library with handlers of its own was loaded.
func TestInterruptSurvivesALibraryWithHandlers(t *testing.T) {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	defer signal.Stop(interrupted)
	if err := keepSignals(func() error { return loadable(compile(t, takesOver)) }); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-interrupted:
	case <-time.After(20 * time.Second):
		t.Error("the interrupt did not arrive")
	}
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

// Two models are opened at a time, and the second while the first has replaced a
// handler: what that one left is nothing to put back.
func TestKeepSignalsForTwo(t *testing.T) {
	defer signal.Reset(syscall.SIGUSR1)
	inside, over, done := make(chan struct{}), make(chan struct{}), make(chan error)
	err := keepSignals(func() error {
		signal.Ignore(syscall.SIGUSR1)
		go func() {
			done <- keepSignals(func() error {
				close(inside)
				<-over
				return nil
			})
		}()
		<-inside
		return nil
	})
	if err != nil || ignored(t, syscall.SIGUSR1) {
		t.Errorf("the handler was not put back: %v", err)
	}
	close(over)
	if err := <-done; err != nil || ignored(t, syscall.SIGUSR1) {
		t.Errorf("the second put another one back: %v", err)
	}
}
