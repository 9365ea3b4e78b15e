package onnx

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func touch(t *testing.T, dir string, names ...string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCandidatesInOrder(t *testing.T) {
	home := t.TempDir()
	lib := touch(t, filepath.Join(home, "lib"), "libonnxruntime.so.1.9.0", "libonnxruntime.so.1.10.0", "libonnxruntime.so", "libopencv.so")
	other := touch(t, filepath.Join(home, "other"), "libonnxruntime.so.1.32.0")
	empty := touch(t, filepath.Join(home, "empty"))
	file := filepath.Join(other, "libonnxruntime.so.1.32.0")
	inHome := []string{filepath.Join(lib, "libonnxruntime.so"), filepath.Join(lib, "libonnxruntime.so.1.10.0"), filepath.Join(lib, "libonnxruntime.so.1.9.0")}
	for name, c := range map[string]struct {
		cfg  Config
		env  map[string]string
		want []string
		err  string
	}{
		"given file":            {cfg: Config{LibraryPath: file, Home: home}, env: map[string]string{libraryEnv: "/nowhere"}, want: []string{file}},
		"given folder":          {cfg: Config{LibraryPath: other}, want: []string{file}},
		"environment":           {cfg: Config{Home: home}, env: map[string]string{libraryEnv: file}, want: []string{file}},
		"home":                  {cfg: Config{Home: home}, want: append(slices.Clone(inHome), systemNames...)},
		"home by environment":   {env: map[string]string{"FLIPMETER_HOME": home}, want: append(slices.Clone(inHome), systemNames...)},
		"nothing but system":    {env: map[string]string{"HOME": empty}, want: systemNames},
		"given, not there":      {cfg: Config{LibraryPath: "/nowhere/lib.so", Home: home}, err: "the given library is /nowhere/lib.so: no such file"},
		"environment, no there": {cfg: Config{Home: home}, env: map[string]string{libraryEnv: "/nowhere/lib.so"}, err: libraryEnv + " is /nowhere/lib.so: no such file"},
		"folder without":        {cfg: Config{LibraryPath: empty}, err: "holds no libonnxruntime.so"},
	} {
		got, err := candidates(c.cfg, func(k string) string { return c.env[k] })
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %q", name, err, c.err)
			}
			continue
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
}

func TestCheckVersion(t *testing.T) {
	for version, ok := range map[string]bool{"1.24.0": true, "1.24.1": true, "1.32.0": true, "1.100.0": true, "1.23.2": false, "1.9.1": false, "2.0.0": false, "0.30.0": false, "": false, "x.y": false} {
		err := checkVersion("/lib/x.so", version)
		if (err == nil) != ok {
			t.Errorf("%q: %v", version, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "/lib/x.so is version "+version) || !strings.Contains(err.Error(), "needs 1.24")) {
			t.Errorf("%q: both versions must be named: %v", version, err)
		}
	}
}

func TestNoLibrarySaysWhatToDo(t *testing.T) {
	err := noLibrary(Config{Home: "/home/x/.flipmeter"}, os.Getenv)
	if !errors.Is(err, ErrNoLibrary) || !strings.Contains(err.Error(), "/home/x/.flipmeter/lib") || !strings.Contains(err.Error(), "make setup") {
		t.Error(err)
	}
}
