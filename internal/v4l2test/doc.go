// Package v4l2test is a camera of this machine for tests: a library that a
// process loads before all others answers what it asks of one /dev/videoN, and
// a test says what that camera shows and what becomes of it. No driver is
// loaded and no right is needed. It is no hardware: what a real driver does
// otherwise, it can't show.
package v4l2test
