package images

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flipmeter/flipmeter/ingest"
)

// extensions are those of files that count as pictures.
var extensions = []string{".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}

// list returns the names of the pictures in a folder, in natural order.
func list(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("no such folder: check the path")
	case errors.Is(err, fs.ErrPermission):
		return nil, errors.New("permission denied: make the folder readable for this user")
	case err != nil:
		return nil, fmt.Errorf("list folder: %w", err)
	}
	var names []string
	for _, e := range entries {
		ext := strings.ToLower(filepath.Ext(e.Name()))
		if strings.HasPrefix(e.Name(), ".") || !slices.Contains(extensions, ext) {
			continue
		}
		// A pipe or a device would never end; a link that leads nowhere is
		// kept, to be counted as a picture that can't be read.
		if st, err := os.Stat(filepath.Join(folder, e.Name())); err == nil && !st.Mode().IsRegular() {
			continue
		}
		names = append(names, e.Name())
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no pictures in this folder: it needs files that end in %s", strings.Join(extensions, ", "))
	}
	slices.SortFunc(names, natural)
	return names, nil
}

// startDigest hashes the files of a folder: their names, sizes and contents,
// in their order.
func startDigest(ctx context.Context, folder string, names []string) *ingest.Digest {
	return ingest.StartDigest(ctx, func(ctx context.Context, h hash.Hash) error {
		for _, name := range names {
			path := filepath.Join(folder, name)
			info, err := os.Stat(path)
			if err != nil {
				return fmt.Errorf("hash folder: %w", err)
			}
			// Lengths keep two folders apart whose bytes run together alike.
			fmt.Fprintf(h, "%d %s %d\n", len(name), name, info.Size())
			if err := ingest.HashFile(ctx, h, path); err != nil {
				return err
			}
		}
		return nil
	})
}
