// Package perturb changes pictures in ways that no person would notice, asks
// a classifier what it sees, and counts how often the answer changes: the
// experiments of Azulay & Weiss, "Why do deep convolutional networks
// generalize so poorly to small image transformations?" (JMLR 20(184), 2019),
// on any classifier and any pictures.
//
// It reads no file, opens no model and draws nothing: pictures come from a
// [Source], answers from an infer.Classifier, and results are plain records.
// What an experiment does to a picture depends on its settings, its seed and
// the picture's name only, so that the records are the same for any number of
// workers, in any order, in one go or in several ([Store]).
//
// Pictures are RGB, three bytes a pixel, rows without padding. A shift of
// (dx, dy) moves the content right and down.
package perturb
