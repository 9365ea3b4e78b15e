//go:build cgo && unix

package onnx

/*
#cgo CFLAGS: -D_GNU_SOURCE
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

// The head of onnxruntime_c_api.h's OrtApiBase, which has not changed since
// the first release: all that can be asked of a library of any version.
typedef struct {
	const void *(*GetApi)(uint32_t version);
	const char *(*GetVersionString)(void);
} flipmeterApiBase;

// Returns the version of an ONNX Runtime library, or NULL if fn is not its
// OrtGetApiBase.
static const char *flipmeterVersion(void *fn) {
	const flipmeterApiBase *base = ((const flipmeterApiBase *(*)(void))fn)();
	return base ? base->GetVersionString() : NULL;
}

// Returns the path of the file that holds a function, or NULL.
static const char *flipmeterFileOf(void *fn) {
	Dl_info info;
	return dladdr(fn, &info) ? info.dli_fname : NULL;
}

static void flipmeterSaveSignals(struct sigaction *into, int n) {
	for (int i = 1; i < n; i++) sigaction(i, NULL, &into[i]);
}

static void flipmeterRestoreSignals(const struct sigaction *from, int n) {
	for (int i = 1; i < n; i++) {
		if (i != SIGKILL && i != SIGSTOP) sigaction(i, &from[i], NULL);
	}
}
*/
import "C"

import (
	"errors"
	"runtime"
	"sync"
	"unsafe"
)

// libraryVersion loads a library and asks for its version and where it lies.
// It stays loaded where keep is true: ONNX Runtime's threads and its
// providers' must not lose the code under them.
func libraryVersion(path string, keep func(version string) bool) (version, file string, err error) {
	runtime.LockOSThread() // dlerror tells of the thread's own last failure
	defer runtime.UnlockOSThread()
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	handle := C.dlopen(name, C.RTLD_LAZY|C.RTLD_LOCAL)
	if handle == nil {
		return "", "", errors.New(C.GoString(C.dlerror()))
	}
	symbol := C.CString("OrtGetApiBase")
	defer C.free(unsafe.Pointer(symbol))
	fn := C.dlsym(handle, symbol)
	if fn == nil {
		C.dlclose(handle)
		return "", "", errors.New("it is no ONNX Runtime library")
	}
	text := C.flipmeterVersion(fn)
	if text == nil {
		C.dlclose(handle)
		return "", "", errors.New("it is no ONNX Runtime library")
	}
	version, file = C.GoString(text), path
	if at := C.flipmeterFileOf(fn); at != nil {
		file = C.GoString(at)
	}
	if !keep(version) {
		C.dlclose(handle)
	}
	return version, file, nil
}

// loadable tells whether the system's loader finds a library. What it found
// stays loaded: it is a part of a provider that is about to be used, and
// NVIDIA's libraries don't like to be unloaded.
func loadable(name string) error {
	runtime.LockOSThread() // for dlerror
	defer runtime.UnlockOSThread()
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	if C.dlopen(c, C.RTLD_LAZY|C.RTLD_LOCAL) == nil {
		return errors.New(C.GoString(C.dlerror()))
	}
	return nil
}

// keepSignals runs f and puts back how signals were handled before, for what
// providers' libraries do to it:
//
//   - CUDA's install handlers of their own, without the alternate stack that
//     Go needs, and the next Ctrl-C would crash the program.
//   - OpenVINO's plugin gives the thread that loads it an alternate signal
//     stack, for AMX's large frames, and frees that stack when the last session
//     is closed, on whatever thread. The first thread would be left with a
//     stack that is gone, and the next signal, such as the runtime's own
//     for preemption, would end the process without a word. Go's stack is large
//     enough for AMX.
func keepSignals(f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var stack C.stack_t
	C.sigaltstack(nil, &stack)
	env.handlers.enter()
	defer func() {
		C.sigaltstack(&stack, nil)
		env.handlers.leave()
	}()
	return f()
}

// handlers are those of the process's signals while somebody may replace them.
// Several may at a time, as models are opened beside one another: what the
// first one found counts for all.
type handlers struct {
	mu    sync.Mutex
	under int // how many do
	saved *C.struct_sigaction
}

// signals is one more than the largest number of a signal.
const signals = 65

func (h *handlers) enter() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.under++; h.under == 1 {
		h.saved = (*C.struct_sigaction)(C.calloc(signals, C.sizeof_struct_sigaction))
		C.flipmeterSaveSignals(h.saved, signals)
	}
}

// leave puts them back, though others may still be under way: it does again
// when they leave.
func (h *handlers) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	C.flipmeterRestoreSignals(h.saved, signals)
	if h.under--; h.under == 0 {
		C.free(unsafe.Pointer(h.saved))
		h.saved = nil
	}
}
