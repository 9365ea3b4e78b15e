//go:build cgo && unix

package onnx

/*
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
	"unsafe"
)

// libraryVersion loads a library and asks for its version. It stays loaded
// where keep is true: ONNX Runtime's threads and its providers' must not lose
// the code under them.
func libraryVersion(path string, keep func(version string) bool) (string, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	handle := C.dlopen(name, C.RTLD_LAZY|C.RTLD_LOCAL)
	if handle == nil {
		return "", errors.New(C.GoString(C.dlerror()))
	}
	symbol := C.CString("OrtGetApiBase")
	defer C.free(unsafe.Pointer(symbol))
	fn := C.dlsym(handle, symbol)
	if fn == nil {
		C.dlclose(handle)
		return "", errors.New("it is no ONNX Runtime library")
	}
	text := C.flipmeterVersion(fn)
	if text == nil {
		C.dlclose(handle)
		return "", errors.New("it is no ONNX Runtime library")
	}
	version := C.GoString(text)
	if !keep(version) {
		C.dlclose(handle)
	}
	return version, nil
}

// keepSignals runs f and puts back the signal handlers that it found: the
// CUDA libraries install their own, without the alternate stack that Go
// needs, and the next Ctrl-C would crash the program.
func keepSignals(f func() error) error {
	const signals = 65
	saved := (*C.struct_sigaction)(C.calloc(signals, C.sizeof_struct_sigaction))
	defer C.free(unsafe.Pointer(saved))
	C.flipmeterSaveSignals(saved, signals)
	defer C.flipmeterRestoreSignals(saved, signals)
	return f()
}
