// Package ingest turns a source that may fail into a steady, bounded,
// ordered sequence of frames.
//
// Sources are dumb: they open, read and close. What to do about a failure,
// how many frames may wait, and which are skipped is decided here, once for
// all of them. Pictures are decoded in ingest/gocv, read from folders in
// ingest/images, and made up in ingest/synth.
package ingest
