package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/flipmeter/flipmeter/app"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run this very program as a real process, with a
// real exit code, under the name flipmeter.
//
// With FLIPMETER_TEST_MAIN set the test binary is flipmeter itself, for tests
// that measure a process.
func TestMain(m *testing.M) {
	if os.Getenv("FLIPMETER_TEST_MAIN") != "" {
		os.Exit(run(os.Args[1:], app.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}
	testscript.Main(m, map[string]func(){
		"flipmeter": func() {
			os.Exit(run(os.Args[1:], app.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
		},
	})
}

// TestScripts runs what works in every build.
func TestScripts(t *testing.T) { runScripts(t, "testdata/script") }

func runScripts(t *testing.T, dir string) {
	t.Helper()
	home := os.Getenv("FLIPMETER_HOME")
	if home == "" {
		var err error
		if home, err = filepath.Abs("../../.flipmeter"); err != nil {
			t.Fatal(err)
		}
	}
	docs := docsFolder(t)
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("ASSETS", home)
			env.Setenv("FLIPMETER_HOME", home)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exitcode": exitCodeIs,
			"absent":   absentEverywhere,
			"hub":      startHub,
			// Of the pages below docs.
			"docblock":  docBlock(docs),
			"cilines":   ciLines,
			"toplabels": topLabels(filepath.Join(docs, "../stability/testdata/footage_labels.json")),
			"untimed":   untimed,
		},
	})
}
