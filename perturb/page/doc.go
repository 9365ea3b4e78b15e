// Package page turns the records of experiments into a page to look at: one
// HTML file that refers to nothing outside of itself, with the protocol and
// the intervals beside every figure, and the paper's own values in grey where
// there are some. The same figures are there to be written as files.
//
// Nothing in a page depends on when or where it was made, so that equal
// records give equal bytes.
package page
