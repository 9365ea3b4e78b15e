package strictyaml

import (
	"reflect"
	"slices"
	"strings"
)

// judge asks a struct what is wrong with it as a whole. What it says of a
// key that has a problem already, or holds one, is not told: it may have
// been judged by its default.
func (d *decoder) judge(v reflect.Value, path string, start int) {
	p := v.Addr().Interface()
	if d.over != nil && d.over.Judges(p) {
		return
	}
	x, ok := p.(interface{ Validate() error })
	if !ok {
		return
	}
	err := x.Validate()
	if err == nil {
		return
	}
	known := d.problems // before this
	within := func(path string) bool {
		return slices.ContainsFunc(known, func(p Problem) bool {
			return around(path, p.Path)
		})
	}
	fields := fieldsOf(v.Type())
	for _, text := range strings.Split(err.Error(), "\n") {
		key, message, found := strings.Cut(text, ": ")
		base, _, _ := strings.Cut(key, "[")
		if !found || !slices.ContainsFunc(fields, func(f field) bool { return f.key == base }) {
			if !within(path) {
				d.problem(start, path, "%s", text)
			}
			continue
		}
		at := join(path, key)
		if within(at) || slices.ContainsFunc(known, func(p Problem) bool { return len(p.Path) > len(path) && around(p.Path, at) }) {
			continue
		}
		d.problem(d.lineOf(at, path, start), at, "%s", message)
	}
}

// around says whether what lies at path is, or lies in, what lies at outer.
func around(outer, path string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (outer == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}

// lineOf is the line of the nearest thing around at that lies within path,
// start if there is none.
func (d *decoder) lineOf(at, path string, start int) int {
	for len(at) > len(path) {
		if line, ok := d.lines[at]; ok {
			return line
		}
		at = at[:max(0, strings.LastIndexAny(at, ".["))]
	}
	return start
}
