//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"slices"
	"strings"
	"testing"
)

// What the tests' own clips are coded in must be among what is found.
func TestLoadedLibraries(t *testing.T) {
	l := Loaded()
	if l.OpenCV == "" || !strings.Contains(l.FFmpeg, "libavcodec ") || !slices.Contains(l.Backends, "FFMPEG") {
		t.Errorf("%+v", l)
	}
	for _, want := range []string{"h264", "mjpeg", "mpeg4"} {
		if !slices.ContainsFunc(l.Codecs, func(c Codec) bool { return c.Name == want && c.Decodes }) {
			t.Errorf("no %s among %+v", want, l.Codecs)
		}
	}
	if n := hasDecoder("no such decoder"); n != 0 {
		t.Errorf("a decoder that nobody has: %d", n)
	}
}
