package arch

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for dir, files := range theTree(t).packages() {
		name := files[0].ast.Name.Name
		want := "Package " + name + " "
		if name == "main" {
			want = "Command " + path.Base(dir) + " "
		}
		if !slices.ContainsFunc(files, func(f *goFile) bool {
			return strings.HasPrefix(f.ast.Doc.Text(), want)
		}) {
			t.Errorf("%s: no file's package comment begins with %q", dir, want)
		}
	}
}

func TestPackagesAreNamedAfterWhatTheyDo(t *testing.T) {
	empty := []string{"utils", "util", "common", "helpers", "helper", "models", "types", "misc", "shared", "base", "lib"}
	for _, f := range theTree(t).gos {
		if name := f.ast.Name.Name; slices.Contains(empty, name) || slices.Contains(empty, path.Base(f.dir)) {
			t.Errorf("%s: the name %q says nothing about what belongs in there", f.path, name)
		}
	}
}

// longer are files above the limit, with the reason.
var longer = map[string]string{}

func TestFilesHoldOneIdea(t *testing.T) {
	for _, f := range theTree(t).gos {
		limit := 400 // lines: beyond that there are two ideas in a file
		if f.test {
			limit = 500 // a table of cases is one idea, however long
		}
		if f.lines > limit && longer[f.path] == "" && !ast.IsGenerated(f.ast) {
			t.Errorf("%s has %d lines; more than %d hold a second idea: divide it", f.path, f.lines, limit)
		}
	}
}

func TestNothingHappensOnImport(t *testing.T) {
	for _, f := range theTree(t).gos {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s:%d: an init function acts before anybody asked; use a constructor", f.path, f.line(fn))
			}
		}
	}
}

func TestPanicsAreBrokenInvariants(t *testing.T) {
	for _, f := range theTree(t).gos {
		if f.test || helpsTests(f.dir) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "panic" && !beginsWithBug(call.Args[0]) {
				t.Errorf(`%s:%d: panic is for broken invariants and says "BUG: ..."; return an error`, f.path, f.line(n))
			}
			return true
		})
	}
}

// beginsWithBug looks for a leading "BUG: " in a string, a sum of strings or
// the first argument of a call such as fmt.Sprintf.
func beginsWithBug(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Kind == token.STRING && strings.HasPrefix(e.Value[1:], "BUG: ")
	case *ast.BinaryExpr:
		return beginsWithBug(e.X)
	case *ast.CallExpr:
		return len(e.Args) > 0 && beginsWithBug(e.Args[0])
	}
	return false
}

func TestPurePackagesTakeTimeAsAnArgument(t *testing.T) {
	clocked := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}
	for _, f := range theTree(t).gos {
		pure := f.dir == "stability" || f.dir == "scene" || f.dir == "alerts" || f.dir == "resample"
		if !pure || f.test {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && isName(sel.X, "time") && slices.Contains(clocked, sel.Sel.Name) {
				t.Errorf("%s:%d: time.%s in a pure package: take the time as an argument, so that a test decides it", f.path, f.line(n), sel.Sel.Name)
			}
			return true
		})
	}
}

func TestNothingIsSkipped(t *testing.T) {
	for _, f := range theTree(t).gos {
		if !f.test {
			continue // a contract suite may pass over what an optional interface leaves out
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if asksForShort(n) {
				return false // -short is the person's own wish; neither make nor CI gives it
			}
			if sel, ok := n.(*ast.SelectorExpr); ok && isName(sel.X, "t", "b", "f", "tb") &&
				slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
				t.Errorf("%s:%d: a test that skips hides a missing tool: fail, and say what to install", f.path, f.line(n))
			}
			return true
		})
	}
}

// asksForShort matches "if testing.Short() { … }".
func asksForShort(n ast.Node) bool {
	cond, ok := n.(*ast.IfStmt)
	if !ok {
		return false
	}
	call, ok := cond.Cond.(*ast.CallExpr)
	return ok && callee(call) == "testing.Short"
}

func TestCTypesStayInside(t *testing.T) {
	for _, f := range theTree(t).gos {
		lib, ok := native[f.dir]
		if !ok || f.test {
			continue
		}
		names := append(importedAs(f, lib), "C")
		for _, d := range f.ast.Decls {
			for _, part := range exported(d) {
				ast.Inspect(part, func(n ast.Node) bool {
					if sel, ok := n.(*ast.SelectorExpr); ok && isName(sel.X, names...) {
						t.Errorf("%s:%d: %s.%s in an exported signature: who holds it could touch memory that C has freed", f.path, f.line(n), sel.X, sel.Sel.Name)
					}
					return true
				})
			}
		}
	}
}

// importedAs returns what a file calls a library.
func importedAs(f *goFile, lib string) (names []string) {
	for i, spec := range f.ast.Imports {
		switch {
		case f.imports[i] != lib:
		case spec.Name != nil:
			names = append(names, spec.Name.Name)
		default:
			names = append(names, path.Base(lib))
		}
	}
	return names
}

// exported returns those parts of a declaration that other packages see.
func exported(d ast.Decl) (parts []ast.Node) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() {
			parts = append(parts, d.Type)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					parts = append(parts, exportedOf(s.Type)...)
				}
			case *ast.ValueSpec:
				if s.Type != nil && s.Names[0].IsExported() {
					parts = append(parts, s.Type)
				}
			}
		}
	}
	return parts
}

// exportedOf leaves a struct's hidden fields out.
func exportedOf(typ ast.Expr) (parts []ast.Node) {
	st, ok := typ.(*ast.StructType)
	if !ok {
		return []ast.Node{typ}
	}
	for _, field := range st.Fields.List {
		if len(field.Names) == 0 || slices.ContainsFunc(field.Names, (*ast.Ident).IsExported) {
			parts = append(parts, field.Type)
		}
	}
	return parts
}

func isName(e ast.Expr, names ...string) bool {
	id, ok := e.(*ast.Ident)
	return ok && slices.Contains(names, id.Name)
}
