// Package container reads in a video file's headers what OpenCV's
// VideoCapture does not tell: the colour matrix and range, whether pictures
// are woven of two fields, whether the file is complete, and what a file is
// that can't be opened.
//
// It understands MP4 and QuickTime, Matroska and WebM, AVI, MPEG transport
// and program streams, GIF, and bare H.264, H.265 and MPEG-2 streams, as far
// as these facts need. Nothing here fails: what can't be read is unknown.
// Memory and work are bounded whatever the file claims.
package container
