//go:build cgo && unix

package onnx

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// compile makes a shared library. The compiler is the one that cgo needs.
func compile(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	src := writeFile(t, filepath.Join(dir, "x.c"), []byte(source))
	lib := filepath.Join(dir, "libonnxruntime.so")
	cc, err := exec.Command("go", "env", "CC").Output()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(strings.TrimSpace(string(cc)), "-shared", "-fPIC", "-o", lib, src).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return lib
}

const oldLibrary = `
#include <stddef.h>
#include <stdint.h>
static const void *api(uint32_t v) { return NULL; }
static const char *version(void) { return "1.17.3"; }
static const struct { const void *(*a)(uint32_t); const char *(*v)(void); } base = {api, version};
const void *OrtGetApiBase(void) { return &base; }
`

func TestLoadRefuses(t *testing.T) {
	t.Setenv(libraryEnv, "")
	for name, c := range map[string]struct {
		path string
		want string
	}{
		"too old":         {compile(t, oldLibrary), "is version 1.17.3, flipmeter needs 1.24"},
		"another library": {compile(t, "int x;"), "it is no ONNX Runtime library"},
		"broken base":     {compile(t, "#include <stddef.h>\nvoid *OrtGetApiBase(void) { return NULL; }"), "it is no ONNX Runtime library"},
		"no library":      {writeFile(t, filepath.Join(t.TempDir(), "libonnxruntime.so"), []byte("text")), "load ONNX Runtime: /"},
	} {
		for _, how := range []Config{{LibraryPath: c.path}, {LibraryPath: filepath.Dir(c.path)}} {
			rt, err := Load(how)
			if err == nil {
				t.Errorf("%s: no error", name)
				_ = rt.Close()
				continue
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || strings.Count(err.Error(), c.path) != 1 {
				t.Errorf("%s: %v, want %q and the path once", name, err, c.want)
			}
		}
	}
}

func TestLoadWithoutAnyLibrary(t *testing.T) {
	t.Setenv(libraryEnv, "")
	found, _ := firstLibrary(systemNames) // for every program of this system
	installed := found.path
	rt, err := Load(Config{Home: t.TempDir()})
	if installed == "" {
		if !errors.Is(err, ErrNoLibrary) {
			t.Error(err)
		}
		return
	}
	if err == nil {
		err = rt.Close()
	}
	if errors.Is(err, ErrNoLibrary) {
		t.Errorf("%s was not found: %v", installed, err)
	}
}
