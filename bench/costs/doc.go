//go:build cgo && gocv_specific_modules && gocv_videoio

// Command costs measures what a frame costs in processor time, stage by
// stage: decoding, converting to RGB and making the pictures that are looked
// at, by resolution; and classifying. docs/sizing.md calculates with it.
//
// Processor time, not time on the clock, is what it measures: that of all
// threads together, so that other work on the machine disturbs it little.
package main
