package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flipmeter/flipmeter/ingest"
)

func TestCaptureIsForCamerasOfThisMachine(t *testing.T) {
	load := func(text string) (*Config, error) {
		path := filepath.Join(t.TempDir(), "flipmeter.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return Load(path)
	}
	c, err := load(`cameras:
  - {name: a, url: "camera:0", capture: {size: 1280x720, fps: 30, format: MJPG}}
  - {name: b, url: /dev/v4l/by-id/x, capture: {fps: 15}}
  - {name: c, url: "rtsp://host/x"}
`)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []ingest.Capture{{Width: 1280, Height: 720, FPS: 30, Format: "MJPG"}, {FPS: 15}, {}} {
		if got, err := c.Cameras[i].Settings.Capture.Asked(); err != nil || got != want {
			t.Errorf("camera %d: %+v, %v", i, got, err)
		}
	}
	for text, want := range map[string]string{
		`{name: a, url: "camera:0", capture: {size: 720p}}`:       "cameras[0].capture.size: must be as 1280x720",
		`{name: a, url: "camera:0", capture: {format: JPEG2}}`:    "cameras[0].capture.format: must be four characters",
		`{name: a, url: "camera:0", capture: {fps: -1}}`:          "cameras[0].capture.fps: must be",
		`{name: a, url: "camera:0", capture: {fourcc: MJPG}}`:     "cameras[0].capture.fourcc: unknown",
		`{name: a, url: "rtsp://host/x", capture: {size: 64x48}}`: "cameras[0].capture: is for cameras of this machine",
		`{name: a, url: "/dev/null", capture: {format: "MJPG"}}`:  "cameras[0].capture: is for cameras of this machine",
	} {
		if _, err := load("cameras:\n  - " + text + "\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
