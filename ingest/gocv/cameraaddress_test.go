package gocv

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flipmeter/flipmeter/ingest"
)

func TestCameraTroubleSaysWhatToDo(t *testing.T) {
	empty, some := t.TempDir(), t.TempDir()
	for _, name := range []string{"video2", "video10", "vcs", "video-x"} {
		if err := os.WriteFile(filepath.Join(some, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		tried  int
		failed syscall.Errno
		folder string
		want   string
	}{
		{0, 0, some, ""},
		{int(syscall.ENOENT), 0, empty, "no such camera: there is none: plug one in"},
		{int(syscall.ENOENT), 0, some, "no such camera: there are /dev/video10, /dev/video2"},
		{int(syscall.ENOENT), syscall.ENODEV, some, "/dev/video0 is gone"},
		{0, syscall.ENODEV, some, "/dev/video0 is gone"},
		{int(syscall.EACCES), 0, some, "group video"},
		{int(syscall.EPERM), 0, some, "DeviceAllow="},
		{int(syscall.EBUSY), 0, some, "used by another program"},
		{0, syscall.EBUSY, some, "used by another program"},
		{0, syscall.ENOSPC, some, "the USB bus has no room"},
		{0, syscall.EIO, some, "the driver of /dev/video0 fails: input/output error"},
		{int(syscall.EMFILE), 0, some, "open /dev/video0: too many open files"},
		{notCapturing, 0, some, "gives no pictures"},
	} {
		err := cameraTrouble(0, c.tried, c.failed, c.folder)
		if got := ""; err != nil {
			got = err.Error()
			if c.want == "" || !strings.Contains(got, c.want) || strings.Contains(got, "\n") {
				t.Errorf("%d, %v: %q, want %q", c.tried, c.failed, got, c.want)
			}
		} else if c.want != got {
			t.Errorf("%d, %v: nothing, want %q", c.tried, c.failed, c.want)
		}
	}
}

func TestCamerasAreFound(t *testing.T) {
	if n, err := findDevice("/dev/video7"); n != 7 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	link := filepath.Join(t.TempDir(), "usb-video-index0")
	if err := os.Symlink("/dev/null", link); err != nil {
		t.Fatal(err)
	}
	if _, err := findDevice(link); err == nil || !strings.Contains(err.Error(), "it leads to /dev/null") {
		t.Errorf("%v", err)
	}
	if _, err := findDevice("/dev/v4l/by-id/none-such"); err == nil || !strings.Contains(err.Error(), "no such camera") {
		t.Errorf("%v", err)
	}
}

func TestCaptureIsForCameras(t *testing.T) {
	for _, cfg := range []LiveConfig{
		{Address: "rtsp://host/x", Capture: ingest.Capture{FPS: 5}},
		{Address: "camera:0", Capture: ingest.Capture{FPS: -5}},
	} {
		if err := cfg.validate(); err == nil || strings.Contains(err.Error(), "BUG") {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}
