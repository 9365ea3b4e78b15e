//go:build cgo && gocv_specific_modules && gocv_videoio

package gocv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

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

// explainFailure says why a file could not be opened.
func explainFailure(abs string, err error) error {
	return fmt.Errorf("%w: it is no video, or of a kind that this OpenCV can't decode: check it with ffprobe", err)
}
