// Package alerts judges measures: conditions that a finished run must not
// meet, and rules over the windows of a live stream with their state
// machine (Engine). Ledger decides what of that people are told, and keeps
// silences.
//
// It is pure: no clock, no goroutine, no logger. Times are arguments,
// results are values.
package alerts
