package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/testscript"
)

// docsFolder is where the pages are, seen from this package's folder.
func docsFolder(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../docs")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// docBlock writes the one fenced block of a page that holds a text into a
// file: "docblock gates.md 'runs-on:' github.yml".
func docBlock(docs string) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 3 {
			ts.Fatalf("usage: docblock page text file")
		}
		page, err := os.ReadFile(filepath.Join(docs, args[0]))
		ts.Check(err)
		var found []string
		for i, part := range strings.Split("\n"+string(page), "\n```") {
			_, block, _ := strings.Cut(part, "\n") // after the language
			if i%2 == 1 && strings.Contains(block, args[1]) {
				found = append(found, block+"\n")
			}
		}
		if len(found) != 1 {
			ts.Fatalf("%d blocks of %s hold %q", len(found), args[0], args[1])
		}
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(found[0]), 0o666))
	}
}

// ciLines writes the shell lines of a workflow of GitHub or a pipeline of
// GitLab into a file, to be run as these do: each line must succeed.
func ciLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cilines file.yml file.sh")
	}
	type job struct {
		Script []string `yaml:"script"`
		Steps  []struct {
			Run   string `yaml:"run"`
			Shell string `yaml:"shell"`
		} `yaml:"steps"`
	}
	var file struct {
		Jobs map[string]job `yaml:"jobs"`
		Gate job            `yaml:"flicker"`
	}
	ts.Check(yaml.Unmarshal([]byte(ts.ReadFile(args[0])), &file))
	lines := file.Gate.Script
	for _, j := range file.Jobs {
		for _, s := range j.Steps {
			switch {
			case s.Run == "":
			case s.Shell == "bash": // with it, and only with it, a pipe fails as its parts do
				lines = append(lines, "( set -o pipefail; "+strings.TrimSpace(s.Run)+" )")
			default:
				lines = append(lines, strings.TrimSpace(s.Run))
			}
		}
	}
	if len(lines) == 0 {
		ts.Fatalf("%s holds no shell lines", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte("set -e\n"+strings.Join(lines, "\n")+"\n"), 0o666))
}

// topLabels writes the labels of EfficientNet-Lite0 on a clip as a list of
// numbers: "toplabels vtest area-crop labels.txt".
func topLabels(table string) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 3 {
			ts.Fatalf("usage: toplabels clip preprocessing file")
		}
		b, err := os.ReadFile(table)
		ts.Check(err)
		var file struct {
			Clips []struct {
				Name, Preprocessing string
				Top1                []int32
			}
		}
		ts.Check(json.Unmarshal(b, &file))
		var list strings.Builder
		for _, c := range file.Clips {
			if c.Name == args[0] && c.Preprocessing == args[1] {
				for _, label := range c.Top1 {
					fmt.Fprintln(&list, label)
				}
			}
		}
		if list.Len() == 0 {
			ts.Fatalf("there are no labels of %s with %s", args[0], args[1])
		}
		path := ts.MkAbs(args[2])
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o777))
		ts.Check(os.WriteFile(path, []byte(list.String()), 0o666))
	}
}

// untimed takes the times out of a file of JUnit XML, and white space at its
// end: "untimed junit.xml".
func untimed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: untimed file.xml")
	}
	b := regexp.MustCompile(` time="[0-9.]+"`).ReplaceAllString(ts.ReadFile(args[0]), "")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.TrimSpace(b)+"\n"), 0o666))
}
