package arch

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`!?\[[^\]\n]*\]\(([^)\s]+)(?:\s+"[^"]*")?\)|(?:src|href)="([^"]+)"`)
	heading = regexp.MustCompile(`(?m)^#{1,6}\s+(.+?)\s*#*$`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```|`[^`\n]*`")
	notSlug = regexp.MustCompile(`[^\p{L}\p{N}\s_-]`)
)

// TestLinksOfDocumentsLeadSomewhere checks the links inside the repository:
// the file must exist, and the heading in it, if one is named.
func TestLinksOfDocumentsLeadSomewhere(t *testing.T) {
	tree, pages := theTree(t), 0
	for _, f := range tree.text {
		if path.Ext(f.path) != ".md" || strings.Contains(f.path, "testdata/") {
			continue
		}
		pages++
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(f.text, ""), -1) {
			target := m[1] + m[2]
			u, err := url.Parse(target)
			if err != nil {
				t.Errorf("%s: link %q: %v", f.path, target, err)
				continue
			}
			if u.Scheme != "" {
				continue // the outside world is not ours to test
			}
			file := f.path
			if u.Path != "" {
				file = path.Join(path.Dir(f.path), u.Path)
			}
			text, err := os.ReadFile(filepath.Join(tree.root, filepath.FromSlash(file)))
			if isFolder(filepath.Join(tree.root, file)) {
				continue
			}
			if err != nil {
				t.Errorf("%s: link %q leads nowhere", f.path, target)
				continue
			}
			if u.Fragment != "" && !anchors(string(text))[u.Fragment] {
				t.Errorf("%s: link %q: %s has no such heading", f.path, target, file)
			}
		}
	}
	if pages < 3 {
		t.Errorf("found %d documents", pages)
	}
}

func isFolder(name string) bool {
	st, err := os.Stat(name)
	return err == nil && st.IsDir()
}

// anchors are the names that a page's headings get: lower case, punctuation
// dropped, spaces as hyphens.
func anchors(page string) map[string]bool {
	m := map[string]bool{}
	for _, h := range heading.FindAllStringSubmatch(page, -1) {
		s := strings.ToLower(strings.NewReplacer("`", "", "*", "").Replace(h[1]))
		m[strings.ReplaceAll(notSlug.ReplaceAllString(s, ""), " ", "-")] = true
	}
	return m
}

// TestDocumentsNameRealTargets keeps the pages in step with the Makefile.
func TestDocumentsNameRealTargets(t *testing.T) {
	tree := theTree(t)
	makefile, err := os.ReadFile(filepath.Join(tree.root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("(?m)(?:`|^\\$ )make ([a-z][a-z-]*)")
	for _, f := range tree.text {
		if path.Ext(f.path) != ".md" {
			continue
		}
		for _, m := range named.FindAllStringSubmatch(f.text, -1) {
			if !regexp.MustCompile(`(?m)^(?:[a-z-]+ )*` + m[1] + `(?: [a-z-]+)*:`).Match(makefile) {
				t.Errorf("%s speaks of make %s, which the Makefile does not have", f.path, m[1])
			}
		}
	}
}
