package laboratory

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flipmeter/flipmeter/perturb/boxes"
)

// readBoxes reads annotations: files, and folders of them.
func readBoxes(paths []string) (*boxes.Set, error) {
	var files []string
	for _, path := range paths {
		st, err := os.Stat(path)
		if err != nil {
			return nil, bad("--boxes: open %s: %w", path, errors.Unwrap(err))
		}
		if !st.IsDir() {
			files = append(files, path)
			continue
		}
		n := len(files)
		err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			ext := strings.ToLower(filepath.Ext(name))
			if err == nil && d.Type().IsRegular() && slices.Contains([]string{".xml", ".json", ".csv"}, ext) {
				files = append(files, name)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read boxes: %w", err)
		}
		if len(files) == n {
			return nil, bad("--boxes: %s holds no annotations: they end in .xml, .json or .csv", path)
		}
	}
	var set boxes.Set
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read boxes: %w", err)
		}
		if err := set.Read(name, data); err != nil {
			return nil, bad("--boxes: %w", err)
		}
	}
	return &set, nil
}
