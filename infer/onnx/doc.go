// Package onnx runs ONNX image classifiers with ONNX Runtime.
//
// [Load] loads the native library, [Runtime.Open] makes an
// [infer.Classifier] of a model file. What a file says about itself is read
// here, not by ONNX Runtime: what it wants and emits, its metadata, and
// whether it reaches for files outside its folder, which is refused before
// any native code sees it.
//
// The package needs cgo. Built without it, Load returns an error that says
// so; everything else in the module works.
package onnx
