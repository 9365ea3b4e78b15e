package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// keeps are package-level variables that do change or lock, with the reason
// why no owner can hold them.
var keeps = map[string]string{
	"cmd/flipmeter.version": "written by the linker",
	"infer/onnx.env":        "ONNX Runtime has one environment a process, which must be counted",
	"ingest/gocv.opening":   "OpenCV reads the process's environment while it opens a stream",
}

// TestPackagesKeepNoState lets a package have sentinels, embedded files and
// tables that nothing writes to. Whatever else lives as long as the process
// belongs to a value that somebody constructs, passes on and closes.
func TestPackagesKeepNoState(t *testing.T) {
	for dir, files := range theTree(t).packages() {
		if helpsTests(dir) {
			continue
		}
		for _, fault := range stateOf(dir, files) {
			t.Error(fault)
		}
	}
}

func stateOf(dir string, files []*goFile) (faults []string) {
	vars := map[string]bool{}
	for _, f := range files {
		for _, spec := range packageVars(f.ast) {
			for i, name := range spec.Names {
				if name.Name == "_" || keeps[dir+"."+name.Name] != "" || embedded(f.ast, spec) {
					continue
				}
				vars[name.Name] = true
				var value ast.Expr
				if i < len(spec.Values) {
					value = spec.Values[i]
				}
				if why := mutable(spec.Type, value); why != "" {
					faults = append(faults, fmt.Sprintf("%s:%d: package-level %s: %s; give it to a value that somebody owns", f.path, f.line(name), name.Name, why))
				}
			}
		}
	}
	for _, f := range files {
		for name, at := range writes(f.ast) {
			if vars[name] {
				faults = append(faults, fmt.Sprintf("%s:%d: package-level %s is written to, or its address taken; give it to a value that somebody owns", f.path, f.fset.Position(at).Line, name))
			}
		}
	}
	return faults
}

func TestStateIsSeen(t *testing.T) {
	for src, faults := range map[string]int{
		`var ErrX = errors.New("x")`:                               0,
		`var table = map[string]int{"a": 1}`:                       0,
		`var re, n = regexp.MustCompile("a"), 3`:                   0,
		`var _ error = (*T)(nil)`:                                  0,
		`var table = []int{1}; func f() { table := 2; table = 3 }`: 0,
		`var table = []int{1}; func f() int { return table[0] }`:   0,
		`var n int`:         1,
		`var mu sync.Mutex`: 1,
		`var cache = map[string]int{}; func f() { cache["a"] = 1 }`: 1,
		`var cache = make(map[string]int)`:                          1,
		`var n = 3; func f() { n++ }`:                               1,
		`var t = T{}; func f() { t.x.y = 1 }`:                       1,
		`var t = T{}; func f() *T { return &t }`:                    1,
		`var t = &T{}`:                                              1,
		`var log = slog.Default()`:                                  1,
		`var pool = sync.Pool{}`:                                    1,
		`var m = M{}; func f() { delete(m, 1) }`:                    1,
	} {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "p.go", "package p; "+src, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := stateOf("p", []*goFile{{path: "p.go", dir: "p", fset: fset, ast: file}}); len(got) != faults {
			t.Errorf("%s: want %d faults, got %q", src, faults, got)
		}
	}
}

func packageVars(file *ast.File) (specs []*ast.ValueSpec) {
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			for _, s := range g.Specs {
				specs = append(specs, s.(*ast.ValueSpec))
			}
		}
	}
	return specs
}

// embedded says whether a //go:embed line fills the variable.
func embedded(file *ast.File, spec *ast.ValueSpec) bool {
	has := func(c *ast.CommentGroup) bool {
		return c != nil && slices.ContainsFunc(c.List, func(l *ast.Comment) bool { return strings.HasPrefix(l.Text, "//go:embed ") })
	}
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR && len(g.Specs) == 1 && g.Specs[0] == ast.Spec(spec) && has(g.Doc) {
			return true
		}
	}
	return has(spec.Doc)
}

// once are calls whose result is a fixed value.
var once = [...]string{
	"errors.New", "fmt.Errorf", "regexp.MustCompile", "strings.NewReplacer", "template.Must",
	"sync.OnceValue", "sync.OnceValues", "sync.OnceFunc", "netip.MustParsePrefix", "binary.BigEndian",
	"reflect.TypeFor", "math.Inf", "math.NaN", "math.Log", "math.Sqrt", "math.Pow", "crc32.MakeTable", "bytes.Repeat", "strings.Repeat",
}

// mutable says why a variable of this type and value can hold state, or "".
func mutable(typ, value ast.Expr) string {
	if typ != nil {
		if sel, ok := typ.(*ast.SelectorExpr); ok && isName(sel.X, "sync", "atomic") {
			return "it exists to be changed"
		}
		if _, ok := typ.(*ast.ChanType); ok {
			return "a channel shared by everybody"
		}
	}
	switch v := value.(type) {
	case nil:
		return "without a value it exists to be changed"
	case *ast.UnaryExpr:
		if _, ok := v.X.(*ast.CompositeLit); ok && v.Op == token.AND {
			return "a pointer that whoever has it can write through"
		}
	case *ast.CompositeLit:
		return mutable(v.Type, &ast.BasicLit{})
	case *ast.CallExpr:
		switch name := callee(v); {
		case name == "", strings.HasPrefix(name, "("), slices.Contains(once[:], name):
			return "" // a function literal called at once, a conversion, a fixed value
		case name == "make" || name == "new":
			return "made empty, it exists to be changed"
		case strings.Contains(name, "."):
			return "the result of " + name + " is not known to be a fixed value (see once)"
		}
	}
	return ""
}

func callee(call *ast.CallExpr) string {
	fun := call.Fun
	if ix, ok := fun.(*ast.IndexExpr); ok {
		fun = ix.X
	}
	switch f := fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name + "." + f.Sel.Name
		}
	}
	return ""
}

// writes returns the names that a file assigns to, in whole or in part, or
// takes the address of, where they are not variables of a function.
func writes(file *ast.File) map[string]token.Pos {
	found, top := map[string]token.Pos{}, packageVars(file)
	note := func(e ast.Expr) {
		if id := rootOf(e); id != nil && !local(id, top) {
			found[id.Name] = id.Pos()
		}
	}
	for _, d := range file.Decls {
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, l := range n.Lhs {
						note(l)
					}
				}
			case *ast.IncDecStmt:
				note(n.X)
			case *ast.UnaryExpr:
				if _, indexed := n.X.(*ast.IndexExpr); n.Op == token.AND && !indexed {
					note(n.X)
				}
			case *ast.CallExpr:
				if name := callee(n); (name == "delete" || name == "clear") && len(n.Args) > 0 {
					note(n.Args[0])
				}
			}
			return true
		})
	}
	return found
}

// rootOf returns v of v, v[i], v.f, *v and their combinations.
func rootOf(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// local says whether the parser saw the name declared inside a function; top
// are the file's package-level declarations. Names of other files of the
// package are not resolved, hence not local.
func local(id *ast.Ident, top []*ast.ValueSpec) bool {
	if id.Obj == nil {
		return false
	}
	spec, ok := id.Obj.Decl.(*ast.ValueSpec)
	return !ok || !slices.Contains(top, spec)
}
