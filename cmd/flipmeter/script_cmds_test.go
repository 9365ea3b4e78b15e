package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// exitCodeIs runs flipmeter and checks its exit code and that what it says is
// one line: "exitcode 2 analyze --no-such-flag". Its standard error is then
// in the file stderr.
func exitCodeIs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode N arguments...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("flipmeter", args[1:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("flipmeter did not run: %v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	said := ts.ReadFile("stderr")
	ts.Check(os.WriteFile(ts.MkAbs("stderr"), []byte(said), 0o666))
	if bytes.Contains([]byte(said), []byte("goroutine ")) {
		ts.Fatalf("a stack trace was printed")
	}
}

// absentEverywhere fails if a text is in any file below a folder, or in the
// last command's output: "absent SECRET dir".
func absentEverywhere(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: absent text folder")
	}
	text := []byte(args[0])
	for _, name := range []string{"stdout", "stderr"} {
		if bytes.Contains([]byte(ts.ReadFile(name)), text) {
			ts.Fatalf("%q is in %s", text, name)
		}
	}
	err := filepath.WalkDir(ts.MkAbs(args[1]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && bytes.Contains(b, text) {
			ts.Fatalf("%q is in %s", text, path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		ts.Check(err)
	}
}
