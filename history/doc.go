// Package history keeps what live cameras measured: windows, flips and
// alerts of the last days, in plain files, one a camera and day, bounded by
// age and total size. It answers questions about hours and weeks as means
// over steps of time.
//
// It keeps neither frames nor pictures, and judges nothing.
package history
