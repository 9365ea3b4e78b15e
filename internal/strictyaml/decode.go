package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxDepth bounds the nesting of a file.
const maxDepth = 32

// maxSize bounds a file, in bytes.
const maxSize = 4 << 20

// Decode reads data into the struct that into points to. Keys that are
// missing leave their fields as they are, so that defaults are what was
// there before. The error is of type Problems; the struct then holds what
// could be read.
func Decode(file string, data []byte, into any) error {
	return decode(&decoder{file: file}, data, into)
}

func decode(d *decoder, data []byte, into any) error {
	v := pointedTo(into)
	d.root, d.lines = v.Type(), map[string]int{}
	body := d.parse(data)
	notYAML := len(d.problems) > 0
	if body != nil {
		d.value(body, v, "", 0)
	}
	if !notYAML {
		d.overlay(true)
	}
	// Only now: what a section is judged by may lie in the overlay.
	for _, judge := range d.judgements {
		judge()
	}
	if len(d.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(d.problems, func(a, b Problem) int { return a.Line - b.Line })
	return d.problems
}

type decoder struct {
	file     string
	root     reflect.Type
	problems Problems
	base     reflect.Value // of the list that is read, if it has one

	lines      map[string]int // of keys and of the items of lists, by path
	judgements []func()       // of the sections, inner ones first
	over       Overlay        // nil: none
	overlaid   bool           // it had its word before the lists
	single     bool           // one key is read, which no line holds
}

func (d *decoder) problem(line int, path, format string, args ...any) {
	line = max(line, 1)
	if d.single {
		line = 0
	}
	d.problems = append(d.problems, Problem{File: d.file, Line: line, Path: path,
		Message: oneLine(fmt.Sprintf(format, args...))})
}

func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}

// parse gives the one document's body, nil if there is none or it is no
// YAML.
func (d *decoder) parse(data []byte) (body ast.Node) {
	if len(data) > maxSize {
		d.problem(1, "", "the file has %d bytes, at most %d are read", len(data), maxSize)
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // as some editors write it
	defer func() {
		// The parser is not ours and has panicked on odd input before.
		if r := recover(); r != nil {
			d.problem(1, "", "not YAML")
			body = nil
		}
	}()
	// Duplicates are told by us, together with everything else.
	f, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		line := 1
		var syntax *yaml.SyntaxError
		if errors.As(err, &syntax) {
			if syntax.Token != nil && syntax.Token.Position != nil {
				line = syntax.Token.Position.Line
			}
			d.problem(line, "", "not YAML: %s", syntax.Message)
		} else {
			d.problem(line, "", "not YAML: %s", err)
		}
		return nil
	}
	for _, doc := range f.Docs {
		if doc.Body == nil {
			continue
		}
		if _, ok := doc.Body.(*ast.CommentGroupNode); ok {
			continue
		}
		if body != nil {
			d.problem(line(doc.Body), "", "a second document: only one is read")
			return nil
		}
		body = doc.Body
	}
	return body
}

// firstLine is the line in which a value begins.
func firstLine(n ast.Node) int {
	switch n := n.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 {
			return line(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return line(n.Key)
	}
	return line(n)
}

func line(n ast.Node) int {
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		return tk.Position.Line
	}
	return 1
}

// value reads a node into v.
func (d *decoder) value(n ast.Node, v reflect.Value, path string, depth int) {
	d.tagged(n, v, "", path, depth)
}

func (d *decoder) tagged(n ast.Node, v reflect.Value, tag reflect.StructTag, path string, depth int) {
	if depth > maxDepth {
		d.problem(line(n), path, "nested too deeply")
		return
	}
	switch n := n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode, *ast.DirectiveNode:
		d.problem(line(n), path, "anchors, aliases and tags are not read: write the value out")
		return
	case *ast.MappingValueNode: // a mapping of one key
		d.tagged(&ast.MappingNode{BaseNode: n.BaseNode, Start: n.GetToken(), Values: []*ast.MappingValueNode{n}}, v, tag, path, depth)
		return
	case *ast.NullNode:
		// A key without a value leaves the default, or is none.
		switch v.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			v.SetZero()
		case reflect.Struct: // a section whose keys are all commented out
		default:
			d.problem(line(n), path, "must be %s, got nothing", kindWords(v.Type(), tag))
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.tagged(n, v.Elem(), tag, path, depth)
	case reflect.Struct:
		m, ok := n.(*ast.MappingNode)
		if !ok {
			d.problem(line(n), path, "must be a section with keys, got %s", quoted(n))
			return
		}
		d.section(m, v, path, depth)
	case reflect.Slice:
		s, ok := n.(*ast.SequenceNode)
		if !ok {
			d.problem(line(n), path, "must be a list, as [a, b], got %s", quoted(n))
			return
		}
		out := reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values))
		for i, item := range s.Values {
			d.fillFrom(out.Index(i), tag.Get("base"))
			at := fmt.Sprintf("%s[%d]", path, i)
			d.note(at, firstLine(item))
			d.tagged(item, out.Index(i), tag, at, depth+1)
		}
		v.Set(out)
	case reflect.Map:
		m, ok := n.(*ast.MappingNode)
		if !ok {
			d.problem(line(n), path, "must be a section with keys, got %s", quoted(n))
			return
		}
		out := reflect.MakeMap(v.Type())
		d.entries(m, path, func(key, at string, item ast.Node) {
			x := reflect.New(v.Type().Elem()).Elem()
			d.tagged(item, x, tag, at, depth+1)
			out.SetMapIndex(reflect.ValueOf(key), x)
		})
		v.Set(out)
	default:
		d.scalar(n, v, tag, path)
	}
}

