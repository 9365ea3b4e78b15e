package ingest

import (
	"math"
	"testing"
)

func TestCamerasOfThisMachineAreKnownByTheirAddress(t *testing.T) {
	for address, want := range map[string]bool{
		"camera:0": true, "/dev/video12": true, "/dev/v4l/by-id/usb-x-video-index0": true,
		"camera:": false, "camera:x": false, "/dev/video": false, "/dev/videox": false, "rtsp://x/camera:0": false, "film.mp4": false,
	} {
		if got := IsCamera(address); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

func TestCaptureIsChecked(t *testing.T) {
	for _, c := range []Capture{{}, {Width: 1280, Height: 720, FPS: 7.5, Format: "MJPG"}, {Format: "Y16 "}} {
		if err := c.Validate(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, c := range []Capture{{Width: 1}, {Height: 1}, {Width: -1, Height: -1}, {Width: 1 << 20, Height: 9}, {FPS: -1}, {FPS: math.NaN()}, {Format: "JPG"}, {Format: "a\x00bc"}} {
		if err := c.Validate(); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	for _, size := range []string{"1280", "1280x", "x720", "0x0", "-1x-1", "1280X720", "1280x720x3", "1e3x5"} {
		if c, err := ParseCapture(size, 0, ""); err == nil {
			t.Errorf("%s is taken for %+v", size, c)
		}
	}
	if c, err := ParseCapture("1280x720", 7.5, "MJPG"); err != nil || c != (Capture{1280, 720, 7.5, "MJPG"}) {
		t.Errorf("%+v, %v", c, err)
	}
}
