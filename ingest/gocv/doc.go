// Package gocv decodes video files with OpenCV and makes the pictures that
// downstream wants, on OpenCV's own frame, so that only small buffers are
// copied.
//
// It is one of two packages that use cgo, and is built with
//
//	-tags gocv_specific_modules,gocv_videoio
//
// Without them, or without cgo, Open returns an error that says so.
//
// # Order of work
//
// A decoded picture is first masked, then deinterlaced, then cut to the
// region of interest; nothing else ever sees more. Then it is compared with
// the picture before (Frame.Repeat), and the wanted pictures are derived.
//
// # Time
//
// PTS is what the container says, from its first frame on; [Config.Start]
// does not move zero. OpenCV tells the time of the last frames of a file
// with B-frames as 0: there the last interval is added and PTSEstimated set.
// A time that goes back elsewhere is a Break "time". Seq counts the frames
// that are delivered: those that a stride leaves out don't count.
//
// # What OpenCV does to pictures
//
// OpenCV up to 4.10 converts every stream with the BT.601 matrix; the small
// pictures are corrected afterwards (package derive). Rotation in the
// container's metadata is applied. Pictures of odd width or height lose
// their last column or row (OpenCV 4.6). Ten-bit video becomes eight-bit.
// Packets that can't be decoded are passed over by FFmpeg without a word;
// they show only as a longer interval. A stream whose picture size changes
// on its way keeps the first size with OpenCV 4.6 and 4.10 (pictures that
// grow are cut, pictures that shrink stand still); where OpenCV does tell,
// it is a Break "size".
//
// # Trust
//
// A file can't make FFmpeg open anything else: only the file protocol is
// allowed, and only container formats that hold their own frames (no
// playlists).
//
// # Process-wide settings
//
// Before the first open, FFmpeg's and OpenCV's messages are switched off
// unless OPENCV_FFMPEG_LOGLEVEL or OPENCV_LOG_LEVEL is set, and OpenCV is
// told to use one thread for its own operations; decoding uses as many as
// FFmpeg likes. OPENCV_FFMPEG_CAPTURE_OPTIONS is set at every open.
package gocv
