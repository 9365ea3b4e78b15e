//go:build cgo && gocv_specific_modules && gocv_videoio

// Command bench measures how fast flipmeter analyses a clip, beside what its
// parts cost by themselves and beside the loop that a user would write.
//
// Everything is measured in rounds, one after the other within a round, so
// that a machine that gets slower slows all of them; the table shows medians
// over the rounds and ratios between the medians of each pair. Nothing here
// passes or fails: the figures are for people.
package main
