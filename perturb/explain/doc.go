// Package explain looks a second time at the frames around flips, and around
// pairs of frames without one: does the label survive a shift by one pixel,
// and another resize function?
//
// A [Recorder] remembers the pairs of a stream while it is measured; what it
// chooses is then looked at in a second reading of the same source. Which
// source that is, and how the answer is shown, is not its business.
package explain
