// Package assettest finds what make setup fetched, for tests. A missing part
// fails the test: a suite that skips what it can't run is green for nothing.
package assettest

import (
	"os"
	"path/filepath"
	"testing"
)

// Home is the folder that make setup fills: FLIPMETER_HOME, or .flipmeter
// beside the go.mod above the test.
func Home(tb testing.TB) string {
	tb.Helper()
	if home := os.Getenv("FLIPMETER_HOME"); home != "" {
		return home
	}
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, ".flipmeter")
		}
		if dir == filepath.Dir(dir) {
			tb.Fatal("no go.mod above the test's folder")
		}
	}
}

// Path is a file or folder in Home that must be there.
func Path(tb testing.TB, parts ...string) string {
	tb.Helper()
	path := filepath.Join(append([]string{Home(tb)}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		tb.Fatalf("%v: run make setup", err)
	}
	return path
}
