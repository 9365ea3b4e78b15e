// Package compare sets saved runs side by side: output folders that hold
// summary.json and the tables of frames and flips, made on the same frames by
// different models, preprocessings, accelerators or smoothers, or from two
// encodings of the same footage.
//
// It checks that the frames are the same, pairs them, measures by how much the
// runs differ with a paired bootstrap ([stability.PairedDelta]), and writes
// compare.json and compare.html. It reads what is saved and runs no model. A
// comparison that would mean nothing is refused with a [Refusal].
package compare