// entries calls f for each key of a mapping; a key that is there twice is a
// problem.
func (d *decoder) entries(m *ast.MappingNode, path string, f func(key, path string, n ast.Node)) {
	seen := map[string]int{}
	for _, kv := range m.Values {
		if _, ok := kv.Key.(*ast.MergeKeyNode); ok {
			d.problem(line(kv.Key), path, "merge keys are not read: write the values out")
			continue
		}
		tk := kv.Key.GetToken()
		if tk == nil {
			d.problem(line(m), path, "a key must be a text")
			continue
		}
		key := tk.Value
		at := key
		if path != "" {
			at = path + "." + key
		}
		if first, ok := seen[key]; ok {
			d.problem(line(kv.Key), at, "is there already, in line %d", first)
			continue
		}
		seen[key] = line(kv.Key)
		d.note(at, line(kv.Key))
		f(key, at, kv.Value)
	}
}

// section reads a mapping into a struct.
func (d *decoder) section(m *ast.MappingNode, v reflect.Value, path string, depth int) {
	fields := fieldsOf(v.Type())
	given := map[string]bool{}
	// Lists whose items begin as a copy of another key wait for that.
	var based []func()
	d.entries(m, path, func(key, at string, n ast.Node) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == key })
		if i < 0 {
			d.problem(keyLine(m, key), at, "%s", d.unknownKey(key, v.Type(), path))
			return
		}
		given[key] = true
		read := func() { d.tagged(n, v.FieldByIndex(fields[i].index), fields[i].tag, at, depth+1) }
		if fields[i].tag.Get("base") == "" {
			read()
			return
		}
		based = append(based, func() {
			j := slices.IndexFunc(fields, func(f field) bool { return f.key == fields[i].tag.Get("base") })
			if j < 0 {
				panic("BUG: strictyaml: the base of " + at + " is no key beside it")
			}
			before := d.base
			d.base = v.FieldByIndex(fields[j].index)
			read()
			d.base = before
		})
	})
	if path == "" {
		d.overlay(false)
	}
	for _, read := range based {
		read()
	}
	if d.single {
		return
	}
	start := firstLine(m)
	for _, f := range fields {
		if !given[f.key] && f.tag.Get("required") != "" {
			d.problem(start, join(path, f.key), "is missing")
		}
	}
	d.judgements = append(d.judgements, func() { d.judge(v, path, start) })
}

// overlay lets the overlay have its word, once before the lists that begin as
// copies and once at the end.
func (d *decoder) overlay(listsRead bool) {
	if d.over == nil {
		return
	}
	if !d.overlaid {
		d.over.Apply(false)
		d.overlaid = true
	}
	if listsRead {
		d.over.Apply(true)
	}
}

// note keeps the line of a key or an item.
func (d *decoder) note(path string, line int) {
	if d.lines != nil {
		d.lines[path] = line
	}
}

// fillFrom makes a list's item a copy of the list's base, as far as the item
// holds a struct of its type.
func (d *decoder) fillFrom(item reflect.Value, base string) {
	if base == "" || !d.base.IsValid() {
		return
	}
	for i := range item.NumField() {
		if item.Field(i).Type() == d.base.Type() {
			item.Field(i).Set(d.base)
		}
	}
}

func keyLine(m *ast.MappingNode, key string) int {
	for _, kv := range m.Values {
		if tk := kv.Key.GetToken(); tk != nil && tk.Value == key {
			return line(kv.Key)
		}
	}
	return line(m)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
