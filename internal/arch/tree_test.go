package arch

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// module is the prefix of the project's own import paths.
const module = "github.com/flipmeter/flipmeter"

// goFile is one parsed file of the module.
type goFile struct {
	path    string // slashes, from the module's root
	dir     string // its folder: "." for the root
	test    bool
	lines   int
	fset    *token.FileSet
	ast     *ast.File
	imports []string
}

func (f *goFile) line(n ast.Node) int { return f.fset.Position(n.Pos()).Line }

// textFile is one file of the tree that is text, Go files included.
type textFile struct {
	path string
	text string
}

type tree struct {
	root string // the module's folder on this machine
	gos  []*goFile
	text []textFile
}

// notOurs are folders with nothing that was written for the project; in a
// linked worktree .git is a file.
var notOurs = [...]string{".git", ".flipmeter", "bin", "out"}

// load reads the tree once for all tests.
var load = sync.OnceValues(func() (*tree, error) {
	t := &tree{root: filepath.Join("..", "..")}
	err := filepath.WalkDir(t.root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(t.root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if slices.Contains(notOurs[:], rel) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		return t.add(rel, name)
	})
	return t, err
})

func (t *tree) add(rel, name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if !bytes.ContainsRune(data, 0) {
		t.text = append(t.text, textFile{rel, string(data)})
	}
	if path.Ext(rel) != ".go" || strings.Contains(rel, "/testdata/") {
		return nil
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, rel, data, parser.ParseComments)
	if err != nil {
		return err
	}
	g := &goFile{
		path: rel, dir: path.Dir(rel), test: strings.HasSuffix(rel, "_test.go"),
		lines: bytes.Count(data, []byte{'\n'}), fset: fset, ast: file,
	}
	for _, spec := range file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		g.imports = append(g.imports, p)
	}
	t.gos = append(t.gos, g)
	return nil
}

func theTree(t *testing.T) *tree {
	t.Helper()
	tree, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.gos) < 10 {
		t.Fatalf("found %d Go files: the walk does not see the tree", len(tree.gos))
	}
	return tree
}

// packages groups the files that are not tests by folder.
func (t *tree) packages() map[string][]*goFile {
	m := map[string][]*goFile{}
	for _, f := range t.gos {
		if !f.test {
			m[f.dir] = append(m[f.dir], f)
		}
	}
	return m
}

// under says whether dir is folder or lies below it.
func under(dir, folder string) bool {
	return dir == folder || strings.HasPrefix(dir, folder+"/")
}
