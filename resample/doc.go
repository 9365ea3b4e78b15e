// Package resample holds resize functions of other libraries, exactly: the
// same picture can be "bag" or "clothes" by the resize function alone, so a
// result can only be compared with another program's when its pixels are
// that program's pixels.
//
// [Area] is OpenCV's INTER_AREA for pictures that become smaller, bit by
// bit, but computes only the region that a crop keeps; it is the default
// filter of the built-in models and made to be fast. [ShortSideSize] and
// [CentreCrop] are the sizes and offsets that go with it. [Lookup] finds the
// functions of TensorFlow, PyTorch and Pillow by name ([Names]): Pillow's
// exactly, the others' within a thousandth of a grey level.
//
// Pictures are 8-bit and interleaved, rows from top to bottom. Everything is
// pure: no goroutines, no package state, standard library only.
package resample
