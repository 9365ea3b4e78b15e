// Package frame says what one decoded frame is: its place in its stream, the
// small pictures derived from it, and who owns their pixels.
//
// It does no decoding, no resizing and no I/O, and imports the standard
// library only, so that every other package may speak of frames.
//
// # Ownership
//
// A source fills a Frame that its caller passes in. The pixel buffers come
// from a [Pool]; the frame owns them until [Frame.Release] gives them back.
// Whoever wants to keep pixels beyond Release copies them, or takes a
// [Thumb], which is reference-counted.
package frame
