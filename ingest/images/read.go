package images

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFileBytes bounds the memory that a picture file can ask for.
const maxFileBytes = 1 << 30

// ReadFile decodes one picture file, turned as its metadata says.
func ReadFile(path string, codec Codec, into *Bitmap) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() == 0 || info.Size() > maxFileBytes || !info.Mode().IsRegular() {
		return fmt.Errorf("%d bytes is no picture file", info.Size())
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := ends(content); err != nil {
		return err
	}
	return codec.Decode(content, into)
}

// IsPicture says whether a file's name ends like that of a picture.
func IsPicture(name string) bool {
	return slices.Contains(extensions, strings.ToLower(filepath.Ext(name)))
}

// otherKinds are the endings of pictures that cameras and telephones write and
// nothing here reads.
var otherKinds = []string{".heic", ".heif", ".hif", ".avif", ".jxl", ".jp2", ".gif", ".psd", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".rw2", ".orf"}

// IsOtherPicture says whether a file's name ends like that of a picture of a
// kind that can't be read.
func IsOtherPicture(name string) bool {
	return slices.Contains(otherKinds, strings.ToLower(filepath.Ext(name)))
}

// Walk returns the pictures in a folder and in the folders within it: their
// paths from the folder, with slashes, in natural order. Hidden files and
// folders are left out; other is what was passed over because it is a picture
// of a kind that can't be read. It is an error that there are none.
func Walk(folder string) (names, other []string, err error) {
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != folder && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		case IsOtherPicture(d.Name()):
			other = append(other, d.Name())
			return nil
		case !IsPicture(d.Name()):
			return nil
		}
		// A pipe or a device would never end; a link that leads nowhere is
		// kept, to be counted as a picture that can't be read.
		if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
			return nil
		}
		rel, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		names = append(names, filepath.ToSlash(rel))
		return nil
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, errors.New("no such folder: check the path")
	case errors.Is(err, fs.ErrPermission):
		return nil, nil, errors.New("permission denied: make the folder and those in it readable for this user")
	case err != nil:
		return nil, nil, fmt.Errorf("list folder: %w", err)
	case len(names) == 0 && len(other) > 0:
		return nil, other, fmt.Errorf("no pictures that can be read in this folder: convert files like %s to JPEG or PNG", other[0])
	case len(names) == 0:
		return nil, nil, fmt.Errorf("no pictures in this folder: it needs files that end in %s", strings.Join(extensions, ", "))
	}
	slices.SortFunc(names, natural)
	return names, other, nil
}
