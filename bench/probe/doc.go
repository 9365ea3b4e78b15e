//go:build cgo && gocv_specific_modules && gocv_videoio

// Command probe measures how much of the bare session's speed is left in a
// sweep of package perturb, for every kind of background: the work on the
// pictures should hide behind inference.
package main
