//go:build cgo && gocv_specific_modules && gocv_videoio

// Command providers measures how fast the zoo's networks run with every provider
// of ONNX Runtime that this machine has, beside OpenVINO's own benchmark on
// the same file, and how much of the bare network's speed a whole analysis
// keeps.
//
// A process can hold one ONNX Runtime library, so each provider runs in a
// process of its own, which waits while the others are measured. Everything
// is measured in rounds, one after the other within a round; the table shows
// medians over the rounds, and medians of the rounds' ratios.
package main
