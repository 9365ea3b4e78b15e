package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// minMinor is the API version that the binding asks for: ONNX Runtime 1.24
// and later have it.
const minMinor = 24

// libraryEnv names the library where the caller does not.
const libraryEnv = "ONNXRUNTIME_SHARED_LIBRARY_PATH"

// ErrNoLibrary is what Load returns where no ONNX Runtime library is found.
var ErrNoLibrary = errors.New("no ONNX Runtime library found")

// candidates are the libraries to try, in this order; the first that exists
// is used, unless a later one has the accelerator that is wanted. Names
// without a folder are left to the system's loader.
func candidates(cfg Config, getenv func(string) string) (paths []string, err error) {
	for _, given := range []struct{ what, path string }{
		{"the given library", cfg.LibraryPath}, {libraryEnv, getenv(libraryEnv)},
	} {
		if given.path == "" {
			continue
		}
		st, err := os.Stat(given.path)
		if err != nil {
			return nil, fmt.Errorf("load ONNX Runtime: %s is %s: %w", given.what, given.path, reason(err))
		}
		if !st.IsDir() {
			return []string{given.path}, nil
		}
		if paths := libraries(given.path); len(paths) > 0 {
			return paths[:1], nil
		}
		return nil, fmt.Errorf("load ONNX Runtime: %s is the folder %s, which holds no libonnxruntime.so", given.what, given.path)
	}
	for _, folder := range folders(cfg.Accelerator) {
		paths = append(paths, libraries(filepath.Join(home(cfg, getenv), "lib", folder))...)
	}
	return append(paths, systemNames...), nil
}

// folders are where under lib the library for an accelerator is looked for:
// each package of ONNX Runtime has one of its own, as its providers fit no
// other, and the plain one lies in lib itself.
func folders(a Accelerator) []string {
	switch a {
	case OpenVINO:
		return []string{"openvino", "", "cuda"}
	case CUDA, TensorRT:
		return []string{"cuda", "", "openvino"}
	default:
		return []string{"", "openvino", "cuda"}
	}
}

// systemNames are what ONNX Runtime's library is called by those who package
// it.
var systemNames = []string{"libonnxruntime.so", "libonnxruntime.so.1", "libonnxruntime.dylib", "onnxruntime.so"}

func home(cfg Config, getenv func(string) string) string {
	if cfg.Home != "" {
		return cfg.Home
	}
	if dir := getenv("FLIPMETER_HOME"); dir != "" {
		return dir
	}
	return filepath.Join(getenv("HOME"), ".local", "share", "flipmeter")
}

// libraries are the ONNX Runtime libraries in a folder: the plain name
// first, then the newest version.
func libraries(dir string) []string {
	var found []string
	for _, pattern := range []string{"libonnxruntime.so*", "libonnxruntime*.dylib"} {
		list, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			continue // a folder whose name is a bad pattern holds nothing for us
		}
		slices.SortFunc(list, func(a, b string) int {
			if len(a) != len(b) && (len(filepath.Base(a)) == len("libonnxruntime.so") || len(filepath.Base(b)) == len("libonnxruntime.so")) {
				return len(a) - len(b)
			}
			return compareVersions(b, a)
		})
		found = append(found, list...)
	}
	return found
}

// compareVersions compares dotted numbers behind any prefix, 1.9 before 1.10.
func compareVersions(a, b string) int {
	as, bs := strings.Split(filepath.Base(a), "."), strings.Split(filepath.Base(b), ".")
	return slices.CompareFunc(as, bs, func(x, y string) int {
		nx, errX := strconv.Atoi(x)
		ny, errY := strconv.Atoi(y)
		if errX != nil || errY != nil {
			return strings.Compare(x, y)
		}
		return nx - ny
	})
}

// checkVersion refuses a library that the binding can't use.
func checkVersion(path, version string) error {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(minor)
	if err != nil || major != "1" || n < minMinor {
		return fmt.Errorf("load ONNX Runtime: %s is version %s, flipmeter needs 1.%d or a later 1.x: run `make setup`, or let %s name a newer one", path, version, minMinor, libraryEnv)
	}
	return nil
}

// noLibrary says where was looked and what to do.
func noLibrary(cfg Config, getenv func(string) string) error {
	return fmt.Errorf("%w in %s or by the system's loader: run `make setup`, or let %s name a libonnxruntime.so of version 1.%d or later",
		ErrNoLibrary, filepath.Join(home(cfg, getenv), "lib"), libraryEnv, minMinor)
}
