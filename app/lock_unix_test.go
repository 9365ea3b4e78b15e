//go:build unix

package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Two programs that follow cameras each need a folder, and the second one says
// which key names it.
func TestDataFolderOfAnotherRun(t *testing.T) {
	dir := t.TempDir()
	data, config := filepath.Join(dir, "data"), filepath.Join(dir, "w.yaml")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	unlock, err := lockFolder(data, "watch.data")
	if err != nil {
		t.Fatal(err)
	}
	text := "watch: {data: " + data + ", web: {listen: \"\"}, nats: {url: \"\"}}\ncameras: [{name: a, url: \"synth:square\"}]\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	err = Watch(t.Context(), WatchOptions{Config: config, Home: dir}, Streams{})
	if !errors.Is(err, errInUse) || !strings.Contains(err.Error(), data+" is in use by another run (choose another folder with watch.data)") {
		t.Error(err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
}
