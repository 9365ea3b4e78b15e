//go:build cgo && gocv_specific_modules && !race

package main

import "testing"

// TestNativeScripts runs what needs OpenCV, ONNX Runtime and what make setup
// fetches. It is left out under the race detector, which makes it ten times
// as slow; the tests of package app run the same code there.
func TestNativeScripts(t *testing.T) { runScripts(t, "testdata/native") }
