// Package images reads a folder of pictures as a stream: in the order in
// which a person would number them (2.jpg before 10.jpg), a fixed number a
// second. Folders within are not entered, hidden files are left out.
//
// JPEG, PNG, BMP, TIFF and WebP files are read by what the caller gives as
// [Codec]: OpenCV's, from ingest/gocv, or [PureGo] where there is none. The
// two may differ by a few grey levels in JPEG and WebP files, which is why
// the codec's name is part of Info.Decoder. Both turn JPEG pictures the way
// that their EXIF orientation says; transparency is ignored.
//
// A picture that can't be read is a lost frame: the next one is a Break
// "gap", and Info.Notes counts them.
package images
