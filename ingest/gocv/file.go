//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/container"
)

// address says whether a path is a URL, and what it is without credentials.
// A file may be called like one, so what exists is a file.
func address(path string) (clean string, ok bool) {
	if !strings.Contains(path, "://") {
		return "", false
	}
	if _, err := os.Stat(path); err == nil {
		return "", false
	}
	return ingest.RedactURL(path), true
}

// checkFile says what keeps a path from being a video file, as far as the
// file system knows, and returns its absolute form.
func checkFile(path string) (abs string, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("open %s: no such file: check the path", path)
	case errors.Is(err, fs.ErrPermission):
		return "", fmt.Errorf("open %s: permission denied: make it readable for this user", path)
	case err != nil:
		return "", fmt.Errorf("open %s: %w", path, err)
	case info.IsDir():
		return "", fmt.Errorf("open %s: this is a folder, not a video file", path)
	case info.Mode().IsRegular() && info.Size() == 0:
		return "", fmt.Errorf("open %s: the file is empty: copy or record it again", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open %s: not readable: make it readable for this user", path)
	}
	if err := f.Close(); err != nil {
		return "", fmt.Errorf("open %s: %w", path, err)
	}
	if abs, err = filepath.Abs(path); err != nil {
		return "", fmt.Errorf("open %s: %w", path, err)
	}
	return abs, nil
}

// explainFailure says why a file could not be opened, and what to do.
func explainFailure(f container.Facts, err error) error {
	switch {
	case f.Kind == container.KindPlaylist:
		return errors.New("it is a playlist, not a video: name the video file itself")
	case f.Kind == container.KindPicture:
		return errors.New("it is a single picture, not a video: name the folder that holds the pictures")
	case f.Kind != container.KindUnknown:
		return fmt.Errorf("it is %s, not a video, whatever its name says: name a video file", f.Kind)
	case f.CutOff != "":
		return fmt.Errorf("the file is cut off, %s: copy it again, or let the recording finish", f.CutOff)
	case f.HasVideo == container.No && f.HasAudio == container.Yes:
		return errors.New("it holds sound but no video: name a file with a video track")
	case f.HasVideo == container.No:
		return errors.New("it holds no video track: name a file with one")
	case f.HasVideo == container.Yes:
		return fmt.Errorf("%w: its video (%s) is of a kind that the FFmpeg in this OpenCV can't decode: convert it with ffmpeg", err, f.Codec)
	}
	return fmt.Errorf("%w: it is no video, or of a kind that is not supported: check it with ffprobe", err)
}
