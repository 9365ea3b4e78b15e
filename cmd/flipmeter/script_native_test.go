//go:build cgo && gocv_specific_modules

package main

import "testing"

// TestNativeScripts runs what needs OpenCV, ONNX Runtime and what make setup
// fetches.
func TestNativeScripts(t *testing.T) { runScripts(t, "testdata/native") }
