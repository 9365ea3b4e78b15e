package app

import "github.com/flipmeter/flipmeter/ingest/gocv"

// decoderName names the decoding libraries with their versions, "none" in a
// build without them.
func decoderName() string {
	l := gocv.Loaded()
	switch {
	case l.OpenCV == "":
		return "none"
	case l.FFmpeg == "": // a plugin, which is loaded with the first file
		return "OpenCV " + l.OpenCV
	}
	return "OpenCV " + l.OpenCV + ", FFmpeg " + l.FFmpeg
}
