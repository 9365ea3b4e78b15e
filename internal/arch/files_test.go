package arch

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A host of a package registry in a file would bypass the mirror that the
// reader's own client is set up with. The names are spelled in two parts so
// that this file does not hold them.
var registryHosts = [...]string{
	"pypi." + "org", "files." + "pythonhosted.org", "proxy." + "golang.org", "sum." + "golang.org",
	"deb." + "debian.org", "security." + "debian.org", "archive." + "ubuntu.com",
	"registry." + "npmjs.org", "crates" + ".io", "repo." + "maven.apache.org",
}

// A path of one machine means nothing on another.
var machinePath = regexp.MustCompile(`(?:^|[\s"'=(:])(/(?:home|root|Users|` + `work|private/tmp)/[\w.-]+)`)

func TestFilesNameNoRegistryAndNoMachine(t *testing.T) {
	madeUp := []string{"/home/me", "/home/x"} // homes that tests and examples speak of
	for _, f := range theTree(t).text {
		for _, host := range registryHosts {
			if strings.Contains(f.text, host) {
				t.Errorf("%s names the registry host %s: use the client as it is configured", f.path, host)
			}
		}
		for _, m := range machinePath.FindAllStringSubmatch(f.text, -1) {
			if !slices.Contains(madeUp, m[1]) {
				t.Errorf("%s holds the absolute path %s, which exists on one machine only", f.path, m[1])
			}
		}
	}
}

func TestRequiredFiles(t *testing.T) {
	tree := theTree(t)
	for name, mustHold := range map[string]string{
		"LICENSE":              "Apache License",
		"README.md":            "make demo",
		"CONTRIBUTING.md":      "make test",
		"CHANGELOG.md":         "## [Unreleased]",
		"docs/ARCHITECTURE.md": "frame",
		"Dockerfile":           "HEALTHCHECK",
		"Makefile":             "## ",
		".golangci.yml":        "version:",
		".ci/run":              "make test",
		"scripts/assets.tsv":   "sha256",
	} {
		data, err := os.ReadFile(filepath.Join(tree.root, filepath.FromSlash(name)))
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.Contains(string(data), mustHold) {
			t.Errorf("%s lacks %q", name, mustHold)
		}
	}
}

func TestUnreleasedChangesAreListed(t *testing.T) {
	for _, f := range theTree(t).text {
		if f.path != "CHANGELOG.md" {
			continue
		}
		_, after, _ := strings.Cut(f.text, "## [Unreleased]")
		section, _, _ := strings.Cut(after, "\n## ")
		if !strings.Contains(section, "\n- ") {
			t.Error("CHANGELOG.md: the section Unreleased lists nothing")
		}
	}
}

func TestMakeTargetsExplainThemselves(t *testing.T) {
	phony := regexp.MustCompile(`(?m)^\.PHONY: ([a-z-]+)$`)
	for _, f := range theTree(t).text {
		if f.path != "Makefile" {
			continue
		}
		for _, m := range phony.FindAllStringSubmatch(f.text, -1) {
			// What only other targets call stands on one line with its kind.
			explained := regexp.MustCompile(`(?m)^` + m[1] + `:.* ## \w`)
			if m[1] != "model" && !explained.MatchString(f.text) {
				t.Errorf("Makefile: the target %s has no ## comment, so make does not show it", m[1])
			}
		}
	}
}

// TestFetchedFilesAreChecked reads the list of what set-up fetches.
func TestFetchedFilesAreChecked(t *testing.T) {
	sum := regexp.MustCompile(`^[0-9a-f]{64}(\|[0-9a-f]{64})*$`)
	pinned := regexp.MustCompile(`^(pip:[\w.-]+==[\w.]+|deb:[\w.-]+)$`)
	lines := 0
	for _, f := range theTree(t).text {
		if f.path != "scripts/assets.tsv" {
			continue
		}
		for line := range strings.Lines(f.text) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			lines++
			col := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			switch {
			case len(col) != 6:
				t.Errorf("scripts/assets.tsv: %d columns instead of 6 in %q", len(col), line)
			case !pinned.MatchString(col[2]):
				t.Errorf("scripts/assets.tsv: the package %q is not pinned", col[2])
			case !sum.MatchString(col[5]):
				t.Errorf("scripts/assets.tsv: %s has no SHA-256", col[4])
			case path.IsAbs(col[4]) || slices.Contains(strings.Split(col[4], "/"), ".."):
				t.Errorf("scripts/assets.tsv: %s leaves the folder of fetched files", col[4])
			}
		}
	}
	if lines == 0 {
		t.Error("scripts/assets.tsv lists nothing")
	}
}
