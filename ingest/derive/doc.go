// Package derive says how a decoded picture becomes the pictures that
// downstream asked for: sizes and offsets, colour matrices, luma, and a
// pure-Go way to make them for sources that don't use OpenCV.
//
// Sizes and offsets are those that the reference figures were made with:
// the shorter side is scaled to a whole number of pixels, the longer one
// rounded to the nearest, half up, and the crop's offset rounded down.
package derive
