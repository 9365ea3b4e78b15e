//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

/*
#include <stdlib.h>
#include "native.h"
*/
import "C"

import (
	"strings"
	"unsafe"

	cv "gocv.io/x/gocv"
)

// Loaded says which libraries decode, and what.
func Loaded() Libraries {
	opening.Lock()
	prepareLocked()
	opening.Unlock()
	l := Libraries{OpenCV: cv.OpenCVVersion()}
	if _, ffmpeg, ok := strings.Cut(decoderName(), ", FFmpeg "); ok {
		l.FFmpeg = ffmpeg
	}
	for _, b := range cv.VideoRegistry.GetBackends() {
		l.Backends = append(l.Backends, cv.VideoRegistry.GetBackendName(b))
	}
	for _, c := range commonCodecs {
		for _, d := range c.Decoders {
			switch hasDecoder(d) {
			case 1:
				c.Decodes = true
			case -1:
				return l
			}
		}
		l.Codecs = append(l.Codecs, c)
	}
	return l
}

// hasDecoder asks FFmpeg: 1 is yes, 0 no, -1 that there is nobody to ask.
func hasDecoder(name string) int {
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	return int(C.flipmeter_has_decoder(c))
}
