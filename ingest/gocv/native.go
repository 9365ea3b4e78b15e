//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

/*
#cgo pkg-config: opencv4
#cgo CXXFLAGS: -std=c++11
#cgo LDFLAGS: -ldl
#include <stdlib.h>
#include "native.h"
*/
import "C"

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
	"unsafe"

	cv "gocv.io/x/gocv"
)

// opening guards what OpenCV keeps for the whole process and reads while it
// opens a stream: the environment and the one-time settings.
var opening struct {
	sync.Mutex
	prepared bool
}

// prepareLocked makes the one-time settings. The lock must be held.
func prepareLocked() {
	if opening.prepared {
		return
	}
	C.flipmeter_silence()
	cv.SetNumThreads(1)
	opening.prepared = true
}

// setCaptureOptionsLocked sets FFmpeg's options for the next open. The lock
// must be held until it is done.
func setCaptureOptionsLocked(options string) {
	c := C.CString(options)
	defer C.free(unsafe.Pointer(c))
	C.flipmeter_capture_options(c)
}

// decoderRef is a decoder of FFmpeg's that OpenCV opened: nil, or good for as
// long as that is open.
type decoderRef unsafe.Pointer

// promptlyLocked opens something whose decoder holds no frame back for the sake
// of its threads, and leaves out everything but keyframes if told so. It returns
// the decoder, nil where none heeded that. The lock must be held.
func promptlyLocked(keyframes bool, open func()) decoderRef {
	var only C.int
	if keyframes {
		only = 1
	}
	C.flipmeter_stream_begin(only)
	open()
	var opened unsafe.Pointer
	if C.flipmeter_stream_end(&opened) == 0 {
		return nil
	}
	return decoderRef(opened)
}

// skipToKeyframe leaves out what comes before the next keyframe of the stream
// whose decoder was opened last, and what the decoder holds; where none comes
// within patience, it goes on with what there is. It says whether it can.
func skipToKeyframe(d decoderRef, patience time.Duration) bool {
	return C.flipmeter_skip(unsafe.Pointer(d), C.int(patience.Milliseconds())) != 0
}

// refreshesAll says whether a packet of H.264 is a keyframe for all that follow.
func refreshesAll(packet []byte) bool {
	return C.flipmeter_refreshes_all((*C.uchar)(unsafe.SliceData(packet)), C.int(len(packet))) != 0
}

// keyframes counts those that were read of that stream.
func keyframes() int { return int(C.flipmeter_keys()) }

// jumps counts how often something was left out so, and lostPatience how often no
// keyframe came in time.
func jumps() int        { return int(C.flipmeter_jumps()) }
func lostPatience() int { return int(C.flipmeter_lost_patience()) }

// waits counts the packets that this process had to wait for so far. It is meant
// for one that reads a single stream.
func waits() int { return int(C.flipmeter_waits()) }

// listenLocked makes otherSize and damages know what is decoded from now on. There
// is one answer for the whole process: it is meant for one that decodes a
// single stream. The lock must be held.
func listenLocked() { C.flipmeter_listen() }

// damages counts what went wrong in decoding: OpenCV leaves out a frame that
// is beyond repair, or passes on what is left of it, and says nothing.
func damages() uint { return uint(C.flipmeter_damages()) }

// lastDamage is what the last of them said.
func lastDamage() string {
	text := C.flipmeter_last_damage()
	defer C.free(unsafe.Pointer(text))
	return strings.TrimSpace(C.GoString(text))
}

// otherSize says that the pictures that are decoded have no longer the size
// of the first. OpenCV (4.6 with FFmpeg 5) goes on to give pictures of the
// old size then: the last one again and again, or the new one's rows over
// the old one's.
func otherSize(width, height int) bool {
	return C.flipmeter_other_size(C.int(width), C.int(height)) != 0
}

// decoderName names the decoding libraries that are loaded: "OpenCV 4.6.0,
// FFmpeg 5.1.9 (libavcodec 59.37.100, …)".
func decoderName() string {
	name := "OpenCV " + cv.OpenCVVersion()
	var libs []string
	for _, lib := range []string{"avcodec", "avformat", "avutil", "swscale"} {
		f := C.CString(lib + "_version")
		v := uint(C.flipmeter_ffmpeg_version(f))
		C.free(unsafe.Pointer(f))
		if v != 0 {
			libs = append(libs, fmt.Sprintf("lib%s %d.%d.%d", lib, v>>16, v>>8&0xff, v&0xff))
		}
	}
	if len(libs) == 0 {
		// FFmpeg is not linked but loaded as OpenCV's plugin: what OpenCV
		// was built with is all that can be told.
		info := C.flipmeter_build_information()
		defer C.free(unsafe.Pointer(info))
		libs = librariesOf(C.GoString(info))
	}
	if len(libs) == 0 {
		return name
	}
	release := "FFmpeg"
	if r := C.flipmeter_ffmpeg_release(); r != nil {
		release += " " + C.GoString(r)
	}
	return name + ", " + release + " (" + strings.Join(libs, ", ") + ")"
}

var libraryLine = regexp.MustCompile(`(?m)^\s*(avcodec|avformat|avutil|swscale):\s+YES \(([0-9.]+)\)`)

// librariesOf finds FFmpeg's libraries in OpenCV's build information.
func librariesOf(buildInformation string) []string {
	var libs []string
	for _, m := range libraryLine.FindAllStringSubmatch(buildInformation, -1) {
		libs = append(libs, "lib"+m[1]+" "+m[2])
	}
	return libs
}
