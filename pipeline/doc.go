// Package pipeline moves one stream's frames through the stages: decode,
// classify, compare with the frame before, decide cuts, track, and hand the
// events to recorders and listeners.
//
// Decoding, classification and everything after it overlap; several frames
// of a stream are classified at once, and an ordered window hands their
// results on in the stream's order, whatever order they finish in. The
// result of a run depends on the frames only, not on timing or on the number
// of sessions.
//
// It does not open anything (app does) and knows no file format but that of
// its own journal, which makes a run resumable.
package pipeline
