package gocv

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/flipmeter/flipmeter/ingest"
)

// findDevice is the number of a camera of this machine.
func findDevice(address string) (int, error) {
	if n, ok := ingest.CameraNumber(address); ok {
		return n, nil
	}
	path, err := filepath.EvalSymlinks(address)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("no such camera: %s", camerasIn("/dev"))
	}
	if err != nil {
		return 0, err
	}
	n, ok := ingest.CameraNumber(path)
	if !ok {
		return 0, fmt.Errorf("it leads to %s, which is no /dev/video0 or the like", path)
	}
	return n, nil
}

// notCapturing is what a look at a device gives that sends no pictures; other
// numbers are errnos.
const notCapturing = -1

// cameraTrouble says what is the matter with /dev/videoN, given what an attempt
// to open it gave and what kept OpenCV from its pictures: errnos, or 0. It is nil
// if neither says anything. Folder is /dev.
func cameraTrouble(n int, tried int, failed syscall.Errno, folder string) error {
	path := "/dev/video" + strconv.Itoa(n)
	switch e := syscall.Errno(max(tried, 0)); {
	case failed == syscall.ENODEV:
		return fmt.Errorf("%s is gone: unplugged, or without power", path)
	case tried == notCapturing:
		return fmt.Errorf("%s gives no pictures: a camera has further devices for other things, try another: %s", path, camerasIn(folder))
	case e == syscall.ENOENT, e == syscall.ENXIO, e == syscall.ENODEV:
		return fmt.Errorf("no such camera: %s", camerasIn(folder))
	case e == syscall.EACCES:
		return fmt.Errorf("this user may not open %s: add it to the group video, and start flipmeter anew", path)
	case e == syscall.EPERM:
		return fmt.Errorf("the system lets this process open no %s: allow the device (DeviceAllow= of a systemd unit, --device of a container)", path)
	case e == syscall.EBUSY, tried == 0 && failed == syscall.EBUSY:
		return fmt.Errorf("%s is used by another program: end it (fuser -v %s names it)", path, path)
	case tried != 0:
		return fmt.Errorf("open %s: %w", path, e)
	case failed == syscall.ENOSPC:
		return fmt.Errorf("the USB bus has no room for the pictures of %s: plug it in elsewhere than other cameras, or ask for less (capture)", path)
	case failed != 0:
		return fmt.Errorf("the driver of %s fails: %w", path, failed)
	}
	return nil
}

// camerasIn says which devices there are in a folder.
func camerasIn(folder string) string {
	found, err := filepath.Glob(filepath.Join(folder, "video[0-9]*"))
	if err != nil || len(found) == 0 {
		return "there is none: plug one in, or pass it on to the container"
	}
	for i, path := range found {
		found[i] = "/dev/" + filepath.Base(path)
	}
	if len(found) == 1 {
		return "there is " + found[0]
	}
	return "there are " + strings.Join(found, ", ")
}
